"""Uniform and adaptive grids, on functions that are known."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modescape.core.errors import ArgumentError
from modescape.landscapes import adaptive_surface, uniform_surface

SQUARE = [(-1.0, 1.0), (-1.0, 1.0)]
AXES = [np.linspace(-1.0, 2.0, 4), np.linspace(0.0, 1.0, 3)]


class Measured:
    """A function to evaluate, and the points it was evaluated at."""

    def __init__(self, function, *, fails_after=math.inf):
        self.function, self.fails_after, self.points = function, fails_after, []

    def __call__(self, points):
        for point in points:
            if len(self.points) == self.fails_after:
                raise KeyboardInterrupt
            self.points.append(point)
            values = self.function(*point)
            yield dict(values) if isinstance(values, dict) else {"loss": float(values)}


class Memory(dict):
    """Kept points, in memory."""

    def known(self, point):
        return self.get(point)

    def keep(self, point, values):
        self[point] = values


def truth(function, surface):
    places = np.meshgrid(*surface.coordinates, indexing="ij")
    return np.vectorize(function, otypes=[float])(*places)


def shares(function, surface, name="loss"):
    """Return the true and the stated largest error as shares of the range."""
    values = truth(function, surface)
    return np.abs(surface.values[name] - values).max() / np.ptp(values), surface.errors[name] / np.ptp(values)


# Uniform


def test_range_is_covered_with_both_ends_and_the_first_axis_is_alpha():
    measured = Measured(lambda x, y: x + 100 * y)
    surface = uniform_surface(measured, AXES)
    np.testing.assert_array_equal(surface.values["loss"], AXES[0][:, None] + 100 * AXES[1][None, :])
    assert (surface.coordinates[0][0], surface.coordinates[0][-1]) == (-1.0, 2.0)
    assert sorted(measured.points) == sorted((x, y) for x in AXES[0] for y in AXES[1])
    assert len(measured.points) == len(set(measured.points)) == surface.num_measured == 12
    assert surface.measured.all()


@pytest.mark.parametrize("grid", ["uniform", "adaptive"])
def test_alternate_rows_are_not_shifted(grid):
    def tilted(x, y):
        return 3 * x - y

    if grid == "uniform":
        surface = uniform_surface(Measured(tilted), [np.linspace(-1, 1, 9)] * 2)
    else:
        surface = adaptive_surface(Measured(tilted), SQUARE, num=17, coarse=5)
    values = surface.values["loss"]
    for row, alpha in zip(values, surface.coordinates[0], strict=True):
        np.testing.assert_allclose(row, [tilted(alpha, beta) for beta in surface.coordinates[1]], atol=1e-12)
    steps = np.diff(values, axis=0)
    np.testing.assert_allclose(steps, steps[0, 0], atol=1e-12)


@pytest.mark.parametrize("ranges", [[(-1.0, 1.5)], [(-1.0, 1.5), (0.1, 0.7)]])
def test_first_and_last_end_points_are_evaluated(ranges):
    measured = Measured(lambda *point: sum(point))
    surface = adaptive_surface(measured, ranges, num=17)
    corners = set(np.array(np.meshgrid(*ranges)).T.reshape(-1, len(ranges)).flatten().tolist())
    assert measured.points[0] == tuple(low for low, _ in ranges)
    assert tuple(high for _, high in ranges) in measured.points
    assert {end for axis in surface.coordinates for end in (axis[0], axis[-1])} == corners


def test_points_are_made_one_by_one_and_not_held():
    alive = []

    def lazily(points):
        iterator = iter(points)
        for point in iterator:
            assert not alive
            alive.append(point)
            yield {"loss": 1.0}
            alive.remove(point)

    assert uniform_surface(lazily, AXES).num_measured == 12


def test_no_point_depends_on_the_one_before():
    def bumpy(x, y):
        return math.sin(5 * x) * y

    whole = uniform_surface(Measured(bumpy), AXES)
    backwards = uniform_surface(Measured(lambda x, y: bumpy(-x, y)), [-AXES[0][::-1], AXES[1]])
    np.testing.assert_array_equal(whole.values["loss"], backwards.values["loss"][::-1])
    part = uniform_surface(Measured(bumpy), [AXES[0][1:3], AXES[1]])
    np.testing.assert_array_equal(whole.values["loss"][1:3], part.values["loss"])


# Adaptive: errors


SMOOTH = {
    "quadratic": lambda x, y: 1 + 3 * x * x + y * y + x * y,
    "quartic": lambda x, y: 1 + (x * x + y * y) ** 2,
    "two wells": lambda x, y: 2 - math.exp(-6 * ((x - 0.4) ** 2 + y * y)) - math.exp(-6 * ((x + 0.4) ** 2 + y * y)),
    "wall": lambda x, y: math.tanh(8 * (x + 0.4 * y * y - 0.2)),
}
ROUGH = {
    "kink": lambda x, y: abs(x - 0.13) + 0.3 * abs(y + 0.31),
    "cone": lambda x, y: math.hypot(x - 0.13, y + 0.31),
    "step": lambda x, y: float(x + 0.3 * y > 0.07),
    "valley": lambda x, _: 1 - math.exp(-(((x - 0.52) / 0.05) ** 2)),
    "ridge": lambda x, y: math.exp(-(((x + y - 0.3) / 0.06) ** 2)),
}


@pytest.mark.parametrize("name", [*SMOOTH, *ROUGH])
@pytest.mark.parametrize("tolerance", [0.01, 0.05])
def test_true_error_is_near_the_stated_one_and_the_tolerance(name, tolerance):
    function = {**SMOOTH, **ROUGH}[name]
    surface = adaptive_surface(Measured(function), SQUARE, num=65, tolerance=tolerance, log=())
    true, stated = shares(function, surface)
    assert stated <= tolerance * 1.001
    assert true <= 1.6 * tolerance
    assert true <= 2.0 * stated + 1e-6
    measured = truth(function, surface)[surface.measured]
    np.testing.assert_array_equal(surface.values["loss"][surface.measured], measured)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6))
def test_true_error_of_random_networks_is_near_the_tolerance(seed):
    source = np.random.default_rng(seed)
    into, shift, out = source.normal(size=(2, 20)) * 2, source.normal(size=20), source.normal(size=20) / 6

    def network(x, y):
        return float(np.log1p(np.exp(np.tanh([x, y] @ into + shift) @ out)))

    surface = adaptive_surface(Measured(network), SQUARE, num=33, tolerance=0.02, log=())
    true, stated = shares(network, surface)
    assert stated <= 0.02
    assert true <= 0.04


@pytest.mark.parametrize(("name", "share"), [("quadratic", 0.05), ("quartic", 0.1), ("two wells", 0.15), ("wall", 0.3)])
def test_far_fewer_points_than_a_uniform_grid_of_equal_error(name, share):
    function = SMOOTH[name]
    surface = adaptive_surface(Measured(function), SQUARE, num=65, tolerance=0.02, log=())
    true, _ = shares(function, surface)
    whole = truth(function, surface)
    for num in range(3, 66):
        axis = np.linspace(-1, 1, num)
        coarse = np.array([[function(x, y) for y in axis] for x in axis])
        rows = np.array([np.interp(surface.coordinates[0], axis, column) for column in coarse.T]).T
        between = np.array([np.interp(surface.coordinates[1], axis, row) for row in rows])
        if np.abs(between - whole).max() <= max(true, 1e-3) * np.ptp(whole):
            break
    assert surface.num_measured <= share * 65**2
    assert surface.num_measured < 0.5 * num**2


def test_a_narrow_valley_away_from_the_coarse_points_is_not_missed_where_it_shows_at_all():
    # Coarse points lie 0.25 apart; between them, at 0.375, the valley is 0.06 wide, and 6 parts in 100 deep at them.
    def valley(x, _):
        return 1 - math.exp(-(((x - 0.375) / 0.075) ** 2))

    surface = adaptive_surface(Measured(valley), SQUARE, num=33, tolerance=0.02, log=())
    assert surface.values["loss"].min() < 0.01
    assert shares(valley, surface)[0] <= 0.03


def test_a_valley_that_one_midpoint_meets_is_followed_to_its_ends():
    def crooked(x, y):
        return 1 - math.exp(-(((y - 0.12 - 0.4 * x * x) / 0.03) ** 2))

    surface = adaptive_surface(Measured(crooked), SQUARE, num=65, tolerance=0.05, log=())
    assert shares(crooked, surface)[0] <= 0.06
    assert surface.num_measured < 0.5 * 65**2


def test_a_step_is_followed_and_nothing_else():
    surface = adaptive_surface(Measured(ROUGH["step"]), SQUARE, num=65, tolerance=0.05)
    values = truth(ROUGH["step"], surface)
    np.testing.assert_allclose(surface.values["loss"], values, atol=0.05)
    far = np.abs(surface.coordinates[0][:, None] + 0.3 * surface.coordinates[1][None, :] - 0.07) > 0.6
    assert surface.measured[far].mean() < 0.1
    assert surface.measured[~far].mean() > 2 * surface.measured[far].mean()


def test_lines():
    def curve(x):
        return abs(x - 0.2) + math.exp(-100 * (x + 0.5) ** 2)

    surface = adaptive_surface(Measured(curve), [(-1.0, 1.0)], num=129, tolerance=0.02)
    assert shares(curve, surface)[0] <= 0.03
    assert surface.num_measured < 60


def test_constants_and_rounding_are_not_refined():
    noise = np.random.default_rng(0)
    for function in (lambda *_: 0.7, lambda *_: 0.0, lambda *_: 2.0 + 1e-7 * noise.normal()):
        assert adaptive_surface(Measured(function), SQUARE).num_measured == 113


def test_a_small_lattice_is_measured_as_a_whole():
    surface = adaptive_surface(Measured(ROUGH["cone"]), SQUARE, num=5)
    assert surface.measured.all()
    assert surface.errors == {"loss": 0.0}


# Adaptive: scales and names


def steep(x, y):
    return math.exp(6 * (x * x + y * y))


def test_logarithm_is_used_where_the_loss_asks_for_it():
    surface = adaptive_surface(Measured(steep), SQUARE, num=33, tolerance=0.02)
    values = truth(steep, surface)
    assert surface.logarithmic == ("loss",)
    ratio = np.log(surface.values["loss"] / values)
    assert np.abs(ratio).max() <= 0.02 * np.log(values.max() / values.min())
    assert surface.num_measured == 113
    assert np.abs(surface.values["loss"] - values).max() <= 2 * surface.errors["loss"] + 1e-6
    linear = adaptive_surface(Measured(steep), SQUARE, num=33, tolerance=0.02, log=())
    assert linear.logarithmic == ()
    assert linear.num_measured > 113


@pytest.mark.parametrize("function", [lambda x, _: 1 + 18 * x * x, lambda x, y: steep(x, y) - 1.0])
def test_logarithm_is_not_used_for_small_ratios_or_values_that_are_not_positive(function):
    assert adaptive_surface(Measured(function), SQUARE).logarithmic == ()


def test_each_name_reaches_the_tolerance_but_standard_errors_only_follow():
    def several(x, y):
        return {"loss": 1 + x, "accuracy": ROUGH["step"](x, y), "loss/error": abs(math.sin(40 * x))}

    surface = adaptive_surface(Measured(several), SQUARE, num=33, tolerance=0.1)
    assert set(surface.errors) == {"loss", "accuracy"}
    np.testing.assert_allclose(surface.values["accuracy"], truth(ROUGH["step"], surface), atol=0.1)
    np.testing.assert_allclose(surface.values["loss"], truth(lambda x, _: 1 + x, surface), atol=1e-9)
    seen = surface.values["loss/error"][surface.measured]
    assert seen.min() <= surface.values["loss/error"].min()
    assert surface.values["loss/error"].max() <= seen.max()
    alone = adaptive_surface(Measured(several), SQUARE, num=33, tolerance=0.1, refine=["loss"])
    assert (alone.num_measured, set(alone.errors)) == (113, {"loss"})


def test_nothing_is_refined_below_the_least_difference():
    noise = np.random.default_rng(0)

    def several(x, y):
        return {"loss": x + y, "accuracy": 0.5 + 0.01 * noise.uniform(-1, 1)}

    surface = adaptive_surface(Measured(several), SQUARE, num=33, least=lambda name: {"accuracy": 0.1}.get(name, 0.0))
    assert surface.num_measured == 113
    assert 0.005 < surface.errors["accuracy"] < 0.1
    assert adaptive_surface(Measured(several), SQUARE, num=33).num_measured > 1000


# Adaptive: what is no number


def test_nan_is_not_replaced_by_a_mean():
    def broken(x, y):
        return math.nan if x > 0.4 + 0.2 * y else 1 + x * x

    surface = adaptive_surface(Measured(broken), SQUARE, num=33)
    np.testing.assert_array_equal(np.isnan(surface.values["loss"]), np.isnan(truth(broken, surface)))
    assert surface.num_measured < 0.6 * 33**2
    assert math.isfinite(surface.errors["loss"])


def test_an_infinite_loss_stays_infinite():
    def broken(x, y):
        return math.inf if x * x + y * y > 0.8 else steep(x, y)

    surface = adaptive_surface(Measured(broken), SQUARE, num=33)
    np.testing.assert_array_equal(np.isfinite(surface.values["loss"]), np.isfinite(truth(broken, surface)))


def test_one_nan_at_a_coarse_point_is_found_and_kept():
    def broken(x, y):
        return math.nan if (x, y) == (0.25, 0.5) else x + y

    surface = adaptive_surface(Measured(broken), SQUARE, num=33)
    assert np.argwhere(np.isnan(surface.values["loss"])).tolist() == [[20, 24]]
    assert surface.num_measured < 200


def test_nan_everywhere_ends_at_once():
    surface = adaptive_surface(Measured(lambda *_: math.nan), SQUARE, num=33)
    assert np.isnan(surface.values["loss"]).all()
    assert (surface.num_measured, surface.errors) == (113, {"loss": 0.0})


# Killed and continued


@pytest.mark.parametrize("grid", ["uniform", "adaptive"])
@pytest.mark.parametrize("fails_after", [0, 1, 50, 115, 160])
def test_a_killed_grid_goes_on_and_the_surface_is_the_same_to_the_bit(grid, fails_after):
    def work(measured, kept):
        if grid == "adaptive":
            return adaptive_surface(measured, SQUARE, num=33, kept=kept)
        return uniform_surface(measured, [np.linspace(-1, 1, 15)] * 2, kept=kept)

    function = SMOOTH["two wells"]
    whole, memory = work(Measured(function), None), Memory()
    first = Measured(function, fails_after=fails_after)
    with pytest.raises(KeyboardInterrupt):
        work(first, memory)
    second = Measured(function)
    surface = work(second, memory)
    np.testing.assert_array_equal(surface.values["loss"], whole.values["loss"])
    np.testing.assert_array_equal(surface.measured, whole.measured)
    assert surface.errors == whole.errors
    assert len(first.points) == fails_after
    assert not set(first.points) & set(second.points)
    assert len(first.points) + len(second.points) == whole.num_measured
    third = Measured(function)
    assert work(third, memory).num_measured == whole.num_measured
    assert third.points == []


def test_points_do_not_depend_on_what_was_kept_before():
    function, memory = ROUGH["cone"], Memory()
    uniform_surface(Measured(function), [np.linspace(-1, 1, 33)] * 2, kept=memory)
    alone = adaptive_surface(Measured(function), SQUARE, num=33)
    again = Measured(function)
    with_all = adaptive_surface(again, SQUARE, num=33, kept=memory)
    assert again.points == []
    np.testing.assert_array_equal(alone.values["loss"], with_all.values["loss"])
    np.testing.assert_array_equal(alone.measured, with_all.measured)


class Bar:
    """Follows what progress is told."""

    def __init__(self):
        self.done = self.total = 0
        self.totals, self.ended = [], 0

    def start(self, task, total):
        assert task == "plane"
        assert total > self.total
        self.done, self.total = 0, total
        self.totals.append(total)

    def advance(self, task, amount=1, note=""):
        assert task == "plane"
        self.done += amount
        assert self.done <= self.total
        if self.done == self.total:
            self.ended += 1
            assert note == f"{self.total} of 1089 points"


@pytest.mark.parametrize("num_known", [0, 40, 113, 2000])
def test_progress_grows_and_ends_once(num_known):
    memory, bar = Memory(), Bar()
    adaptive_surface(Measured(ROUGH["step"]), SQUARE, kept=memory)
    known = Memory(list(memory.items())[:num_known])
    surface = adaptive_surface(Measured(ROUGH["step"]), SQUARE, kept=known, progress=bar, task="plane")
    assert bar.totals[0] == 113
    assert bar.totals[-1] == bar.done == surface.num_measured
    assert bar.ended == 1


# Bad input


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num": 1}, r"`points` must be at least 3; got 1\. Pass 33"),
        (
            {"num": 40},
            r"`points` must be 2\*\*k \+ 1 in an adaptive grid.*; got 40\. Pass 33 or 65, or ask for a uniform",
        ),
        ({"coarse": 8}, r"`coarse` must be 2\*\*k \+ 1 .*; got 8\. Pass 5 or 9"),
        ({"tolerance": 0.0}, r"`tolerance` must lie between 0 and 1, .*; got 0\.0\. Pass 0\.02"),
        ({"tolerance": math.nan}, r"`tolerance` must lie between 0 and 1, .*; got nan"),
        ({"ranges": []}, "`ranges` must be of one or two axes; got 0"),
        ({"ranges": SQUARE * 2}, "`ranges` must be of one or two axes; got 4"),
        ({"ranges": [(1.0, 1.0)]}, "`ranges` must have at least two finite places .* from the lower end to the higher"),
        ({"ranges": [(1.0, -1.0)]}, "`ranges` must have .* from the lower end to the higher; got .*1\\."),
        ({"ranges": [(0.0, math.inf)]}, "`ranges` must have at least two finite places"),
        ({"refine": ["lost"]}, r"`refine` must be made of what is measured \(loss\); got 'lost'"),
    ],
)
def test_refuses_what_is_no_grid(changes, message):
    with pytest.raises(ArgumentError, match=message):
        adaptive_surface(Measured(SMOOTH["quadratic"]), **{"ranges": SQUARE, **changes})


@pytest.mark.parametrize(("axes", "message"), [([], "one or two axes"), ([np.array([1.0])], "at least two finite")])
def test_refuses_what_is_no_uniform_grid(axes, message):
    with pytest.raises(ArgumentError, match=f"`coordinates` must .*{message}"):
        uniform_surface(Measured(SMOOTH["quadratic"]), axes)
