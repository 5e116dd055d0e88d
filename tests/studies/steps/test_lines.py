import numpy as np
import pytest
import torch

from modescape.core.seeds import Stream, derived_seed, torch_generator
from modescape.studies import study
from modescape.weights import filter_normalised
from studies.recomputed import Slow
from studies.samples import forget


@pytest.fixture(scope="module")
def slow(mapped):
    return Slow(mapped)


def test_the_results_are_named(mapped):
    found = mapped.arrays("results/lines")
    for name in ("loss", "accuracy", "loss_error", "accuracy_error"):
        assert found[name].dims == ("member", "direction", "alpha")
        assert np.isfinite(found[name]).all()
    assert found["member"].values.tolist() == [0, 1, 2]
    assert found["direction"].values.tolist() == [0, 1]
    assert found["alpha"].values.tolist() == pytest.approx([-0.8, -0.4, 0.0, 0.4, 0.8])
    expected = {"unit": "filter norms", "num_examples": 60, "num_available": 150, "batch_norm": "none", "seed": 5}
    assert found.attrs == expected


def test_a_point_is_what_its_weights_predict(mapped, slow):
    found = mapped.arrays("results/lines")
    examples = slow.context.sample_of(slow.dataset.test, 60)
    labels = examples.labels.numpy()
    for member, direction in ((0, 0), (2, 1)):
        tree = slow.tree(member)
        generator = torch_generator(derived_seed(5, Stream.DIRECTION, member, direction))
        step = filter_normalised({name: tree[name] for name, _ in slow.network.named_parameters()}, generator=generator)
        for alpha in (-0.8, 0.0, 0.4):
            vector = torch.cat([(tree[name].double() + alpha * step[name].double()).ravel() for name in step])
            predicted = slow.predict(vector, examples.inputs)
            losses, right = -np.log(predicted[range(60), labels]), predicted.argmax(axis=1) == labels
            point = found.sel(member=member, direction=direction).sel(alpha=alpha, method="nearest")
            assert float(point["loss"]) == pytest.approx(losses.mean(), rel=1e-4)
            assert float(point["accuracy"]) == pytest.approx(right.mean())
            left = np.sqrt((1 - 60 / 150) / 60)
            assert float(point["loss_error"]) == pytest.approx(losses.std(ddof=1) * left, rel=1e-3)
            assert float(point["accuracy_error"]) == pytest.approx(right.std(ddof=1) * left)


def test_lines_differ_between_directions_and_members(mapped):
    loss = mapped.arrays("results/lines")["loss"].sel(alpha=0.8).values
    assert len(np.unique(loss)) == loss.size


def test_more_lines_leave_those_that_were_there(mapped, mapped_copied):
    study(resume=True, output=mapped_copied.path, only="lines", line_directions=3, line_points=3)
    more, before = mapped_copied.arrays("results/lines"), mapped.arrays("results/lines")
    for name in ("loss", "accuracy"):
        common = {"direction": [0, 1], "alpha": [-0.8, 0.0, 0.8]}
        np.testing.assert_array_equal(more[name].sel(direction=[0, 1]), before[name].sel(common))


def test_errors_are_zero_where_all_examples_are_used(mapped_copied):
    study(resume=True, output=mapped_copied.path, only="lines", landscape_examples=150, line_directions=1)
    found = mapped_copied.arrays("results/lines")
    assert found.attrs["num_examples"] == found.attrs["num_available"] == 150
    assert (found["loss_error"] == 0).all()


def test_a_member_that_diverged_has_no_lines(mapped_copied):
    mapped_copied.record("members", {"1": {"status": "diverged"}})
    forget(mapped_copied, "lines")
    study(resume=True, output=mapped_copied.path, only="lines")
    assert mapped_copied.arrays("results/lines")["member"].values.tolist() == [0, 2]
