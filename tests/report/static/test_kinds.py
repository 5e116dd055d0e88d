import io
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from modescape.report import (
    Drawing,
    IntervalRow,
    Intervals,
    Line,
    Mark,
    Matrix,
    PointGroup,
    PolarSurface,
    Reference,
    Scatter,
    Table,
    pictures,
)
from report.samples import HOSTILE

TWO = np.array([1.0, 2.0])
QUARTERS = np.array([-np.pi / 2, 0.0, np.pi / 2, np.pi])
YELLOW, PURPLE = (253, 231, 37), (68, 1, 84)


def drawing(*panels, title="A figure"):
    return Drawing("x", title, "", "", panels, Table({}))


def image(*panels):
    files = pictures(drawing(*panels))
    return np.asarray(Image.open(io.BytesIO(files["png"])).convert("RGB")).astype(int)


def places(pixels, color, tolerance=8):
    return np.argwhere(np.abs(pixels - np.array(color)).max(axis=2) <= tolerance)


def polar(values, marks=(), **given):
    return PolarSurface("", "", TWO, QUARTERS, np.asarray(values, float), marks, "", (0.1, 1.0), **given)


def test_cells_of_a_polar_surface_lie_in_their_direction():
    """Angle 0 points to the right and 90 degrees up; only the cell at 90 degrees is high."""
    values = np.full((2, 4), 0.1)
    values[:, 2] = 1.0
    pixels = image(polar(values))
    above, rest = places(pixels, YELLOW), places(pixels, PURPLE)
    above = above[above[:, 0] < rest[:, 0].max() - 5]
    surface = rest[:, 0] < pixels.shape[0] * 0.8
    middle = rest[surface].mean(axis=0)
    assert len(above) > 5000
    assert above[:, 0].mean() < middle[0] - 50
    assert above[:, 1].mean() == pytest.approx(middle[1], abs=15)


def test_both_axes_of_a_polar_surface_have_one_scale():
    pixels = image(polar(np.full((2, 4), 0.1)))
    disc = places(pixels[: int(0.8 * len(pixels))], PURPLE)
    height, width = np.ptp(disc, axis=0)
    assert height == pytest.approx(width, rel=0.01)


def test_gaps_and_logarithmic_colours_of_a_polar_surface():
    values = np.full((2, 4), 0.1)
    values[0, 0] = np.nan
    values[:, 1] = 10**-0.5
    pixels = image(polar(values, log_color=True))
    assert len(places(pixels, (227, 230, 234), 2)) > 500
    assert len(places(pixels, (33, 145, 140), 4)) > 3000, "the middle of the colours"


def test_points_have_their_colours():
    pixels = image(Scatter("", "", (PointGroup("a", TWO, TWO, 8, "hexagon", np.array([4.0, 4.0])),), (), "x", "y"))
    assert len(places(pixels, (102, 101, 28), 40)) > 100


def test_rows_stand_from_the_top():
    rows = (IntervalRow("a", 1.0, 0.0, 2.0, 0), IntervalRow("b", 1.0, 0.0, 2.0, 1))
    pixels = image(Intervals("t", "", rows, "x", (Reference("m", 0.5),)))
    blue, red = places(pixels, (0, 114, 178)), places(pixels, (213, 94, 0))
    assert blue[:, 0].mean() < red[:, 0].mean()
    assert np.ptp(blue[:, 1]) == pytest.approx(np.ptp(red[:, 1]), abs=6)


def test_more_rows_make_a_higher_picture():
    few, many = (Intervals("", "", tuple(IntervalRow(str(row), 1.0) for row in range(n)), "x") for n in (2, 12))
    assert image(many).shape[0] > image(few).shape[0] + 400


def test_groups_of_a_matrix_are_divided():
    names = tuple(f"network {number}" for number in range(4))
    whole, divided = (
        image(Matrix("", "", np.zeros((4, 4)), names, names, "", "", (0.0, 1.0), breaks=breaks))
        for breaks in ((), (3,))
    )
    assert len(places(divided, PURPLE)) < len(places(whole, PURPLE)) - 1000


def test_panels_of_different_kinds_stand_side_by_side():
    scatter = Scatter("s", "", (PointGroup("a", TWO, TWO),), (Line("l", TWO, TWO, series=None),), "x", "y")
    rows = Intervals("i", "", (IntervalRow("a", 1.0),), "x")
    assert image(scatter, rows).shape[1] == pytest.approx(150 * (5.6 + 5.2), abs=2)


def test_names_are_drawn_as_they_are_and_the_bytes_are_the_same_each_time():
    mark = Mark(HOSTILE, 1.0, 0.5)
    panels = (
        PolarSurface(
            HOSTILE, "", TWO, QUARTERS, np.eye(2, 4), (mark,), HOSTILE, (0.0, 1.0), x_label="$x_{", y_label="$"
        ),
        Scatter(HOSTILE, "", (PointGroup(HOSTILE, TWO, TWO),), (Line("_l", TWO, TWO),), HOSTILE, HOSTILE),
        Intervals(HOSTILE, "", (IntervalRow(HOSTILE, 1.0, group=HOSTILE),), HOSTILE, (Reference(HOSTILE, 1.0),)),
    )
    files = pictures(drawing(*panels, title=HOSTILE))
    ET.fromstring(files["svg"])  # noqa: S314
    assert files == pictures(drawing(*panels, title=HOSTILE))


def test_the_band_of_chance_is_drawn_behind_its_row():
    plain, banded = (
        image(
            Intervals("", "", (IntervalRow("a", 5.0, chance=band), IntervalRow("b", 0.0)), "x", (Reference("m", -1.0),))
        )
        for band in (None, (-1.0, 5.0))
    )
    assert len(places(banded, (227, 230, 234), 2)) > len(places(plain, (227, 230, 234), 2)) + 3000
