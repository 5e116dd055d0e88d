from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from scipy.stats import spearmanr

from modescape.studies.settings import StudySettings
from modescape.studies.steps.minima import minima
from studies.recomputed import Slow, context_of

SHAPES = ("width", "width_low", "width_high", "sharpness", "top_eigenvalue")


def curvature(depths):
    """What the step before finds, with widths in the order of the depths; only the last checkpoint has all numbers."""
    coords = {"member": [0, 1, 2], "step": [0, 2], "matrix": ["hessian", "ggn"], "eigenvalue": [0, 1]}
    along = np.stack([np.full(3, np.nan), np.argsort(np.argsort(depths)) + 1.0], axis=1)
    variables = {
        name: (["member", "step"], along * factor) for name, factor in zip(SHAPES[:4], (1, 0.5, 2, 7), strict=True)
    }
    top = np.arange(24.0).reshape(2, 3, 2, 2)
    return xr.Dataset({**variables, "top": (["matrix", "member", "step", "eigenvalue"], top)}, coords=coords)


def done(run, context, dataset=None):
    """Run the step on what curvature has given; nothing if it was left out."""
    if dataset is not None:
        run.write_arrays("results/curvature", dataset)
    outputs = [] if dataset is None else ["results/curvature"]
    run.record("steps", {"curvature": {"key": "k", "made": "m", "outputs": outputs}})
    minima.run(context)
    return run.arrays("results/minima")


@pytest.fixture
def context(copied):
    """The context of a run of three members, where curvature is of 50 training examples."""
    whole = context_of(copied)
    values = whole.settings.model_dump()
    values["curvature"]["curvature_examples"] = 50
    values["compare"]["confidence"] = 0.9
    return replace(whole, settings=StudySettings(**values))


@pytest.fixture
def slow(copied):
    """Obvious recomputations from the stored weights."""
    return Slow(copied)


def losses(slow, examples):
    """The loss of each solution, in float64."""
    labels = examples.labels.numpy()
    predicted = [slow.predict(slow.tree(member), examples.inputs) for member in range(3)]
    return [-np.log(own[range(len(labels)), labels]).mean() for own in predicted]


def test_losses_are_those_of_the_stored_weights(copied, context, slow):
    found = done(copied, context)
    train = context.sample_of(context.dataset.train, 50)
    assert len(train) == 50 < len(context.dataset.train)
    np.testing.assert_allclose(found["depth"], losses(slow, train), rtol=1e-4)
    np.testing.assert_allclose(found["test_loss"], losses(slow, slow.dataset.test), rtol=1e-4)
    np.testing.assert_allclose(found["accuracy"], [slow.accuracy(slow.tree(member)) for member in range(3)])
    assert found.attrs["num_examples"] == 50
    assert not np.allclose(found["depth"], found["test_loss"], rtol=1e-3)


def test_distances_stand_beside_those_expected_by_chance(copied, context, slow):
    found = done(copied, context)
    vectors = [slow.vector(member).numpy() for member in range(3)]
    for name in ("distance", "expected_distance", "distance_ratio"):
        assert found[name].dims == ("member", "member_other")
    for one in range(3):
        assert float(found["norm"][one]) == pytest.approx(np.linalg.norm(vectors[one]))
        for other in range(3):
            distance = np.linalg.norm(vectors[one] - vectors[other])
            expected = np.sqrt(vectors[one] @ vectors[one] + vectors[other] @ vectors[other])
            assert float(found["distance"][one, other]) == pytest.approx(distance)
            assert float(found["expected_distance"][one, other]) == pytest.approx(expected)
            assert float(found["distance_ratio"][one, other]) == pytest.approx(distance / expected)
    assert found.attrs["num_params"] == len(vectors[0])
    assert found.attrs["cosine_deviation"] == pytest.approx(1 / np.sqrt(len(vectors[0])))
    # Independent members are about as far apart as chance has it.
    assert 0.9 < float(found["distance_ratio"][0, 1]) < 1.1


def test_distances_from_the_start_are_known_where_it_was_kept(copied, context, slow):
    found = done(copied, context)["distance_from_start"]
    for member in (0, 1):
        expected = np.linalg.norm(slow.vector(member) - slow.vector(member, 0))
        assert float(found.sel(member=member)) == pytest.approx(expected)
    assert np.isnan(found.sel(member=2))


def test_shapes_are_those_of_the_solutions(copied, context, slow):
    depths = losses(slow, context.sample_of(context.dataset.train, 50))
    given = curvature(depths)
    found = done(copied, context, given)
    for name in SHAPES[:4]:
        np.testing.assert_array_equal(found[name], given[name].sel(step=2))
    # The largest of the Hessian at the last checkpoint.
    assert found["top_eigenvalue"].values.tolist() == [2.0, 6.0, 10.0]


def test_depth_and_width_are_correlated_by_rank(copied, context, slow):
    depths = losses(slow, context.sample_of(context.dataset.train, 50))
    found = done(copied, context, curvature(depths))
    assert found.attrs["spearman"] == pytest.approx(1.0)
    given = curvature(depths)
    given["width"][:, 1] = [2.0, 9.0, 2.5]
    found = done(copied, context, given)
    assert found.attrs["spearman"] == pytest.approx(spearmanr(depths, [2.0, 9.0, 2.5]).statistic)
    assert found.attrs["spearman_low"] <= found.attrs["spearman"] <= found.attrs["spearman_high"]
    assert found.attrs["confidence"] == 0.9


def test_without_curvature_the_rest_is_there(copied, context):
    copied.write_arrays("results/curvature", curvature([1.0, 2.0, 3.0]))
    found = done(copied, context)
    for name in SHAPES:
        assert np.isnan(found[name]).all()
    assert not any(name.startswith("spearman") for name in found.attrs)
    assert np.isfinite(found["depth"]).all()


def test_it_is_made_again_from_new_curvature(copied, context):
    done(copied, context, curvature([1.0, 2.0, 3.0]))
    assert minima.is_done(context)
    copied.record("steps", {"curvature": {"key": "k", "made": "anew", "outputs": ["results/curvature"]}})
    assert not minima.is_done(context)
