import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modescape.core.errors import ArgumentError
from modescape.report import Drawing, Mark, PolarSurface, Table


def surface(radius, angle, **given):
    values = np.zeros((len(radius), len(angle)))
    return PolarSurface("", "", np.array(radius, float), np.array(angle, float), values, (), "", (1.0, 2.0), **given)


def test_edges_lie_half_way_between_radii_and_the_origin_is_covered():
    assert surface([0, 2, 6], [0, 1]).radius_edges.tolist() == [0, 1, 4, 8]
    assert surface([3, 4], [0, 1]).radius_edges.tolist() == [2.5, 3.5, 4.5]
    assert surface([5], [0, 1]).radius_edges.tolist() == [0, 10]


@pytest.mark.parametrize("includes_both_ends", [True, False])
@settings(max_examples=20, deadline=None)
@given(number=st.integers(3, 40), start=st.floats(-4, 4))
def test_a_full_circle_is_closed_and_every_cell_holds_its_angle(number, start, includes_both_ends):
    angle = start + np.linspace(0, 2 * np.pi, number, endpoint=includes_both_ends)
    edges = surface([1], angle).angle_edges
    assert len(edges) == number + 1
    assert edges[-1] - edges[0] == pytest.approx(2 * np.pi)
    assert (edges[:-1] <= angle + 1e-12).all()
    assert (angle - 1e-12 <= edges[1:]).all()


def test_a_sector_is_left_open():
    assert surface([1], [0, 0.2, 0.6]).angle_edges == pytest.approx([-0.1, 0.1, 0.4, 0.8])
    edges = surface([1], [0.5]).angle_edges
    assert edges[1] - edges[0] == pytest.approx(2 * np.pi)


@pytest.mark.parametrize(
    ("radius", "angle", "message"),
    [
        ([-1, 2], [0, 1], "`radius` must increase from 0 or more"),
        ([2, 1], [0, 1], "`radius` must increase from 0 or more"),
        ([1, 2], [1, 0], "`angle` must increase within one turn"),
        ([1, 2], [0, 6.4], "`angle` must increase within one turn"),
    ],
)
def test_a_grid_that_is_none_is_refused(radius, angle, message):
    with pytest.raises(ArgumentError, match=message):
        surface(radius, angle)


def test_numbers_that_do_not_fit_the_grid_are_refused():
    with pytest.raises(ArgumentError, match=r"`values` must have one number for each of 2 radii and 1 angles"):
        PolarSurface("", "", np.array([1.0, 2.0]), np.array([0.0]), np.zeros((1, 2)), (), "", (0.0, 1.0))


def test_logarithmic_colours_need_a_positive_end():
    one = np.array([1.0])
    with pytest.raises(ArgumentError, match="`color_range` must be positive for logarithmic colours"):
        PolarSurface("", "", one, one, one[None], (), "", (0.0, 1.0), log_color=True)


def test_marks_are_explained_in_the_legend_and_can_not_be_hidden():
    one = np.array([1.0])
    marks = (Mark("origin", 0.0, 0.0, "cross"), Mark("solution 3", 2.0, 1.0))
    panel = PolarSurface("", "", one, one, one[None], marks, "", (0.0, 1.0))
    entries = Drawing("x", "", "", "", (panel, panel), Table({})).legend
    assert [(entry.label, entry.symbol, entry.is_mark) for entry in entries] == [
        ("origin", "cross", True),
        ("solution 3", "star", True),
    ]
