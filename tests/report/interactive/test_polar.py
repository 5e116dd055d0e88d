import numpy as np

from modescape.report import Mark, PolarSurface, panel_spec
from modescape.report.drawables import LegendEntry

RADIUS, ANGLE = np.array([1.0, 2.0]), np.array([-np.pi / 2, 0.0, np.pi / 2, np.pi])
VALUES = np.array([[1.0, 10.0, 100.0, 50.0], [2.0, 20.0, np.nan, 500.0]])


def spec(**given):
    marks = (Mark("<b>x", 2.0, np.pi / 2, "diamond"),)
    panel = PolarSurface("t", "a", RADIUS, ANGLE, VALUES, marks, "loss", (1.0, 100.0), unit="nats", **given)
    return panel_spec(panel, (LegendEntry("y", None), LegendEntry("<b>x", None)))


def test_the_script_gets_the_grid_in_degrees_and_the_exact_numbers():
    grid = spec()["grid"]
    assert grid["angle"] == [-90, 0, 90, 180]
    assert grid["angleEdges"] == [-135, -45, 45, 135, 225]
    assert grid["radiusEdges"] == [0.5, 1.5, 2.5]
    assert grid["values"] == [[1, 10, 100, 50], [2, 20, None, 500]]
    assert (grid["unit"], grid["log"], grid["decimals"]) == ("nats", False, 2)


def test_both_axes_have_one_scale_and_hold_the_outer_edge():
    layout = spec()["layout"]
    assert layout["yaxis"]["scaleanchor"] == "x"
    assert layout["xaxis"]["range"] == layout["yaxis"]["range"]
    assert layout["xaxis"]["range"][1] > 2.5


def test_logarithmic_colours_span_the_logarithms_and_the_key_tells_plain_numbers():
    one = spec(log_color=True)
    assert (one["data"][0]["zmin"], one["data"][0]["zmax"]) == (0, 2)
    assert one["scale"]["label"] == "loss, logarithmic"
    assert (one["scale"]["low"], one["scale"]["high"]) == ("1.00", "≥ 100.00")
    assert one["grid"]["log"] is True


def test_a_mark_stands_at_its_place_and_belongs_to_its_entry():
    mark = spec()["data"][1]
    np.testing.assert_allclose([*mark["x"], *mark["y"]], [0.0, 2.0], atol=1e-9)
    assert mark["marker"]["symbol"] == "diamond"
    assert mark["hovertemplate"].startswith("&lt;b&gt;x")
    assert mark["meta"]["entry"] == 1


def test_gaps_have_their_colour_only_where_there_are_any():
    assert spec()["layout"]["shapes"][0]["fillcolor"] == {"theme": "gap"}
    panel = PolarSurface("", "", RADIUS, ANGLE, np.ones((2, 4)), (), "", (0.0, 1.0))
    assert panel_spec(panel)["layout"]["shapes"] == []
