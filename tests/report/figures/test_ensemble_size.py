import numpy as np
import pytest

from modescape.report.figures import ensemble_size
from report.samples import ensemble


def test_each_metric_has_a_panel_in_its_own_unit_with_one_member_to_compare():
    dataset = ensemble(4)
    panels = ensemble_size.compute({"ensemble": dataset}).panels
    assert [panel.title for panel in panels] == ["Accuracy", "NLL", "Brier score", "ECE"]
    for index, scale in enumerate((100, 1, 1, 100)):
        single, curve = panels[index].lines
        np.testing.assert_allclose(curve.y, scale * dataset.value.values[index])
        np.testing.assert_allclose(curve.low, scale * dataset.low.values[index])
        np.testing.assert_allclose(curve.high, scale * dataset.high.values[index])
        assert set(single.y) == {curve.y[0]}
        assert single.dashed
    assert "accuracy against the number of members: 92.00 % with 1, 94.10 % with 4" in panels[0].alt


def test_sampled_sizes_are_told():
    shows = ensemble_size.compute({"ensemble": ensemble(12)}).shows
    assert "Sizes 3 to 9 are each a seeded sample of 200 subsets." in shows
    assert "seeded sample" not in ensemble_size.compute({"ensemble": ensemble(5)}).shows


@pytest.mark.parametrize(
    ("sampled", "counts", "words"),
    [
        ([False, True, False], [3, 50, 1], "Size 2 is a seeded sample of 50 subsets."),
        ([False, True, True], [3, 50, 1200], "Sizes 2 to 3 are each a seeded sample of 50 to 1,200 subsets."),
    ],
)
def test_samples_of_one_size_or_of_several_numbers(sampled, counts, words):
    dataset = ensemble(3).assign(sampled=("size", sampled), num_subsets=("size", counts))
    assert words in ensemble_size.compute({"ensemble": dataset}).shows


def test_the_confidence_is_that_of_the_results():
    dataset = ensemble(3)
    dataset.attrs["confidence"] = 0.9
    assert "90 % interval" in ensemble_size.compute({"ensemble": dataset}).shows


def test_curves_without_intervals_or_without_size_1_are_drawn():
    dataset = ensemble(4)[["value"]].sel(size=[2, 4])
    [line] = ensemble_size.compute({"ensemble": dataset}).panels[0].lines
    assert line.low is None
    assert line.x.tolist() == [2, 4]


def test_the_table_holds_values_gains_and_subsets():
    columns = ensemble_size.compute({"ensemble": ensemble(3)}).table.columns
    assert list(columns)[:2] == ["metric", "size"]
    assert set(columns) >= {"value", "low", "high", "gain", "gain_low", "gain_high", "num_subsets", "sampled"}
    assert len(columns["value"]) == 12


def test_a_metric_without_numbers_says_so():
    dataset = ensemble(3)
    value = dataset.value.values.copy()
    value[1] = np.nan
    dataset["value"] = (dataset.value.dims, value)
    assert ensemble_size.compute({"ensemble": dataset}).panels[1].alt.endswith("no numbers.")
