"""Estimates with their intervals, read by name, and the one among several that speaks most against a claim."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import xarray as xr

from modescape.report.inputs import optional
from modescape.report.verdicts import Number


@dataclass(frozen=True, eq=False)
class Estimates:
    """Estimates and the ends of their intervals, three arrays of one shape; NaN where a number is not there."""

    value: xr.DataArray
    low: xr.DataArray
    high: xr.DataArray

    def at(self, **labels: Hashable) -> "Estimates | None":
        """Return the estimates at labels, or None where there is no such label."""
        if any(label not in self.value[dim].values for dim, label in labels.items()):
            return None
        return Estimates(*(array.sel(labels) for array in (self.value, self.low, self.high)))

    def minus(self, other: "Estimates") -> "Estimates":
        """Return the differences to other estimates, with intervals that are never too narrow.

        The ends are as far apart as both intervals allow: the standard deviation of a difference is at most the sum of
        the standard deviations, with equality when the two move against each other.
        """
        return Estimates(self.value - other.value, self.low - other.high, self.high - other.low)

    def over(self, divisor: float) -> "Estimates":
        """Return the estimates divided by a number above 0."""
        return Estimates(*(array / divisor for array in (self.value, self.low, self.high)))

    def number(self, name: str, *, scale: float = 1.0, **style: Any) -> Number:
        """Return a single estimate as it is shown.

        Args:
            name: What it is.
            scale: What it is multiplied by to be shown.
            **style: Unit, digits and sign, as `Number` takes them.
        """
        low, high = (scale * float(end) for end in (self.low, self.high))
        whole = bool(np.isfinite([low, high]).all())
        return Number(name, scale * float(self.value), low if whole else None, high if whole else None, **style)


def read(results: Mapping[str, xr.Dataset], step: str, name: str, dims: Sequence[str]) -> Estimates | None:
    """Return a variable of a step with the ends of its intervals (`<name>_low`, `<name>_high`), or None.

    >>> dataset = xr.Dataset({"slope": ("metric", [0.5])}, coords={"metric": ["accuracy"]})
    >>> read({"shift": dataset}, "shift", "slope", ["metric"]).low.values.tolist()
    [nan]
    """
    value = optional(results, step, name, dims)
    if value is None:
        return None
    ends = [optional(results, step, f"{name}_{end}", dims) for end in ("low", "high")]
    low, high = (xr.full_like(value, np.nan, dtype=np.float64) if end is None else end for end in ends)
    return Estimates(value, low, high)


@dataclass(frozen=True)
class Extreme:
    """The estimate that lies farthest to one side, and the farthest ends of all intervals.

    Args:
        label: Which one it is.
        value: Its value.
        low: Farthest lower end of all intervals, NaN where one has none.
        high: Farthest upper end of all intervals.
    """

    label: str
    value: float
    low: float
    high: float

    def number(self, name: str, **style: Any) -> Number:
        """Return the estimate as it is shown."""
        whole = bool(np.isfinite([self.low, self.high]).all())
        return Number(name, self.value, self.low if whole else None, self.high if whole else None, **style)


def farthest(estimates: Mapping[str, Estimates], where: Literal["largest", "smallest"]) -> Extreme | None:
    """Return the largest or smallest of several estimates, or None where none has a value.

    The interval is that of an extreme of all: from the largest lower end to the largest upper end (the smallest of both
    for the smallest), so that it lies on one side of a mark only where the intervals of all do, or on the other where
    that of at least one does.

    Args:
        estimates: Single estimates by what they are; those without a value are left out.
        where: Which extreme.
    """
    present = {label: one for label, one in estimates.items() if np.isfinite(float(one.value))}
    if not present:
        return None
    pick = np.argmax if where == "largest" else np.argmin
    rows = np.array([[float(one.value), float(one.low), float(one.high)] for one in present.values()])
    most = rows.max(axis=0) if where == "largest" else rows.min(axis=0)
    return Extreme(list(present)[int(pick(rows[:, 0]))], *(float(end) for end in most))
