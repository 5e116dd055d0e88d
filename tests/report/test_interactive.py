import json

import numpy as np
import plotly.graph_objects as go
import pytest

from modescape.report import FIGURES, Line, Lines, Matrix, NumberDetail, Path, Paths, Relief, drawn, panel_spec
from modescape.report.colors import DARK, LIGHT
from modescape.report.drawables import Gallery, LegendEntry
from modescape.report.interactive import color_stops, numbers, plain
from report.samples import HOSTILE, sample_contents, whole_contents

LINE = np.array([1.0, 2.0, np.nan])


def colored(value, roles):
    """Do what the page does: put colours in the place of roles."""
    if isinstance(value, dict) and "theme" in value:
        assert set(value) <= {"theme", "alpha"}
        return roles[value["theme"]]
    if isinstance(value, dict):
        return {key: colored(inner, roles) for key, inner in value.items()}
    return [colored(inner, roles) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize("roles", [LIGHT, DARK])
@pytest.mark.parametrize("contents", [sample_contents(20), whole_contents()], ids=["many", "study"])
def test_plotly_accepts_every_panel(roles, contents):
    drawings, _ = drawn(FIGURES, contents.results)
    for drawing in drawings:
        # Reliefs and galleries are not drawn by plotly.
        for panel in (one for one in drawing.panels if not isinstance(one, Relief | Gallery)):
            spec = colored(panel_spec(panel, drawing.legend), roles)
            figure = go.Figure(data=spec["data"], layout=spec["layout"])
            assert len(figure.data) >= 1
            json.dumps(spec, allow_nan=False)


def test_a_matrix_keeps_its_orientation_numbers_and_details():
    values = np.array([[0.25, np.nan, 0.5], [0.75, 2.0, -1.0]])
    detail = NumberDetail("of {row}", values[:, :1], low=values[:, :1] - 1, decimals=1, unit="%")
    matrix = Matrix("t", "a", values, ("r0", "r1"), ("c0", "c1", "c2"), "x", "label", (0.0, 1.0), details=(detail,))
    spec = panel_spec(matrix)
    trace = spec["data"][0]
    assert spec["kind"] == "matrix"
    assert trace["z"] == [[0.25, None, 0.5], [0.75, 2.0, -1.0]]
    assert (trace["zmin"], trace["zmax"]) == (0.0, 1.0)
    assert trace["text"] == [["0.25", "", "0.50"], ["0.75", "2.00", "-1.00"]]
    assert spec["layout"]["yaxis"]["range"] == [1.5, -0.5]
    assert spec["layout"]["xaxis"]["range"] == [-0.5, 2.5]
    assert spec["layout"]["yaxis"]["ticktext"] == ["r0", "r1"]
    assert spec["layout"]["xaxis"]["ticktext"] == ["c0", "c1", "c2"]
    assert (spec["rows"], spec["columns"]) == (["r0", "r1"], ["c0", "c1", "c2"])
    assert (spec["scale"]["low"], spec["scale"]["high"]) == ("≤ 0.00", "≥ 1.00")
    assert spec["details"] == [
        {
            "kind": "number",
            "label": "of {row}",
            "decimals": 1,
            "unit": "%",
            "values": [[0.25], [0.75]],
            "low": [[-0.75], [-0.25]],
        }
    ]


def test_colours_of_a_matrix_run_from_end_to_end():
    places = [place for place, _ in color_stops("cividis")]
    assert (places[0], places[-1]) == (0.0, 1.0)
    assert color_stops("cividis")[-1][1] == "#fee838"


def test_bands_lie_under_all_lines_and_skip_missing_ends():
    line = Line("a", LINE, LINE, low=LINE - 1, high=LINE + 1, series=1)
    spec = panel_spec(Lines("", "", (line, Line("b", LINE, LINE, dashed=True)), "x", "y", log_y=True))
    band, first, second = spec["data"]
    assert band["x"] == [1.0, 2.0, 2.0, 1.0]
    assert band["y"] == [2.0, 3.0, 1.0, 0.0]
    assert band["fillcolor"] == {"theme": "series-1", "alpha": 0.22}
    assert first["y"] == [1.0, 2.0, None]
    assert first["customdata"] == [[0.0, 2.0], [1.0, 3.0], [None, None]]
    assert second["line"]["dash"] == "dash"
    assert spec["layout"]["yaxis"]["type"] == "log"


def test_lines_have_the_symbols_and_dashes_of_their_series():
    ones = np.ones(3)
    lines = (Line("a", ones, ones, series=1), Line("b", ones, ones, series=7), Line("c", ones, ones, series=None))
    first, second, many = panel_spec(Lines("", "", lines, "x", "y"))["data"]
    assert (first["marker"]["symbol"], first["line"]["dash"]) == ("square", "solid")
    assert (second["marker"]["symbol"], second["line"]["dash"]) == ("pentagon", "dashdot")
    assert "marker" not in many


def test_groups_of_a_matrix_with_names_are_divided_and_all_named():
    names = tuple(f"network {number}" for number in range(15))
    matrix = Matrix("", "", np.zeros((15, 15)), names, names, "", "label", (0.0, 1.0), breaks=(3,))
    layout = panel_spec(matrix)["layout"]
    assert len(layout["shapes"]) == 2
    assert layout["xaxis"]["ticktext"] == list(names)
    assert (layout["xaxis"]["tickangle"], layout["yaxis"]["tickangle"]) == (-90, 0)


def test_whole_numbers_only_along_an_axis_that_counts():
    spec = panel_spec(Lines("", "", (Line("a", np.arange(1.0, 6.0), np.arange(5.0)),), "x", "y"))
    assert spec["layout"]["xaxis"]["dtick"] == 1
    spec = panel_spec(Lines("", "", (Line("a", LINE, LINE),), "x", "y", whole_x=False))
    assert "dtick" not in spec["layout"]["xaxis"]


def test_traces_know_their_entry_of_the_legend():
    line = Line("b", LINE, LINE, low=LINE, high=LINE)
    spec = panel_spec(Lines("", "", (line,), "x", "y"), (LegendEntry("a", 0), LegendEntry("b", 1)))
    assert [trace["meta"]["entry"] for trace in spec["data"]] == [1, 1]


def test_a_path_is_marked_at_both_ends():
    path = Path("member 3", np.array([0.0, 1.0, 2.0]), np.array([5.0, 6.0, 7.0]), ("epoch 0", "epoch 1", "epoch 4"), 1)
    way, start, end = panel_spec(Paths("", "", (path,), "x", "y"))["data"]
    assert (way["x"], way["y"]) == ([0.0, 1.0, 2.0], [5.0, 6.0, 7.0])
    assert (start["x"], start["text"], start["marker"]["symbol"]) == ([0.0], ["epoch 0"], "circle-open")
    assert (end["y"], end["text"], end["marker"]["symbol"]) == ([7.0], ["epoch 4"], "star")


def test_both_axes_of_paths_have_one_scale():
    assert panel_spec(Paths("", "", (), "x", "y"))["layout"]["yaxis"]["scaleanchor"] == "x"


def test_no_markup_and_no_template_is_left_in_texts_for_plotly():
    text = plain(HOSTILE)
    assert "<" not in text
    assert ">" not in text
    assert "%{" not in text
    assert plain("a & b") == "a &amp; b"


def test_numbers_are_rounded_and_missing_ones_are_null():
    assert numbers(np.array([1.23456789, np.nan, np.inf, 1e-9])) == [1.23457, None, None, 1e-9]
    assert numbers(np.array([3], dtype=np.int64)) == [3.0]
