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
