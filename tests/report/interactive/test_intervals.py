import numpy as np

from modescape.report import IntervalRow, Intervals, Reference, panel_spec

NAN = float("nan")


def spec(*rows, **given):
    return panel_spec(Intervals("", "", rows, "x", **given))


def test_rows_stand_from_the_top_with_unequal_whiskers():
    one = spec(IntervalRow("a", 2.0, 1.5, 4.0, 1, "head"), IntervalRow("b", 3.0, group="head"), decimals=1)
    first, second = one["data"]
    assert (first["x"], first["y"], second["y"]) == ([2.0], [1], [2])
    assert (first["error_x"]["array"], first["error_x"]["arrayminus"]) == ([2.0], [0.5])
    assert "error_x" not in second
    assert first["hovertemplate"] == "a: 2.0 [1.5, 4.0]<extra></extra>"
    axis = one["layout"]["yaxis"]
    assert axis["ticktext"] == ["<b>head</b>", "a", "b"]
    assert axis["range"][0] > axis["range"][1]


def test_a_row_that_was_not_measured_keeps_its_place_and_draws_nothing():
    one = spec(IntervalRow("a", NAN, 1.0, 2.0), IntervalRow("b", 1.0))
    assert [trace["y"] for trace in one["data"]] == [[1]]
    assert one["layout"]["yaxis"]["ticktext"] == ["a", "b"]


def test_dots_lie_near_their_row_and_under_its_number():
    dots, number = spec(IntervalRow("a", 2.0, dots=np.array([1.0, 2.0, 3.0])))["data"]
    assert dots["x"] == [1.0, 2.0, 3.0]
    assert all(abs(place) < 0.3 for place in dots["y"])
    assert number["marker"]["size"] > dots["marker"]["size"]


def test_more_rows_and_names_take_more_height():
    rows = [IntervalRow(str(number), 1.0) for number in range(5)]
    assert spec(*rows)["height"] - spec(rows[0])["height"] == 4 * 34
    assert spec(*rows, marks=(Reference("m", 1.0),))["height"] > spec(*rows)["height"]


def test_marks_are_lines_with_names_above():
    one = spec(IntervalRow("a", 0.0), IntervalRow("b", 1.0), marks=(Reference("<i>m", 0.0),))
    [line], [name] = one["layout"]["shapes"], one["layout"]["annotations"]
    assert (line["x0"], line["x1"], line["yref"]) == (0.0, 0.0, "paper")
    assert (name["text"], name["y"], name["xanchor"]) == ("&lt;i&gt;m", 1, "left")


def test_names_and_labels_are_wrapped_and_safe():
    one = spec(IntervalRow("a <script> of many words and more", 1.0))
    [text] = one["layout"]["yaxis"]["ticktext"]
    assert text == "a &lt;script&gt; of many words<br>and more"


def test_a_logarithmic_axis_has_its_range_in_powers_of_ten():
    one = spec(IntervalRow("a", 1.0), IntervalRow("b", 100.0), log_x=True)["layout"]["xaxis"]
    assert one["type"] == "log"
    np.testing.assert_allclose(one["range"], [-0.1, 2.1])


def test_the_band_of_chance_lies_behind_its_own_row():
    one = spec(IntervalRow("a", 1.0, group="head"), IntervalRow("b", 2.0, group="head", chance=(-1.0, 3.0)))
    [band] = one["layout"]["shapes"]
    assert (band["type"], band["layer"], band["x0"], band["x1"]) == ("rect", "below", -1.0, 3.0)
    assert 1.5 < band["y0"] < 2 < band["y1"] < 2.5
    assert spec(IntervalRow("a", NAN, chance=(-1.0, 3.0)))["layout"]["shapes"] == []
