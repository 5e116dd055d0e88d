import numpy as np
import pytest

from modescape.report.figures import drawn, methods
from report import study_samples as samples


def compute(dataset, scaling="raw"):
    return methods.compute({"methods": dataset}, scaling)


def test_each_metric_has_a_line_for_each_method_in_its_own_unit():
    dataset = samples.methods(4)
    panels = compute(dataset).panels
    assert [panel.title for panel in panels] == ["Accuracy", "NLL", "Brier score", "ECE"]
    for panel, metric, scale in zip(panels, samples.METRICS, (100, 1, 1, 100), strict=True):
        assert len(panel.lines) == len(samples.METHODS)
        for line, method in zip(panel.lines, samples.METHODS, strict=True):
            np.testing.assert_allclose(
                line.y, scale * dataset.value.sel({"scaling": "raw", "method": method, "metric": metric})
            )
    assert [line.name for line in panels[0].lines][:2] == ["independent solutions", "weight average"]


def test_only_the_plain_ensemble_has_a_band():
    dataset = samples.methods(4)
    first, *others = compute(dataset).panels[1].lines
    np.testing.assert_allclose(first.low, dataset.low.sel({"scaling": "raw", "method": "independent", "metric": "nll"}))
    assert all(line.low is None for line in others)


def test_scaled_probabilities_have_a_figure_of_their_own_with_temperatures():
    dataset = samples.methods(4)
    drawing = compute(dataset, "scaled")
    assert [panel.title for panel in drawing.panels] == ["NLL", "Brier score", "ECE", "Temperature"]
    expected = dataset.value.sel({"scaling": "scaled", "method": "dropout", "metric": "nll"})
    np.testing.assert_allclose(drawing.panels[0].lines[3].y, expected)
    np.testing.assert_allclose(drawing.panels[3].lines[3].y, dataset.temperature.sel({"method": "dropout"}))
    assert "fitted on 500 validation examples" in drawing.shows
    assert set(drawing.table.columns["scaling"]) == {"scaled"}


def test_without_scaled_probabilities_that_figure_is_left_out():
    results = {"methods": samples.methods(3, scalings=("raw",))}
    drawings, [left_out] = drawn((methods.FIGURE, methods.SCALED_FIGURE), results)
    assert [drawing.name for drawing in drawings] == ["methods"]
    assert left_out.reason == "`methods` results have no scaling `scaled`"


def test_the_best_method_is_told_with_its_difference_to_the_plain_ensemble():
    accuracy, nll = compute(samples.methods()).found
    assert accuracy == (
        "Accuracy with 10 members is best for weight average: 69.12 %; its difference to independent solutions is "
        "+0.12 percentage points [-0.06, +0.30], which can't be told from 0."
    )
    assert nll.startswith("NLL with 10 members is best for weight average: 0.906 nats;")


def test_a_plain_ensemble_that_is_best_is_held_against_the_next():
    dataset = samples.methods(3, names=("independent", "dropout", "random"))
    dataset["value"] = dataset.value + 0.2 * (dataset.method == "independent")
    told = compute(dataset).found[0]
    assert "best for independent solutions" in told
    assert "its difference to dropout subspace is" in told


def test_without_differences_only_the_best_is_told():
    told = compute(samples.methods().drop_vars("difference")).found[0]
    assert told == "Accuracy with 10 members is best for weight average: 69.12 %."
    alone = compute(samples.methods(3, names=("independent",))).found[0]
    assert alone == "Accuracy with 3 members is best for independent solutions: 67.70 %."


def test_methods_without_numbers_are_not_drawn():
    dataset = samples.methods(3)
    dataset["value"] = dataset.value.where(dataset.method != "random")
    names = [line.name for line in compute(dataset).panels[0].lines]
    assert "random subspace" not in names
    assert len(names) == 6


def test_the_full_size_is_that_of_the_plain_ensemble():
    dataset = samples.methods(5)
    assert methods.full_size(dataset) == 5
    dataset["value"] = dataset.value.where((dataset.method != "independent") | (dataset["size"] < 4))
    assert methods.full_size(dataset) == 3
    assert methods.full_size(samples.methods(5, names=("random", "dropout"))) == 5


def test_one_member_is_drawn_as_points():
    drawing = compute(samples.methods(1))
    assert all(line.x.tolist() == [1] for line in drawing.panels[0].lines)
    assert "with 1: independent solutions 64.00 %" in drawing.alt


@pytest.mark.parametrize("name", ["nll", "ece"])
def test_a_metric_without_numbers_says_so(name):
    dataset = samples.methods(3)
    dataset["value"] = dataset.value.where(dataset.metric != name)
    drawing = compute(dataset)
    assert drawing.panels[samples.METRICS.index(name)].alt.endswith("no numbers.")
    assert ("NLL: no numbers." in drawing.found) == (name == "nll")
