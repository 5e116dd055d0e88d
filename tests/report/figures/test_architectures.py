import numpy as np
import pytest

from modescape.report.figures.architectures import FIGURE
from report.class_samples import groups as sample


def groups(**attrs):
    """Results of two groups and their pairs."""
    return {"groups": sample(**attrs)}


def test_pairs_and_rows_are_those_of_the_results():
    drawing = FIGURE.compute(groups())
    plane, rows, conditional = drawing.panels
    assert [(group.name, group.x.tolist()) for group in plane.groups] == [
        ("deep", [90]),
        ("wide", [80, 82]),
        ("deep and wide", [85]),
    ]
    assert [(row.group, row.name, row.value, round(row.low, 6)) for row in rows.rows] == [
        ("within", "deep", 10, 5),
        ("within", "wide", 20, 15),
        ("between", "deep and wide", 30, 25),
    ]
    assert conditional.rows[2].value == 30
    assert drawing.found == ("The accuracy of wide minus that of deep is -10.0 percentage points [-15.0, -5.0].",)
    assert "90 % interval" in drawing.shows


def test_the_limit_is_that_of_independent_members():
    [limit] = FIGURE.compute(groups()).panels[0].lines
    share = limit.x / 100
    expected = 2 * share * (1 - share) + (1 - share) ** 2 * 8 / 9
    np.testing.assert_allclose(limit.y, 100 * expected)


def test_without_a_truth_only_disagreement_is_drawn():
    results = groups()
    for name in ("accuracy", "pair_accuracy", "conditional_disagreement_between", "accuracy_difference"):
        results["groups"][name] = results["groups"][name] * np.nan
    drawing = FIGURE.compute(results)
    assert [type(panel).__name__ for panel in drawing.panels] == ["Intervals"]
    assert drawing.found == ()


@pytest.mark.parametrize(
    ("attrs", "words"),
    [
        ({"num_pairs": 9000}, "Dots are a sample of 4 of 9,000 pairs"),
        ({"same_examples": False}, "Groups were tested on different examples: only numbers within groups are known."),
    ],
)
def test_what_is_left_out_is_said(attrs, words):
    assert words in FIGURE.compute(groups(**attrs)).shows


def test_a_run_without_groups_has_no_figure():
    assert FIGURE.needs[0].unmet({}) == "no `groups` results"
    assert FIGURE.needs[0].unmet({"groups": groups()["groups"].isel(group=[0])}) == "needs at least 2 groups"
