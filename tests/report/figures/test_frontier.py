import json

import numpy as np
import pytest

from modescape.report.figures import drawn, frontier
from report import frontier_samples as samples


def compute(dataset):
    return frontier.compute({"frontier": dataset})


def test_each_metric_has_a_panel_of_scaled_probabilities_but_for_accuracy():
    dataset = samples.frontier(3, ("independent", "swag"))
    panels = compute(dataset).panels
    assert [panel.title for panel in panels] == ["Accuracy", "NLL, scaled", "Brier score, scaled", "AUROC, scaled"]
    for panel, metric, scale in zip(panels, ("accuracy", "nll", "brier", "auroc"), (100, 1, 1, 1), strict=True):
        swag, plain = panel.lines[:2]
        place = {"scaling": "raw" if metric == "accuracy" else "scaled", "metric": metric}
        np.testing.assert_allclose(swag.y, scale * dataset.value.sel({**place, "method": "swag"}))
        for name in ("low", "high"):
            expected = scale * dataset[name].sel({**place, "method": "independent"})
            np.testing.assert_allclose(getattr(plain, name), expected)
        assert swag.low is None
        assert plain.x.tolist() == [1, 2, 3]
    assert panels[3].y_label == "AUROC, higher is better"


def test_budgets_are_what_training_took():
    dataset = samples.frontier(2, ("independent", "swag"))
    dataset["training"] = 1.5 * dataset.training.where(dataset["size"] > 1)
    assert compute(dataset).panels[0].lines[0].x.tolist() == [1, 3]
    assert compute(dataset.drop_vars("training")).panels[0].lines[0].x.tolist() == [1, 2]


def test_with_many_methods_the_reference_the_recommended_and_the_best_have_colours():
    dataset = samples.frontier(5)
    lines = {line.name: line for line in compute(dataset).panels[1].lines}
    special = ("other methods", frontier.RECOMMENDED)
    colours = {name: line.series for name, line in lines.items() if line.legend not in special}
    assert sorted(colours.values()) == list(range(6))
    assert colours["independent members"] == 0
    assert colours["MIMO"] == 1
    value = dataset.value.sel(scaling="scaled", metric="nll", size=5)
    names = [name for name in value.method.values[np.argsort(value.values)] if name not in ("independent", "mimo")]
    best = [samples.TITLES[name] for name in names]
    assert [colours[name] for name in best[:4]] == [2, 3, 4, 5]
    assert [entry.label for entry in compute(dataset).legend][-2:] == [frontier.RECOMMENDED, "other methods"]
    assert "12 others are grey, and named in the table." in compute(dataset).shows


def test_the_recommended_one_is_marked_with_its_interval():
    dataset = samples.frontier(4)
    mark = compute(dataset).panels[0].lines[-1]
    place = {"scaling": "raw", "metric": "accuracy", "method": "mimo", "size": 3}
    np.testing.assert_allclose(mark.y, [100 * dataset[name].sel(place) for name in ("low", "value", "high")])
    assert (mark.name, mark.x.tolist()) == ("recommended: MIMO, size 3", [3, 3, 3])
    assert compute(dataset).found == ("Take MIMO (size 3), the cheapest that is not worse than the best.",)


@pytest.mark.parametrize(("name", "value"), [("method", "gone"), ("size", 9), ("method", None)])
def test_without_a_recommendation_nothing_is_marked(name, value):
    dataset = samples.frontier(2)
    dataset.attrs |= {f"recommended_{name}": value, "recommendation": ""}
    drawing = compute(dataset)
    assert not any(line.legend == frontier.RECOMMENDED for line in drawing.panels[0].lines)
    assert drawing.found == ()


def test_what_was_not_measured_is_left_out():
    dataset = samples.frontier(2, ("independent", "swag"), scalings=("raw",), foreign="")
    drawing = compute(dataset)
    assert [panel.title for panel in drawing.panels] == ["Accuracy", "NLL", "Brier score"]
    assert "temperature" not in drawing.shows
    dataset["value"] = dataset.value.where(dataset.method == "independent")
    assert len(compute(dataset).panels[0].lines) == 1


def test_the_words_tell_the_largest_size_and_the_table_holds_all():
    dataset = samples.frontier(3, ("independent", "swag"))
    dataset.attrs["titles"] = json.dumps({})
    drawing = compute(dataset)
    value = 100 * float(dataset.value.sel({"scaling": "raw", "metric": "accuracy", "method": "swag", "size": 3}))
    assert "at size 3: " in drawing.panels[0].alt
    assert f"swag {value:.2f}" in drawing.panels[0].alt
    columns = drawing.table.columns
    assert {"value", "low", "difference_high", "training", "prediction", "parameters"} <= set(columns)
    assert len(columns["value"]) == 2 * 2 * 3 * 5
    assert "95 % interval" in drawing.shows


def test_one_method_is_no_frontier():
    _, [left_out] = drawn([frontier.FIGURE], {"frontier": samples.frontier(2, ("independent",))})
    assert left_out.reason == "needs at least 2 methods"
