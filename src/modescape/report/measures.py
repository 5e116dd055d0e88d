"""How each measure of a minimum is written: name, unit, digits, and which way a good minimum is thought to lie."""

from typing import Final

from modescape.report.metrics import Metric

MEASURES: Final = {
    measure.name: measure
    for measure in (
        Metric("train_loss", "training loss", "nats", "nats", decimals=3, higher_is_better=False),
        Metric("test_accuracy", "test accuracy", "%", "percentage points", 100.0, 2, higher_is_better=True),
        Metric("validation_accuracy", "validation accuracy", "%", "percentage points", 100.0, 2, higher_is_better=True),
        Metric("sharpness", "sharpness", "nats", "nats", decimals=4, higher_is_better=False),
        Metric("width", "width", "filter norms", "filter norms", decimals=3, higher_is_better=True),
        Metric("top_eigenvalue", "largest eigenvalue", "nats", "nats", decimals=2, higher_is_better=False),
        Metric("trace", "trace", "nats", "nats", decimals=1, higher_is_better=False),
        Metric("gradient_norm", "length of the gradient", "nats", "nats", decimals=3),
        Metric("distance_from_start", "distance from the start", "start norms", "start norms"),
    )
}
"""The measures of a minimum, in the order they are shown. Weights have no unit, so derivatives are in nats."""


def measure_named(name: str) -> Metric:
    """Return how a measure is shown; one we don't know is shown as it is stored.

    >>> measure_named("width").unit, measure_named("mine").label
    ('filter norms', 'mine')
    """
    return MEASURES.get(name) or Metric(name, name)


def axis_of(measure: Metric) -> str:
    """Return the label of an axis along which a measure is drawn: no way is called better for the reader.

    >>> axis_of(measure_named("sharpness"))
    'sharpness (nats)'
    """
    return f"{measure.label}{f' ({measure.unit})' if measure.unit else ''}"
