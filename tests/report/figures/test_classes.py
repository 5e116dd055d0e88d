import numpy as np
import pytest

from modescape.report.figures.classes import FIGURE, compute
from modescape.report.figures.kind import drawn
from report.class_samples import classes as samples


def test_classes_have_a_band_of_chance_and_a_dot_a_member():
    dataset = samples()
    spreads, accuracies = compute({"classes": dataset}).panels
    assert [row.chance for row in spreads.rows] == [
        pytest.approx((100 * low, 3.0)) for low in dataset["expected_low"].values
    ]
    np.testing.assert_allclose([row.value for row in spreads.rows], 100 * dataset["spread"])
    np.testing.assert_allclose(accuracies.rows[1].dots, 100 * dataset["accuracy"][:, 1])
    [told] = compute({"classes": dataset}).found
    assert told.startswith("From class to class, members vary 4.2 [2.0, 9.0] times as much as by chance (0.5 to 1.5")
    assert "on 1 of 3 classes" in told


def test_of_very_many_classes_the_largest_spreads_are_drawn():
    dataset = samples(35)
    dataset["spread"][34] = np.nan
    drawing = compute({"classes": dataset})
    assert [row.name for row in drawing.panels[0].rows] == [f"class {place}" for place in range(4, 34)]
    assert "The 5 classes with the smallest spread are in the data only." in drawing.shows
    dataset.attrs["interaction_ratio"] = "NaN"
    assert compute({"classes": dataset}).found == ()


def test_classes_without_examples_are_not_drawn():
    dataset = samples()
    dataset["spread"][1] = np.nan
    dataset["p_adjusted"][1] = np.nan
    drawing = compute({"classes": dataset})
    assert [row.name for row in drawing.panels[0].rows] == ["class 0", "class 2"]
    assert "on 1 of 2 classes" in drawing.found[0]


def test_a_class_alone_or_a_member_alone_is_left_out():
    for dim, reason in (("class", "needs at least 2 classes"), ("member", "needs at least 2 members")):
        _, [left] = drawn([FIGURE], {"classes": samples().isel({dim: [0]})})
        assert left.reason == reason
