import numpy as np
import pytest

from modescape.report.figures import subspaces as figure
from report.geometry_samples import subspaces
from report.samples import solutions


def test_each_method_has_the_median_and_the_middle_of_its_samples():
    dataset = subspaces()
    panels = figure.compute({"subspaces": dataset}).panels
    for panel, name in zip(panels, ("accuracy", "disagreement"), strict=True):
        row = panel.rows[2]
        values = 100 * dataset[name].sel({"method": "diagonal-gaussian"}).values.ravel()
        assert row.name == "diagonal Gaussian"
        assert (row.low, row.value, row.high) == pytest.approx(np.percentile(values, [5, 50, 95]))
        assert set(row.dots) == set(values)


def test_many_samples_are_thinned_in_the_picture_and_not_in_the_data():
    drawing = figure.compute({"subspaces": subspaces(num_members=10, num_samples=64)})
    assert 200 <= len(drawing.panels[0].rows[1].dots) <= figure.MAX_DOTS
    assert len(drawing.table.columns["accuracy"]) == 5 * 10 * 64


def test_solutions_to_compare_with_are_marked_where_they_were_measured():
    results = {"subspaces": subspaces(), "solutions": solutions(3, accuracy=0.64, disagreement=0.25)}
    accuracy, disagreement = figure.compute(results).panels
    assert accuracy.marks[0].x == pytest.approx(100 * float(results["solutions"].accuracy.mean()))
    pairs = results["solutions"].disagreement.values[np.triu_indices(3, 1)]
    assert disagreement.marks[0].x == pytest.approx(100 * pairs.mean())
    assert figure.compute({"subspaces": subspaces()}).panels[0].marks == ()


def test_medians_and_what_is_missing_are_told():
    dataset = subspaces(("dropout", "random"), num_members=2, num_samples=5)
    dataset["accuracy"][1], dataset["disagreement"][1] = 0.6, 0.05
    medians, left_out = figure.compute({"subspaces": dataset}).found
    assert medians.startswith("Median accuracy and disagreement with their solution: random subspace 60.0 % and 5.0 %;")
    assert "dropout subspace" in medians
    assert left_out == "3 of 20 samples were left out, as too inaccurate or not measured."


def test_a_method_without_samples_is_left_out():
    dataset = subspaces()
    dataset["accuracy"][0] = dataset["disagreement"][0] = np.nan
    drawing = figure.compute({"subspaces": dataset})
    assert [len(panel.rows) for panel in drawing.panels] == [4, 4]
    assert "random subspace" not in drawing.found[0].replace("low rank of random", "")
    assert "nan" not in drawing.alt


def test_accuracy_alone_is_drawn():
    drawing = figure.compute({"subspaces": subspaces().drop_vars(["disagreement", "distance", "tries"])})
    assert [panel.title for panel in drawing.panels] == ["Accuracy"]
    assert len(drawing.found) == 1
