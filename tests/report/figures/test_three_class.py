import pytest

from modescape.report.figures.kind import drawn
from modescape.report.figures.three_class import FIGURE, compute
from report.class_samples import three_class as samples


def test_combinations_are_counted_against_chance():
    drawing = compute({"three-class": samples()})
    counts, differences = drawing.panels
    assert [row.value for row in counts.rows] == [0, 2, 1, 0, 0, 0, 0, 0]
    assert [row.chance for row in counts.rows] == [(1, 3)] + [(0, 1)] * 7
    assert [(row.group, row.name) for row in differences.rows[:4]] == [
        *(("a", f"member {place}") for place in range(3)),
        ("b", "member 0"),
    ]
    assert differences.rows[8].value == pytest.approx(20.0)
    assert differences.rows[8].low == pytest.approx(15.0)
    assert "the largest is 20.0 points, member 2 on c" in differences.alt
    assert drawing.found == (
        "Members are good at 2 of 7 combinations of classes; more members than by chance are good at a (2) (Holm).",
    )


def test_of_very_many_members_the_first_are_drawn():
    drawing = compute({"three-class": samples(14)})
    assert len(drawing.panels[1].rows) == 36
    assert "Drawn are the first 12 of 14 members." in drawing.shows
    assert len(drawing.table.columns["difference"]) == 42


def test_without_more_members_than_by_chance_it_says_so():
    dataset = samples()
    dataset["p_adjusted"][:] = 0.5
    dataset["count"][:] = [3] + [0] * 7
    [told] = compute({"three-class": dataset}).found
    assert told == "Members are good at 0 of 7 combinations of classes; no number is beyond chance (Holm)."


def test_members_have_their_names():
    dataset = samples().assign_coords(member_name=("member", ["a.pt", "b.pt", "c.pt"]))
    assert [row.name for row in compute({"three-class": dataset}).panels[1].rows[:3]] == ["a.pt", "b.pt", "c.pt"]


def test_one_member_alone_is_left_out():
    _, [left] = drawn([FIGURE], {"three-class": samples(1)})
    assert left.reason == "needs at least 2 members"
