"""What the figures on methods share: one metric of one method, and a difference told in words."""

from collections.abc import Hashable, Mapping

import numpy as np
import xarray as xr
from jaxtyping import Float

from modescape.report.metrics import Metric
from modescape.report.verdicts import Number, Verdict, side


def cut(
    dataset: xr.Dataset, name: str, labels: Mapping[str, Hashable], *, scale: float = 1.0
) -> Float[np.ndarray, "..."] | None:
    """Return a variable at some labels as plain numbers, or None where it was not stored.

    Args:
        dataset: Results of one step.
        name: Name of the variable.
        labels: Label by dimension.
        scale: What the numbers are multiplied by.

    >>> dataset = xr.Dataset({"value": (("metric", "size"), [[0.5, 0.75]])}, coords={"metric": ["accuracy"]})
    >>> cut(dataset, "value", {"metric": "accuracy"}, scale=100.0).tolist()
    [50.0, 75.0]
    """
    if name not in dataset:
        return None
    return scale * dataset[name].sel(labels).values.astype(np.float64)


def with_ends(
    dataset: xr.Dataset, name: str, labels: Mapping[str, Hashable], *, scale: float = 1.0
) -> tuple[float, float, float]:
    """Return a single number and the ends of its interval (`<name>_low`, `<name>_high`), NaN where it has none.

    >>> dataset = xr.Dataset({"slope": ("metric", [0.5])}, coords={"metric": ["accuracy"]})
    >>> with_ends(dataset, "slope", {"metric": "accuracy"}, scale=100.0)
    (50.0, nan, nan)
    """
    found = [cut(dataset, f"{name}{end}", labels, scale=scale) for end in ("", "_low", "_high")]
    value, low, high = (float("nan") if one is None else float(one) for one in found)
    return value, low, high


def labels_of(dataset: xr.Dataset, dim: str) -> list[str]:
    """Return the labels along a dimension as text; none where there is no such dimension."""
    return [str(label) for label in dataset[dim].values] if dim in dataset.coords else []


def paired_change(dataset: xr.Dataset, metric: Metric, labels: Mapping[str, Hashable]) -> Number | None:
    """Return the paired difference of two methods as it is shown, or None where it was not measured.

    Args:
        dataset: Results with `difference` and the ends of its intervals.
        metric: The metric.
        labels: Label by dimension, `method` minus `method_other`.
    """
    if any(label not in dataset[dim].values for dim, label in labels.items() if dim in dataset.coords):
        return None
    value, low, high = with_ends(dataset, "difference", labels)
    return metric.change(value, low, high) if np.isfinite(value) else None


def told_difference(change: Number) -> str:
    """Write a paired difference and whether chance in the examples explains it.

    >>> told_difference(Number("accuracy", 0.5, -0.5, 1.5, "percentage points", 1, signed=True))
    "+0.5 percentage points [-0.5, +1.5], which can't be told from 0"
    """
    if change.low is None or change.high is None:
        return f"{change} (an estimate, without an interval)"
    unclear = side(change.low, change.high, 0.0) is Verdict.UNCLEAR
    return f"{change}, which can't be told from 0" if unclear else str(change)


def best(metric: Metric, values: Mapping[str, float]) -> str | None:
    """Return the name with the best finite value, or None where there is none or no way is better.

    >>> best(Metric("nll", "NLL", higher_is_better=False), {"a": 1.0, "b": 0.5, "c": float("nan")})
    'b'
    """
    finite = {name: value for name, value in values.items() if np.isfinite(value)}
    if not finite or metric.higher_is_better is None:
        return None
    pick = max if metric.higher_is_better else min
    return pick(finite, key=lambda name: finite[name])
