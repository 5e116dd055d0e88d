"""Planes measured and written down."""

import json
import math

import numpy as np
import pytest
import torch

from modescape.core.errors import ArgumentError
from modescape.core.trees import ravel, unravel
from modescape.studies.planes import View, measured_plane, ranges_around, trees_between
from modescape.weights import Flat, line_through, plane_through

FLAT = Flat(torch.zeros(3), (torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.0, 1.0, 0.0])))
LIKE = {"w": torch.zeros(2), "v": torch.zeros(1)}
RANGES = [(-1.0, 1.0), (-2.0, 2.0)]


class Counted:
    """An objective with a known loss, which sees at most one tree at a time."""

    num_examples, num_available = 5, 10

    def __init__(self, *, error=0.25, fails_after=math.inf):
        self.trees, self.error, self.fails_after = [], error, fails_after

    def each(self, weights):
        for tree in weights:
            if len(self.trees) == self.fails_after:
                raise KeyboardInterrupt
            x, y, z = ravel({name: tree[name] for name in LIKE}).tolist()
            self.trees.append({name: tensor.tolist() for name, tensor in tree.items()})
            yield {
                "loss": x + 10 * y + 100 * z**2,
                "loss/error": self.error,
                "accuracy": float(x > 0.3),
                "accuracy/error": self.error,
                "agreement/member 0": float(x > 0.2),
                "agreement/member 0/error": self.error,
                "agreement/member 4": 0.5,
                "agreement/member 4/error": 0.0,
                "margin": -x,
                "margin/error": math.nan,
            }


def plain(vector, _):
    return unravel(vector, LIKE)


def view(**changes):
    return View(FLAT, "solutions", ("along", "across"), **changes)


@pytest.mark.parametrize("grid", ["uniform", "adaptive"])
def test_alpha_is_the_first_axis_and_both_ends_are_there(grid):
    found = measured_plane(Counted(), view(), tree=plain, ranges=RANGES, grid=grid, points=17)
    assert found["loss"].dims == ("alpha", "beta")
    assert (found["alpha"].values[[0, -1]].tolist(), found["beta"].values[[0, -1]].tolist()) == ([-1, 1], [-2, 2])
    np.testing.assert_allclose(found["loss"], found["alpha"] + 10 * found["beta"], atol=1e-5)
    assert found.sizes == {"alpha": 17, "beta": 17, "reference": 2}


def test_everything_measured_has_its_name():
    found = measured_plane(Counted(), view(attrs={"seed": 3}), tree=plain, ranges=RANGES, grid="uniform", points=5)
    assert set(found.data_vars) == {
        *("loss", "loss_error", "accuracy", "accuracy_error", "agreement", "agreement_error", "margin", "measured")
    }
    assert found["agreement"].dims == ("reference", "alpha", "beta")
    assert found["reference"].values.tolist() == ["member 0", "member 4"]
    assert (found["agreement"].sel(reference="member 4") == 0.5).all()
    np.testing.assert_array_equal(found["agreement"][0], np.repeat(found["alpha"].values > 0.2, 5).reshape(5, 5))
    assert (found["loss_error"] == 0.25).all()
    assert found.attrs == {
        "kind": "solutions",
        "unit": "distance",
        "alpha_label": "along",
        "beta_label": "across",
        "num_examples": 5,
        "num_available": 10,
        "grid": "uniform",
        "num_measured": 25,
        "num_points": 25,
        "tolerance": 0.0,
        "interpolation_error": "{}",
        "seed": 3,
    }


def test_standard_errors_of_all_examples_are_not_said():
    found = measured_plane(Counted(error=0.0), view(), tree=plain, ranges=RANGES, grid="uniform", points=5)
    assert not [name for name in found.data_vars if str(name).endswith("_error")]


def test_an_adaptive_plane_says_its_error_and_fractions_stay_fractions():
    found = measured_plane(Counted(), view(), tree=plain, ranges=RANGES, points=33, tolerance=0.2)
    errors = json.loads(found.attrs["interpolation_error"])
    assert set(errors) == {"loss", "accuracy", "agreement/member 0", "agreement/member 4", "margin"}
    assert (found.attrs["num_measured"], found.attrs["tolerance"]) == (int(found["measured"].sum()), 0.2)
    assert found.attrs["num_measured"] < found.attrs["num_points"] == 33**2
    assert (found["accuracy"].min(), found["accuracy"].max()) == (0.0, 1.0)


@pytest.mark.parametrize(("num_examples", "is_refined"), [(100, False), (10000, True)])
def test_fractions_are_not_refined_below_the_noise_of_their_examples(num_examples, is_refined):
    noise = np.random.default_rng(0)

    class Noisy(Counted):
        def each(self, weights):
            for found in super().each(weights):
                yield {"loss": found["loss"], "accuracy": 0.5 + 0.012 * noise.uniform(-1, 1)}

    objective = Noisy()
    objective.num_examples = num_examples
    found = measured_plane(objective, view(), tree=plain, ranges=RANGES)
    assert (found.attrs["num_measured"] > 1000) == is_refined
    assert is_refined or json.loads(found.attrs["interpolation_error"])["accuracy"] < 0.05


def test_marks_paths_and_curves_are_measured_where_they_are_and_not_at_their_feet():
    corner, off = torch.tensor([0.5, 1.0, 0.0]), torch.tensor([0.5, 1.0, 3.0])
    drawn = view(
        marks={"model": corner, "other": off},
        paths={4: ([0, 2], [off, corner]), 1: ([1, 2, 5], [corner, corner, off])},
        curves={"linear": [corner, off, off], "bezier": [off, corner, corner]},
    )
    objective = Counted()
    found = measured_plane(objective, drawn, tree=plain, ranges=RANGES, grid="uniform", points=3)
    assert found["point"].values.tolist() == ["model", "other"]
    assert found["point_alpha"].values.tolist() == [0.5, 0.5]
    assert found["point_beta"].values.tolist() == [1.0, 1.0]
    assert found["point_residual"].values.tolist() == [0.0, 3.0]
    assert found["point_loss"].values.tolist() == [10.5, 910.5]
    assert (found["member"].values.tolist(), found["step"].values.tolist()) == ([4, 1], [0, 1, 2, 5])
    residual = [[3.0, np.nan, 0.0, np.nan], [np.nan, 0.0, 0.0, 3.0]]
    np.testing.assert_array_equal(found["path_residual"].values, residual)
    np.testing.assert_array_equal(np.isnan(found["path_loss"]), np.isnan(residual))
    assert found["curve"].values.tolist() == ["linear", "bezier"]
    assert found["place"].values.tolist() == [0.0, 0.5, 1.0]
    assert found["curve_residual"].values.tolist() == [[0, 3, 3], [3, 0, 0]]
    assert found["curve_accuracy"].values.tolist() == [[1, 1, 1]] * 2
    assert "point_agreement" not in found
    assert len(objective.trees) == 2 + 5 + 6 + 9


def test_lines_have_one_axis():
    line = line_through(torch.tensor([0.0, 0.0, 0.0]), torch.tensor([0.0, 4.0, 0.0]))
    found = measured_plane(
        Counted(),
        View(line, "line", ("along",), marks={"end": torch.tensor([0.0, 4.0, 0.0])}),
        tree=plain,
        ranges=[(0.0, 4.0)],
        points=9,
    )
    assert found["loss"].dims == ("alpha",)
    np.testing.assert_allclose(found["loss"], 10 * found["alpha"])
    assert (found["point_alpha"].item(), "point_beta" in found, "beta_label" in found.attrs) == (4.0, False, False)


def test_weights_can_bring_their_own_buffers():
    def buffered(vector, place):
        return {**plain(vector, place), "b": torch.zeros(1)}

    marks = {"a": FLAT.origin, "b": (FLAT.origin, {"b": torch.ones(1)})}
    objective = Counted()
    measured_plane(objective, view(marks=marks), tree=buffered, ranges=RANGES, grid="uniform", points=2)
    assert [tree["b"] for tree in objective.trees] == [[0.0], [1.0], [0.0], [0.0], [0.0], [0.0]]


class Memory(dict):
    def known(self, point):
        return self.get(point)

    def keep(self, point, values):
        self[point] = values


@pytest.mark.parametrize("fails_after", [1, 2, 30])
def test_a_killed_plane_goes_on_with_what_is_drawn_in_too(fails_after):
    drawn = view(marks={"a": torch.tensor([0.5, 1.0, 1.0]), "b": torch.tensor([0.5, 1.0, 0.0])})
    whole_objective, memory, rest = Counted(), Memory(), Counted()
    whole = measured_plane(whole_objective, drawn, tree=plain, ranges=RANGES, points=17)
    killed = Counted(fails_after=fails_after)
    with pytest.raises(KeyboardInterrupt):
        measured_plane(killed, drawn, tree=plain, ranges=RANGES, points=17, kept=memory)
    assert measured_plane(rest, drawn, tree=plain, ranges=RANGES, points=17, kept=memory).identical(whole)
    assert len(rest.trees) == len(whole_objective.trees) - fails_after


def test_points_are_made_one_by_one(monkeypatch):
    made = []
    point = Flat.point
    monkeypatch.setattr(Flat, "point", lambda *args: made.append(0) or point(*args))

    class Careful(Counted):
        def each(self, weights):
            for found in super().each(weights):
                assert len(made) <= len(self.trees)
                yield found

    measured_plane(Careful(), view(), tree=plain, ranges=RANGES, grid="uniform", points=6)
    assert len(made) == 36


# Ranges


def test_ranges_hold_all_weights_and_a_margin():
    first, second, third = torch.tensor([0.0, 0.0]), torch.tensor([4.0, 0.0]), torch.tensor([1.0, 3.0])
    plane = plane_through(first, second, third)
    assert ranges_around(plane, [first, second, third], 0.5) == [(-2.0, 6.0), (-1.5, 4.5)]
    assert ranges_around(plane, [first, (second, {})], 0.0) == [(0.0, 4.0), (-2.0, 2.0)]


def test_refuses_ranges_around_nothing():
    plane = plane_through(torch.zeros(2), torch.tensor([4.0, 0.0]), torch.tensor([1.0, 3.0]))
    for weights in ([], [torch.ones(2)], [torch.ones(2), torch.ones(2)]):
        with pytest.raises(
            ArgumentError, match=r"`weights` must lie at two different places of the plane; got \d at one"
        ):
            ranges_around(plane, weights, 0.25)
    with pytest.raises(ArgumentError, match="`margin` must be at least 0; got -1"):
        ranges_around(plane, [torch.zeros(2), torch.ones(2)], -1)


# Buffers


CORNERS = [((0.0, 0.0), 1.0), ((4.0, 0.0), 2.0), ((1.0, 2.0), 4.0)]


def mixed(place, corners=CORNERS):
    given = [(at, {"mean": torch.tensor([value]), "count": torch.tensor(int(value))}) for at, value in corners]
    tree = trees_between(LIKE, given)(torch.arange(3.0), place)
    assert (tree["w"].tolist(), tree["v"].tolist()) == ([0.0, 1.0], [2.0])
    return tree["mean"].item(), tree["count"].item()


def test_buffers_are_those_of_the_corner_or_between_them():
    for at, value in CORNERS:
        assert mixed(at) == (value, value)
    assert mixed((2.0, 0.0))[0] == 1.5
    assert mixed((2.5, 1.0)) == (3.0, 2)
    middle = tuple(np.mean([at for at, _ in CORNERS], axis=0).tolist())
    assert mixed(middle)[0] == pytest.approx(7 / 3)


def test_buffers_are_never_extrapolated():
    assert mixed((-5.0, -5.0))[0] == 1.0
    for place in np.random.default_rng(0).uniform(-9, 9, size=(50, 2)):
        assert 1.0 <= mixed(tuple(place))[0] <= 4.0


def test_buffers_on_a_line_and_around_one_solution():
    line = [((0.0,), 1.0), ((2.0,), 3.0)]
    assert [mixed((place,), line)[0] for place in (-1.0, 0.0, 0.5, 2.0, 9.0)] == [1.0, 1.0, 1.5, 3.0, 3.0]
    assert mixed((0.7, -0.2), [((0.0, 0.0), 5.0)]) == (5.0, 5)


# Bad input


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"grid": "random"}, "`grid` must be one of adaptive, uniform; got 'random'"),
        ({"points": 1}, "`points` must be at least 2; got 1. Pass 33"),
        ({"points": 20}, r"`points` must be 2\*\*k \+ 1 in an adaptive grid.*Pass 17 or 33"),
        ({"tolerance": -1.0}, "`tolerance` must lie between 0 and 1"),
        ({"ranges": [(0.0, 0.0)] * 2}, "`ranges` must have at least two finite places"),
    ],
)
def test_refuses_what_is_no_grid(changes, message):
    with pytest.raises(ArgumentError, match=message):
        measured_plane(Counted(), view(), **{"tree": plain, "ranges": RANGES, **changes})


def test_refuses_curves_of_different_lengths():
    curves = {"linear": [torch.zeros(3)], "bezier": [torch.zeros(3)] * 2}
    with pytest.raises(ArgumentError, match=r"`curves` must have equally many points; got \[1, 2\]"):
        measured_plane(Counted(), view(curves=curves), tree=plain, ranges=RANGES)
