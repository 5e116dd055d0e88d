"""How each metric of a predictor is written: name, unit, digits, and which way is better."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Metric:
    """The way one metric is shown.

    Args:
        name: Its name in stored results.
        label: Its name for a reader.
        unit: Unit of a shown value, or empty.
        change_unit: Unit of a shown difference between two values.
        scale: What a stored value is multiplied by to be shown.
        decimals: Digits after the point of a shown value.
        higher_is_better: None where it is not known.
    """

    name: str
    label: str
    unit: str = ""
    change_unit: str = ""
    scale: float = 1.0
    decimals: int = 3
    higher_is_better: bool | None = None

    @property
    def axis_label(self) -> str:
        """Label and unit, and which way is better."""
        better = {True: ", higher is better", False: ", lower is better", None: ""}[self.higher_is_better]
        return f"{self.label}{f' ({self.unit})' if self.unit else ''}{better}"


METRICS: Final = {
    metric.name: metric
    for metric in (
        Metric("accuracy", "accuracy", "%", "percentage points", 100.0, 2, higher_is_better=True),
        Metric("nll", "NLL", "nats", "nats", decimals=3, higher_is_better=False),
        Metric("brier", "Brier score", decimals=4, higher_is_better=False),
        Metric("ece", "ECE", "%", "percentage points", 100.0, 2, higher_is_better=False),
    )
}
"""The metrics modescape measures, in the order they are shown."""


def metric_named(name: str) -> Metric:
    """Return how a metric is shown; one we don't know is shown as it is stored.

    >>> metric_named("nll").axis_label
    'NLL (nats), lower is better'
    >>> metric_named("spread").axis_label
    'spread'
    """
    return METRICS.get(name) or Metric(name, name)
