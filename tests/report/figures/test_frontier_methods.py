import numpy as np
import pytest

from modescape.report.figures import drawn, frontier, frontier_methods
from report import frontier_samples as samples


def compute(dataset):
    return frontier_methods.compute({"frontier": dataset})


def test_each_method_is_compared_at_the_largest_size_with_the_best_nll_on_top():
    dataset = samples.frontier(4)
    panels = compute(dataset).panels
    value = dataset.value.sel(scaling="scaled", metric="nll", size=4)
    order = [samples.TITLES[name] for name in value.method.values[np.argsort(value.values)] if name != "independent"]
    assert all([row.name for row in panel.rows] == order for panel in panels)
    by_title = {title: name for name, title in samples.TITLES.items()}
    for row in panels[0].rows:
        place = {"scaling": "raw", "metric": "accuracy", "method": by_title[row.name], "size": 4}
        expected = [100 * float(dataset[f"difference{end}"].sel(place)) for end in ("", "_low", "_high")]
        assert (row.value, row.low, row.high) == pytest.approx(expected)
    assert [mark.x for mark in panels[0].marks] == [0.0]
    assert panels[1].x_label == "difference (nats), lower is better"


def test_what_can_be_told_is_told():
    dataset = samples.frontier(3, ("independent", "swag", "mimo", "swa"))
    for end, half in (("", 0), ("_low", -0.001), ("_high", 0.001)):
        shift = 0.02 * (dataset.method == "swag") - 0.02 * (dataset.method == "swa") + half
        dataset[f"difference{end}"] = 0 * dataset.difference + shift
    accuracy, nll, *_ = compute(dataset).found
    assert accuracy == (
        "Accuracy, of 3 methods against 3 independent members: 1 better (SWAG); 1 worse (stochastic weight averaging); "
        "1 can't be told apart."
    )
    assert "1 better (stochastic weight averaging); 1 worse (SWAG)" in nll


def test_methods_without_that_size_are_named():
    dataset = samples.frontier(3, ("independent", "swag", "mimo"))
    missing = (dataset.method == "mimo") & (dataset["size"] == 3)
    for name in ("value", "difference"):
        dataset[name] = dataset[name].where(~missing)
    drawing = compute(dataset)
    assert "There is no size 3 of: MIMO." in drawing.shows
    assert [row.name for row in drawing.panels[0].rows] == ["SWAG"]


def test_the_table_has_one_row_a_method_with_costs_and_differences():
    dataset = samples.frontier(3, ("swag", "independent"))
    columns = compute(dataset).table.columns
    assert columns["method"].tolist() == ["independent members", "SWAG"]
    assert columns["passes in a prediction"].tolist() == [3, 1]
    assert columns["training (epochs of the base network)"].tolist() == [60, 60]
    assert columns["parameters"].tolist() == [198_000, 66_000]
    place = {"scaling": "scaled", "metric": "nll", "method": "swag", "size": 3}
    assert columns["NLL difference low (nats)"][1] == pytest.approx(float(dataset.difference_low.sel(place)))
    assert columns["accuracy (%)"][0] == pytest.approx(100 * float(dataset.value[0, 1, 2, 0]))
    without = compute(dataset.drop_vars("parameters")).table.columns
    assert "parameters" not in without


def test_without_independent_members_there_is_no_figure():
    _, [left_out] = drawn([frontier_methods.FIGURE], {"frontier": samples.frontier(2, ("swag", "mimo"))})
    assert left_out.reason == "`frontier` results have no method `independent`"


def test_a_method_that_lies_far_off_is_named_and_not_drawn():
    dataset = samples.frontier(4)
    assert not any("Too far off" in line for line in compute(dataset).found)
    place = {"method": "choice", "metric": "accuracy"}
    dataset.value.loc[place] = 0.2
    dataset.difference.loc[place] = -0.5
    drawing = compute(dataset)
    assert [len(panel.rows) for panel in drawing.panels] == [16, 17, 17, 17]
    assert "multiple-choice learning" not in [row.name for row in drawing.panels[0].rows]
    assert drawing.found[-1] == (
        "Too far off to be drawn, at the largest budget: multiple-choice learning (accuracy 20.00)."
    )
    assert "multiple-choice learning" in drawing.table.columns["method"].tolist()
    lines = frontier.compute({"frontier": dataset}).panels[0].lines
    assert "multiple-choice learning" not in [line.name for line in lines]
