import io
from xml.etree import ElementTree as ET

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from modescape.report import (
    FIGURES,
    Drawing,
    IntervalRow,
    Intervals,
    Line,
    Lines,
    Matrix,
    Path,
    Paths,
    Table,
    drawn,
    pictures,
)
from modescape.report.static.pictures import _columns
from report.samples import HOSTILE, sample_contents, whole_contents

LINE = np.array([1.0, 2.0, 4.0])
SQUARE = np.array([[0.2, np.nan], [0.8, 2.0]])


def drawing(*panels, title="A figure"):
    return Drawing("x", title, "", "", panels, Table({}))


def image(files):
    return np.asarray(Image.open(io.BytesIO(files["png"])).convert("RGB")).astype(int)


def has_color(pixels, color, tolerance=6):
    wanted = [int(color[start : start + 2], 16) for start in (1, 3, 5)]
    return bool((np.abs(pixels - wanted).max(axis=2) <= tolerance).any())


@pytest.mark.parametrize("kind", FIGURES, ids=[kind.name for kind in FIGURES])
def test_every_figure_becomes_two_pictures_with_words(kind):
    check_pictures(kind.compute(whole_contents().results))


def test_figures_of_a_hundred_members_become_two_pictures_with_words():
    drawings, _ = drawn(FIGURES, sample_contents(100).results)
    assert len(drawings) == 7
    for one in drawings:
        check_pictures(one)


def check_pictures(one):
    """Check that both pictures of a drawing are there, with its alternative text."""
    files = pictures(one)
    picture = Image.open(io.BytesIO(files["png"]))
    assert picture.info["Description"] == one.alt
    assert picture.info["dpi"] == pytest.approx((150, 150), abs=0.1)
    assert one.alt in "".join(ET.fromstring(files["svg"]).itertext())  # noqa: S314


def test_the_same_drawing_gives_the_same_bytes():
    one = drawing(Lines("t", "", (Line("a", LINE, LINE, low=LINE - 1, high=LINE + 1),), "x", "y"))
    assert pictures(one) == pictures(one)


def test_the_settings_of_the_user_change_nothing_and_are_kept():
    one = drawing(Lines("t", "", (Line("a", LINE, LINE),), "x", "y"))
    before = pictures(one)
    with mpl.rc_context({"axes.facecolor": "red", "font.size": 30}):
        assert pictures(one) == before
        assert mpl.rcParams["font.size"] == 30


def test_colours_of_lines_and_of_gaps_are_in_the_picture():
    pixels = image(pictures(drawing(Lines("", "", (Line("a", LINE, LINE, series=1),), "x", "y"))))
    assert has_color(pixels, "#d55e00")
    assert not has_color(pixels, "#0072b2")
    matrix = Matrix("", "", SQUARE, ("a", "b"), ("c", "d"), "member", "label", (0.0, 1.0))
    assert has_color(image(pictures(drawing(matrix))), "#e3e6ea")


def test_the_first_row_of_a_matrix_is_on_top():
    values = np.array([[1.0, 1.0], [0.0, 0.0]])
    matrix = Matrix("", "", values, ("a", "b"), ("c", "d"), "member", "label", (0.0, 1.0), decimals=3)
    pixels = image(pictures(drawing(matrix)))
    middle = pixels[:, pixels.shape[1] // 4]
    yellow, purple = (np.flatnonzero(np.abs(middle - color).max(axis=1) < 6) for color in ((253, 231, 37), (68, 1, 84)))
    assert yellow.max() < purple.max()
    assert len(yellow) > 100


def test_names_are_drawn_as_they_are_and_never_as_formulas():
    path = Path(HOSTILE, LINE, LINE, (HOSTILE,) * 3)
    panels = (
        Matrix(HOSTILE, "", SQUARE, (HOSTILE, "$"), ("$x", "_b"), HOSTILE, HOSTILE, (0.0, 1.0)),
        Lines(HOSTILE, "", (Line(HOSTILE, LINE, LINE), Line("_hidden", LINE, LINE)), HOSTILE, HOSTILE, log_y=True),
        Paths(HOSTILE, "", (path,), HOSTILE, HOSTILE),
    )
    files = pictures(drawing(*panels, title=HOSTILE))
    assert set(files) == {"png", "svg"}
    ET.fromstring(files["svg"])  # noqa: S314


@pytest.mark.parametrize(("number", "columns"), [(1, 1), (2, 2), (3, 3), (4, 2), (6, 3), (7, 3)])
def test_panels_stand_in_lines_of_at_most_three(number, columns):
    assert _columns(number) == columns


def test_logarithmic_axes_show_plain_numbers():
    rows = tuple(IntervalRow(name, value) for name, value in (("short", 3.0), ("long", 5000.0)))
    panels = (
        Intervals("", "", rows, "seconds", log_x=True),
        Lines("", "", (Line("a", LINE, np.array([0.02, 0.2, 1.5])),), "x", "y", log_y=True),
    )
    for panel in panels:
        svg = pictures(Drawing("log", "Log", "", "", (panel,), Table({})))["svg"].decode()
        assert "mathdefault" not in svg
        assert "<!-- 1000 -->" in svg or "<!-- 0.05 -->" in svg
