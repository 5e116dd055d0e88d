import numpy as np
import pytest

from modescape.core.errors import ArgumentError
from modescape.report import Drawing, Line, PointGroup, Scatter, Table

TWO = np.array([1.0, 2.0])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"y": TWO[:1]}, "`y` must hold one entry for each of 2 points; got 1"),
        ({"y": TWO, "texts": ("a",)}, "`texts` must hold one entry for each of 2 points; got 1"),
        ({"y": TWO, "sizes": np.ones(3)}, "`sizes` must hold one entry for each of 2 points; got 3"),
    ],
)
def test_everything_is_given_once_a_point(given, message):
    with pytest.raises(ArgumentError, match=message):
        PointGroup("a", TWO, **given)


def test_the_legend_is_in_the_order_of_series_whatever_is_drawn_on_top():
    groups = tuple(PointGroup(f"group {series}", TWO, TWO, series, "x") for series in (7, 2, 0))
    lines = (Line("low", TWO, TWO, legend="limits", series=None), Line("up", TWO, TWO, legend="limits", series=None))
    legend = Drawing("x", "", "", "", (Scatter("", "", groups, lines, "", ""),), Table({})).legend
    assert [entry.label for entry in legend] == ["group 0", "group 2", "group 7", "limits"]
    assert [entry.symbol for entry in legend] == ["x", "x", "x", "line"]
