import numpy as np
import pytest

from modescape.report.figures import drawn, method_differences
from report import study_samples as samples


def compute(dataset):
    return method_differences.compute({"methods": dataset})


def test_each_method_is_compared_with_the_plain_ensemble_at_full_size():
    dataset = samples.methods(6)
    accuracy = compute(dataset).panels[0]
    assert accuracy.rows[0].name == "weight average"
    assert len(accuracy.rows) == len(samples.METHODS) - 1
    for row, method in zip(accuracy.rows, samples.METHODS[1:], strict=True):
        place = {"scaling": "raw", "metric": "accuracy", "method": method, "method_other": "independent", "size": 6}
        expected = [100 * float(dataset[f"difference{end}"].sel(place)) for end in ("", "_low", "_high")]
        assert (row.value, row.low, row.high) == pytest.approx(expected)
    assert [mark.x for mark in accuracy.marks] == [0.0]


def test_scaled_probabilities_stand_in_a_group_of_their_own():
    accuracy, nll, *_ = compute(samples.methods(3)).panels
    assert {row.group for row in accuracy.rows} == {""}
    assert [row.group for row in nll.rows] == ["raw probabilities"] * 6 + ["after temperature scaling"] * 6
    raw_only = compute(samples.methods(3, scalings=("raw",))).panels[1]
    assert {row.group for row in raw_only.rows} == {""}


def test_the_label_says_which_way_is_better():
    accuracy, nll, *_ = compute(samples.methods(3)).panels
    assert accuracy.x_label == "difference (percentage points), higher is better"
    assert nll.x_label == "difference (nats), lower is better"


def test_what_can_be_told_is_told():
    [told] = compute(samples.methods()).found
    assert told == "Accuracy with 10 members: no method can be told from the plain ensemble."
    dataset = samples.methods()
    for end in ("", "_low", "_high"):
        shifted = dataset[f"difference{end}"] + 0.1 * dataset.method.isin(["random", "dropout"])
        dataset[f"difference{end}"] = shifted - 0.1 * (dataset.method == "weight-average")
    [told] = compute(dataset).found
    assert told == (
        "Accuracy with 10 members, against the plain ensemble: random subspace and dropout subspace above, "
        "weight average below; others can't be told."
    )
    [told] = compute(dataset.isel(method=[0, 1, 2], method_other=[0, 1, 2])).found
    assert told.endswith("random subspace above, weight average below.")


def test_methods_without_a_difference_are_left_out():
    dataset = samples.methods(3)
    dataset["difference"] = dataset.difference.where(dataset.method != "random")
    assert len(compute(dataset).panels[0].rows) == 5
    dataset["difference_low"] = np.nan * dataset.difference_low
    assert not any(row.has_interval for row in compute(dataset).panels[0].rows)


@pytest.mark.parametrize(
    ("names", "reason"),
    [(("independent",), "needs at least 2 methods"), (("random", "dropout"), "no method_other `independent`")],
)
def test_without_something_to_compare_there_is_no_figure(names, reason):
    dataset = samples.methods(3, names=names)
    if len(names) == 1:
        dataset["difference"] = dataset.difference + 0.0
    _, [left_out] = drawn([method_differences.FIGURE], {"methods": dataset})
    assert left_out.reason.endswith(reason)


def test_the_table_holds_the_differences_to_the_plain_ensemble():
    columns = compute(samples.methods(3)).table.columns
    assert set(columns["method_other"]) == {"independent"}
    assert len(columns["difference"]) == 2 * 4 * 7 * 3
