import json

import numpy as np
import pytest

from modescape.report import Place, Relief, Surface, Trail, panel_spec
from modescape.report.drawables import LegendEntry

X, Y = np.array([0.0, 1.0, 2.0]), np.array([0.0, 4.0])
VALUES = np.array([[1.0, 10.0], [np.nan, 100.0], [2.0, 20.0]])
LEGEND = (LegendEntry("other", 5), LegendEntry("<b>w", 1))


def surface(**given):
    return Surface(
        "t",
        "a",
        X,
        Y,
        VALUES,
        "loss",
        (1.0, 100.0),
        places=(Place("<b>p", 1.0, 2.0, "diamond", "in the plane"),),
        walks=(Trail("<b>w", np.array([0.0, np.nan, 2.0]), np.array([0.0, np.nan, 4.0]), 1, ("e 0: %{x}", "", "e 2")),),
        steps=("e 0", "e 1", "e 2"),
        curves=(Trail("c", X, X, 2, dashed=True),),
        **({"log_color": True, "unit": "nats", "x_label": "x"} | given),
    )


def traces(spec, kind):
    return [trace for trace in spec["data"] if trace["type"] == kind]


def test_the_numbers_stand_with_y_upwards_on_their_scale():
    spec = panel_spec(surface(), LEGEND)
    [trace] = traces(spec, "contour")
    assert trace["z"] == [[0, None, 0.30103], [1, 2, 1.30103]]
    assert (trace["x"], trace["y"]) == ([0, 1, 2], [0, 4])
    assert (trace["zmin"], trace["zmax"]) == (0, 2)
    assert trace["contours"]["start"] == pytest.approx(0.25)
    assert spec["grid"]["values"] == [[1, 10], [None, 100], [2, 20]]
    assert panel_spec(surface(log_color=False), LEGEND)["data"][0]["z"][1] == [10, 100, 20]


def test_both_axes_have_one_scale_only_where_they_have_one_unit():
    assert panel_spec(surface())["layout"]["yaxis"]["scaleanchor"] == "x"
    assert panel_spec(surface())["aspect"] == 0.75
    other = panel_spec(surface(same_scale=False))
    assert "scaleanchor" not in other["layout"]["yaxis"]
    assert other["aspect"] == 1.0


def test_gaps_have_their_colour_and_measured_points_are_dots():
    spec = panel_spec(surface(measured=np.array([[1, 0], [0, 1], [0, 0]], bool)))
    assert spec["layout"]["shapes"][0]["fillcolor"] == {"theme": "gap"}
    dots = spec["data"][1]
    assert (dots["x"], dots["y"]) == ([0, 1], [0, 4])
    assert spec["grid"]["measured"] == [[1, 0], [0, 1], [0, 0]]
    assert panel_spec(surface())["grid"]["measured"] is None


def test_the_key_has_round_numbers_between_its_ends():
    scale = panel_spec(surface())["scale"]
    assert scale["label"] == "loss, logarithmic"
    assert [(tick["text"], round(tick["at"], 2)) for tick in scale["ticks"]][::3] == [
        ("1", 0.0),
        ("10", 0.5),
        ("100", 1.0),
    ]


def test_a_walk_belongs_to_its_entry_and_is_told_at_each_point():
    spec = panel_spec(surface(), LEGEND)
    own = [trace for trace in spec["data"] if trace.get("meta") == {"entry": 1}]
    assert len(own) == 5
    assert own[0]["line"]["color"] == {"theme": "surface"}
    assert own[1]["line"]["color"] == {"theme": "series-1"}
    points, ring, ball = own[2:]
    assert points["x"] == [0, 2]
    assert points["text"] == ["e 0: %\u200b{x}", "e 2"]
    assert (ring["x"], ball["x"]) == ([0], [2])
    assert spec["walks"][0]["x"] == [0, None, 2]
    assert spec["steps"] == ["e 0", "e 1", "e 2"]


def test_names_of_places_are_plain_text_beside_their_marks():
    places = panel_spec(surface(), LEGEND)["data"][-1]
    assert places["text"] == ["&lt;b&gt;p"]
    assert places["customdata"] == ["&lt;b&gt;p: in the plane"]
    assert places["textposition"][0].endswith(("center", "left", "right"))


def test_a_relief_gets_heights_as_shares_of_the_colours():
    spec = panel_spec(Relief("t", "a", (surface(), surface(log_color=False)), azimuth=-75.0, elevation=40.0), LEGEND)
    assert spec["kind"] == "relief"
    assert spec["surfaces"][0]["shares"] == [[0, 0.5], [None, 1], [0.1505, 0.6505]]
    assert spec["surfaces"][1]["shares"][2] == [0.0101, 0.1919]
    assert spec["half"] == [0.5, 1.0]
    assert spec["walks"][0]["entry"] == 1
    assert spec["curves"][0]["dashed"] is True
    assert spec["places"][0]["note"] == "<b>p: in the plane"
    assert (spec["camera"]["azimuth"], spec["camera"]["elevation"]) == (-75.0, 40.0)
    assert [tick["text"] for tick in spec["surfaces"][0]["ticks"]] == ["1", "2", "5", "10", "20", "50", "100"]
    json.dumps(spec, allow_nan=False)


def test_a_surface_without_contour_lines_has_none():
    flat = Surface("", "", X, Y, np.zeros((3, 2)), "", (0.2, 0.21))
    assert flat.levels.size > 0
    spec = panel_spec(Surface("", "", X, Y, np.ones((3, 2)), "", (1.0, 1.05), log_color=True))
    assert spec["data"][0]["contours"]["showlines"] is False
