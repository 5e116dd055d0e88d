"""How each metric of a predictor is written: name, unit, digits, and which way is better."""

import math
from dataclasses import dataclass
from typing import Final

from modescape.report.verdicts import Number


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
    def heading(self) -> str:
        """The label as the first words of a line."""
        return self.label[0].upper() + self.label[1:]

    def shown(self, value: float) -> str:
        """Write a stored value with its unit.

        >>> METRICS["accuracy"].shown(0.915)
        '91.50 %'
        """
        return str(Number(self.label, self.scale * value, unit=self.unit, decimals=self.decimals))

    def change(self, value: float, low: float, high: float) -> Number:
        """Return a stored difference of two values as it is shown; without an interval where an end is not finite."""
        whole = math.isfinite(low) and math.isfinite(high)
        low_end, high_end = (self.scale * low, self.scale * high) if whole else (None, None)
        return Number(self.label, self.scale * value, low_end, high_end, self.change_unit, self.decimals, signed=True)

    @property
    def better(self) -> str:
        """Which way is better, in words that follow a label; empty where it is not known."""
        return {True: ", higher is better", False: ", lower is better", None: ""}[self.higher_is_better]

    @property
    def change_label(self) -> str:
        """What follows the word for a difference: its unit, and which way is better."""
        return f"{f' ({self.change_unit})' if self.change_unit else ''}{self.better}"

    @property
    def axis_label(self) -> str:
        """Label and unit, and which way is better."""
        return f"{self.label}{f' ({self.unit})' if self.unit else ''}{self.better}"


METRICS: Final = {
    metric.name: metric
    for metric in (
        Metric("accuracy", "accuracy", "%", "percentage points", 100.0, 2, higher_is_better=True),
        Metric("nll", "NLL", "nats", "nats", decimals=3, higher_is_better=False),
        Metric("brier", "Brier score", decimals=4, higher_is_better=False),
        Metric("ece", "ECE", "%", "percentage points", 100.0, 2, higher_is_better=False),
        Metric("jensen_shannon", "Jensen-Shannon divergence", "nats", "nats", decimals=4),
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
