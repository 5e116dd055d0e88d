import numpy as np
import pytest

from modescape.report import Intervals
from modescape.report.figures import diversity_plane
from report.geometry_samples import BEST, PLANE, plane


def compute(dataset):
    return diversity_plane.compute({"plane": dataset})


def test_points_are_disagreement_over_the_error_rate():
    dataset = plane()
    groups = {group.name: group for group in compute(dataset).panels[0].groups}
    dropout = dataset.sel({"method": "dropout"})
    np.testing.assert_allclose(groups["dropout subspace"].x, 100 * dropout.accuracy)
    np.testing.assert_allclose(groups["dropout subspace"].y, dropout.disagreement / (1 - dropout.accuracy))
    assert groups["dropout subspace"].texts[23] == "sample 23, strength 70"
    assert groups["checkpoints of one run"].texts[23] == "sample 23"
    assert len(groups["independent solutions"].x) == 9


def test_both_limits_meet_at_chance_and_the_reference_lies_at_the_end_of_the_lower():
    panel = compute(plane()).panels[0]
    lower, upper = panel.lines
    assert (lower.name, upper.name) == ("lower limit", "upper limit")
    assert lower.y[0] == pytest.approx(upper.y[0]) == pytest.approx(1.0)
    reference = panel.groups[-1]
    assert (reference.x[0], reference.y[0]) == (100 * BEST, 0.0)
    assert lower.x[-1] == pytest.approx(reference.x[0])
    assert lower.y[-1] == pytest.approx(0.0, abs=1e-12)
    assert panel.y_range[0] < 0 < upper.y.max() < panel.y_range[1]


def test_groups_keep_their_colours_and_their_order_in_the_legend():
    drawing = compute(plane(("cyclical-sgmcmc", "random", "independent")))
    assert [entry.label for entry in drawing.legend] == [
        "independent solutions",
        "reference (member 0)",
        "random subspace",
        "cyclical SG-MCMC",
        "lower and upper limit",
    ]
    assert {group.name: group.series for group in drawing.panels[0].groups}["cyclical SG-MCMC"] == 8


def test_relative_diversity_is_drawn_and_told_with_its_interval():
    drawing = compute(plane(("random", "independent")))
    rows = drawing.panels[1]
    assert isinstance(rows, Intervals)
    assert [(row.name, row.value) for row in rows.rows] == [("independent solutions", 0.97), ("random subspace", 0.10)]
    assert (rows.rows[1].low, rows.rows[1].high) == pytest.approx((0.07, 0.13))
    assert [mark.x for mark in rows.marks] == [0.0, 1.0]
    assert drawing.found == (
        "Relative diversity, 0 at the lower and 1 at the upper limit (95 % intervals): "
        "independent solutions 0.97 [0.94, 1.00]; random subspace 0.10 [0.07, 0.13].",
    )


def test_a_walk_that_does_not_reach_chance_is_told():
    assert compute(plane()).found[1] == "Not disturbed down to chance, even at the largest strength: dropout subspace."


def test_what_was_not_measured_is_left_out():
    dataset = plane()
    dataset["accuracy"].loc[{"method": "random"}] = np.nan
    dataset["relative_diversity"].loc[{"method": "random"}] = np.nan
    dataset = dataset.drop_vars(["lower_limit", "upper_limit", "strength", "reached_chance"])
    dataset.attrs.pop("reference_accuracy")
    drawing = compute(dataset)
    names = [group.name for group in drawing.panels[0].groups]
    assert len(names) == len(PLANE) - 1
    assert "random subspace" not in names
    assert drawing.panels[0].lines == ()
    assert len(drawing.panels[1].rows) == len(PLANE) - 1
    assert "nan" not in drawing.alt + " ".join(drawing.found)


def test_without_relative_diversity_the_plane_stands_alone():
    dataset = plane().drop_vars(["relative_diversity", "reached_chance"])
    drawing = compute(dataset)
    assert len(drawing.panels) == 1
    assert drawing.found == ()


def test_a_network_without_errors_has_no_place_in_the_plane():
    dataset = plane(("random",))
    dataset["accuracy"][0, 0] = 1.0
    dataset["limit_accuracy"][-1] = 1.0
    panel = compute(dataset).panels[0]
    assert len(panel.groups[0].x) == 23
    assert np.isfinite(panel.y_range).all()
