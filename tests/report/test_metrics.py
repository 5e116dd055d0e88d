import math

import pytest

from modescape.report.metrics import METRICS, metric_named


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("accuracy", "accuracy (%), higher is better"),
        ("nll", "NLL (nats), lower is better"),
        ("brier", "Brier score, lower is better"),
        ("ece", "ECE (%), lower is better"),
        ("<b>", "<b>"),
    ],
)
def test_axis_labels_name_unit_and_direction(name, label):
    assert metric_named(name).axis_label == label


def test_only_accuracy_is_better_when_higher():
    assert [name for name, metric in METRICS.items() if metric.higher_is_better] == ["accuracy"]


def test_values_and_differences_are_written_in_their_units():
    accuracy, brier = METRICS["accuracy"], METRICS["brier"]
    assert accuracy.shown(0.6404) == "64.04 %"
    assert str(accuracy.change(0.012, -0.001, 0.025)) == "+1.20 percentage points [-0.10, +2.50]"
    assert str(brier.change(-0.02, -0.03, -0.01)) == "-0.0200 [-0.0300, -0.0100]"
    assert accuracy.heading == "Accuracy"
    assert METRICS["nll"].heading == "NLL"
    assert accuracy.change_label == " (percentage points), higher is better"
    assert brier.change_label == ", lower is better"


@pytest.mark.parametrize("ends", [(math.nan, 0.5), (0.5, math.nan), (-math.inf, 0.5)])
def test_an_end_that_is_not_finite_leaves_no_interval(ends):
    assert METRICS["nll"].change(0.1, *ends).interval == ""
