import math

import numpy as np
import pytest
import torch

from modescape.studies import study

FIELDS = ("loss", "accuracy", "agreement_first", "agreement_second")


def test_the_results_are_named(whole):
    found = whole.arrays("results/radial")
    for name in FIELDS:
        assert found[name].dims == ("pair", "radius", "angle")
    for name in ("radius_first", "radius_second", "angle_second", "largest_radius"):
        assert found[name].dims == ("pair",)
    assert found["pair"].values.tolist() == ["0-1", "2-1"]
    assert found["radius"].values.tolist() == pytest.approx([1 / 3, 2 / 3, 1])
    assert found["angle"].values.tolist() == pytest.approx([math.pi * k / 4 for k in range(-4, 4)])
    assert found.attrs == {"num_examples": 60, "batch_norm": "none"}


def test_the_plane_is_that_of_the_two_solutions(whole, slow):
    found = whole.arrays("results/radial")
    for pair, (one, other) in {"0-1": (0, 1), "2-1": (2, 1)}.items():
        first, second = slow.vector(one), slow.vector(other)
        here = found.sel(pair=pair)
        assert float(here["radius_first"]) == pytest.approx(float(first.norm()), rel=1e-6)
        assert float(here["radius_second"]) == pytest.approx(float(second.norm()), rel=1e-6)
        angle = math.acos(float(first @ second / first.norm() / second.norm()))
        assert float(here["angle_second"]) == pytest.approx(angle, rel=1e-5)
        assert float(here["largest_radius"]) == pytest.approx(1.5 * max(float(first.norm()), float(second.norm())))


def test_a_point_is_what_its_weights_predict(whole, slow):
    here = whole.arrays("results/radial").sel(pair="2-1")
    first, second = slow.vector(2), slow.vector(1)
    across = second - (second @ first) / (first @ first) * first
    radius, angle = float(here["largest_radius"]) * 2 / 3, math.pi / 4
    vector = radius * (math.cos(angle) * first / first.norm() + math.sin(angle) * across / across.norm())
    examples = slow.context.sample_of(slow.dataset.test, 60)
    predicted = slow.predict(vector, examples.inputs)
    labels, chosen = examples.labels.numpy(), predicted.argmax(axis=1)
    point = here.isel(radius=1, angle=5)
    assert float(point["loss"]) == pytest.approx(-np.log(predicted[range(60), labels]).mean(), rel=1e-4)
    assert float(point["accuracy"]) == pytest.approx(np.mean(chosen == labels))
    for name, own in (("first", first), ("second", second)):
        agreement = np.mean(chosen == slow.decide(own, examples.inputs))
        assert float(point[f"agreement_{name}"]) == pytest.approx(agreement)


def test_the_optimum_itself_is_on_the_grid_where_it_is_a_point_of_it(whole_copied, slow):
    farthest = max(range(2), key=lambda member: slow.vector(member).norm())
    pair = "0-1" if farthest == 0 else "1-0"
    study(resume=True, output=whole_copied.path, only="radial", pairs=pair, radii=3, angles=5)
    examples = slow.context.sample_of(slow.dataset.test, 60)
    point = whole_copied.arrays("results/radial").isel(pair=0, radius=1).sel(angle=0.0)
    predicted = slow.predict(slow.tree(farthest), examples.inputs)
    labels = examples.labels.numpy()
    assert float(point["accuracy"]) == pytest.approx(np.mean(predicted.argmax(axis=1) == labels))
    assert float(point["loss"]) == pytest.approx(-np.log(predicted[range(60), labels]).mean(), rel=1e-5)
    assert float(point["agreement_first"]) == 1.0


def test_the_examples_are_a_sample_without_repetition(slow):
    examples = slow.context.sample_of(slow.dataset.test, 60)
    assert len(torch.unique(examples.inputs.flatten(1), dim=0)) == 60
