import numpy as np

from modescape.report import Line, PointGroup, Scatter, panel_spec
from modescape.report.drawables import LegendEntry

X, Y = np.array([1.0, 2.0]), np.array([3.0, np.nan])


def test_points_lie_over_lines_with_what_each_is():
    group = PointGroup("a<b", X, Y, 1, "square", sizes=np.array([1.0, 2.0]), texts=("p", "q%{x}"))
    line = Line("upper", X, Y, legend="limits", series=None, dashed=True)
    legend = (LegendEntry("a<b", 1), LegendEntry("limits", None))
    spec = panel_spec(Scatter("", "", (group,), (line,), "acc", "dis", (0.0, 5.0), decimals=1), legend)
    below, above = spec["data"]
    assert (below["mode"], below["line"]["dash"], below["meta"]["entry"]) == ("lines", "dash", 1)
    assert (above["mode"], above["marker"]["symbol"], above["meta"]["entry"]) == ("markers", "square", 0)
    assert above["marker"]["size"] == [9, 18]
    assert above["y"] == [3.0, None]
    assert above["text"] == ["p", "q%\u200b{x}"]
    assert above["hovertemplate"] == "a&lt;b, %{text}<br>acc: %{x:.1f}<br>dis: %{y:.1f}<extra></extra>"
    assert spec["layout"]["xaxis"]["range"] == [0.0, 5.0]
    assert "range" not in spec["layout"]["yaxis"]


def test_lines_never_show_their_points():
    spec = panel_spec(Scatter("", "", (), (Line("a", X, X, series=0),), "", ""))
    assert spec["data"][0]["mode"] == "lines"
