import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modescape.core.errors import ArgumentError
from modescape.report import Drawing, Place, Surface, Table, Trail
from modescape.report.drawables.surface import round_step

X, Y = np.array([0.0, 1.0, 4.0]), np.array([-1.0, 1.0])
VALUES = np.array([[1.0, 3.0], [10.0, 100.0], [5.0, 1000.0]])


def surface(values=VALUES, ends=(1.0, 1000.0), **given):
    return Surface("t", "a", given.pop("x", X), given.pop("y", Y), np.asarray(values), "loss", ends, **given)


def trail(x, y, **given):
    return Trail("w", np.array(x, float), np.array(y, float), **given)


def test_numbers_between_points_of_the_grid_are_straight_between_their_neighbours():
    one = surface()
    x, y = np.array([0.0, 0.5, 2.5, 4.0, 1.0]), np.array([-1.0, -1.0, 0.0, 1.0, 1.0])
    np.testing.assert_allclose(one.at(x, y), [1.0, 5.5, (10 + 100 + 5 + 1000) / 4, 1000.0, 100.0])


def test_on_a_logarithmic_scale_logarithms_are_straight():
    one = surface(log_color=True)
    np.testing.assert_allclose(one.at(np.array([0.5]), np.array([-1.0])), [0.5])
    assert one.drawn_range == (0.0, 3.0)
    np.testing.assert_allclose(one.shares[1], [1 / 3, 2 / 3])


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 4), st.floats(-1, 1), st.integers(0, 2**16))
def test_reading_never_leaves_the_numbers_around(x, y, seed):
    values = np.random.default_rng(seed).normal(size=(3, 2))
    one = surface(values, (-5.0, 5.0))
    read = one.at(np.array([x]), np.array([y]))[0]
    assert values.min() - 1e-12 <= read <= values.max() + 1e-12


def test_beside_the_grid_and_around_a_gap_there_is_no_number():
    values = VALUES.copy()
    values[2, 1] = np.nan
    one = surface(values)
    read = one.at(np.array([-0.1, 4.1, 2.0, 3.0, 0.5]), np.array([0.0, 0.0, 1.2, 0.5, 0.5]))
    assert np.isnan(read).tolist() == [True, True, True, True, False]


def test_what_has_no_logarithm_is_a_gap():
    one = surface(np.array([[0.0, 3.0], [-1.0, 100.0], [5.0, 1000.0]]), log_color=True)
    assert np.isnan(one.drawn).tolist() == [[True, False], [True, False], [False, False]]


@pytest.mark.parametrize(
    ("ends", "log_color", "levels", "ticks"),
    [
        ((0.0, 10.0), False, [1, 2, 3, 4, 5, 6, 7, 8, 9], [0, 2.5, 5, 7.5, 10]),
        ((0.9, 60.0), True, [0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75], [1, 2, 5, 10, 20, 50]),
        ((1.0, 5000.0), True, [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5], [1, 3, 10, 30, 100, 300, 1000, 3000]),
        ((0.1, 1e6), True, [-0.5 + 0.5 * n for n in range(13)], [10.0**n for n in range(-1, 7)]),
    ],
)
def test_contour_lines_and_numbers_are_round(ends, log_color, levels, ticks):
    one = surface(ends=ends, log_color=log_color)
    np.testing.assert_allclose(one.levels, levels, atol=1e-12)
    np.testing.assert_allclose(one.ticks, ticks)


@settings(max_examples=40, deadline=None)
@given(st.floats(1e-6, 1e6))
def test_a_round_step_is_no_smaller_than_asked_and_not_much_larger(width):
    assert width * (1 - 1e-6) <= round_step(width) <= 2.5 * width


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"values": VALUES.T}, r"`values` must have one number for each of 3 places along x and 2 along y"),
        ({"x": X[::-1]}, "`x` must increase"),
        ({"y": np.array([1.0, 1.0])}, "`y` must increase"),
        ({"walks": (trail([0, 1], [0, 1]),), "steps": ("a",)}, "`walks` must have one point for each of 1 steps"),
        ({"ends": (1.0, 1.0)}, "`color_range` must increase"),
        ({"ends": (0.0, 1.0), "log_color": True}, "from a positive number where colours are logarithmic"),
    ],
)
def test_what_does_not_fit_is_refused(given, message):
    with pytest.raises(ArgumentError, match=message):
        surface(**given)


def test_a_way_whose_parts_differ_in_length_is_refused():
    with pytest.raises(ArgumentError, match="`notes` must hold one entry for each of 2 points; got 1"):
        trail([0, 1], [0, 1], notes=("a",))


def test_who_walks_goes_straight_over_missing_points_and_stops_at_the_end():
    walk = trail([0, np.nan, 4, 4], [0, np.nan, 2, 6])
    assert [walk.position(progress) for progress in (-1, 0, 0.5, 1.5, 3, 9)] == [
        (0, 0),
        (0, 0),
        (1, 0.5),
        (3, 1.5),
        (4, 6),
        (4, 6),
    ]
    part = walk.until(2.5)
    assert part.x.tolist() == [0, 4, 4]
    assert part.y.tolist() == [0, 2, 4]
    assert np.isnan(trail([np.nan], [np.nan]).position(0)).all()


def test_beads_do_not_touch_and_the_first_is_there():
    walk = trail([np.nan, 0, 0.05, 0.1, 2], [0, 0, 0, 0, 0])
    one = surface(walks=(walk,), steps=tuple("abcde"))
    assert one.beads(walk).tolist() == [False, True, False, False, True]


@pytest.mark.parametrize(("number", "shown"), [(3, 3), (6, 0)])
def test_measured_points_are_shown_where_many_were_not(number, shown):
    measured = np.arange(6).reshape(3, 2) < number
    assert surface(measured=measured).shown_points.sum() == shown
    assert surface().shown_points.sum() == 0


def test_ways_are_in_the_legend_once_and_places_are_not():
    walks = (trail([0, 1], [0, 1], series=0), Trail("v", X[:2], Y, series=1))
    one = surface(walks=walks, steps=("a", "b"), curves=(Trail("c", X, X, 2, dashed=True),), places=(Place("p", 1, 0),))
    entries = Drawing("x", "", "", "", (one, one), Table({})).legend
    assert [(entry.label, entry.series, entry.symbol) for entry in entries] == [
        ("w", 0, "line"),
        ("v", 1, "line"),
        ("c", 2, "dashes"),
    ]


def test_names_stand_where_they_cover_no_other_place():
    near = (Place("member 0", 2.0, 0.0), Place("member 1", 2.0, 0.12))
    assert surface(places=near).sides_of_names == ("bottom", "top")
