"""Intervals of what is read off a fitted law of size: from other examples and from other members, added up."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.special import stdtrit

from modescape.evaluate.power_law import PowerLaw


@dataclass(frozen=True, eq=False)
class LawReadings:
    """What is read off a law, with intervals; the ends are NaN where members leave them unknown.

    Attributes:
        fit: The law at each size, with lower and upper ends.
        step: The law at each size minus that at one size less; NaN at size 1.
        limit: What it comes down to.
        rate: How fast it does.
    """

    fit: Float[np.ndarray, "3 size"]
    step: Float[np.ndarray, "3 size"]
    limit: Float[np.ndarray, "3"]
    rate: float


@dataclass(frozen=True, eq=False)
class Replicates:
    """A law fitted to all data, to resamples of the examples, and without each of the members.

    Attributes:
        law: The law of all data.
        over_examples: The laws of the resamples.
        over_members: The laws without one member each; None where they can't be fitted.
        num_examples: Number of examples that were resampled.
    """

    law: PowerLaw
    over_examples: PowerLaw
    over_members: PowerLaw | None
    num_examples: int

    def readings(self, sizes: Int[np.ndarray, "size"], confidence: float) -> LawReadings:
        """Return what is read off the law at some sizes, which begin with 1, with intervals."""
        estimate = _numbers(self.law, sizes)
        low, high = np.full((2, len(estimate)), np.nan)
        if self.over_members is not None:
            half = _half_width(
                _numbers(self.over_examples, sizes), _numbers(self.over_members, sizes), self.num_examples, confidence
            )
            low, high = estimate - half, estimate + half
        return _read(np.stack([estimate, low, high]), len(sizes), float(self.law.rate))


def widest(estimate: LawReadings, others: list[LawReadings]) -> LawReadings:
    """Return an estimate with the lowest lower ends and the highest upper ends of several intervals.

    >>> ends, none = ((0.25, 0.75), (0.5, 1.0)), np.zeros((3, 1))
    >>> one, other = (LawReadings(none, none, np.array([0.6, *pair]), 1.0) for pair in ends)
    >>> widest(one, [one, other]).limit.tolist()
    [0.6, 0.25, 1.0]
    """

    def ends(name: str) -> Float[np.ndarray, "3 ..."]:
        parts = np.stack([getattr(other, name) for other in others])
        return np.stack([getattr(estimate, name)[0], parts[:, 1].min(axis=0), parts[:, 2].max(axis=0)])

    return LawReadings(ends("fit"), ends("step"), ends("limit"), estimate.rate)


def _numbers(law: PowerLaw, sizes: Int[np.ndarray, "size"]) -> Float[np.ndarray, "... number"]:
    """Return the law at each size, its steps and its limit, in one row."""
    at = law.at(sizes)
    return np.concatenate([at, np.diff(at, axis=-1), law.limit[..., None]], axis=-1)


def _read(numbers: Float[np.ndarray, "3 number"], num_sizes: int, rate: float) -> LawReadings:
    """Return a row of numbers by what they are."""
    unknown = np.full((3, 1), np.nan)
    step = np.concatenate([unknown, numbers[:, num_sizes : 2 * num_sizes - 1]], axis=1)
    return LawReadings(numbers[:, :num_sizes], step, numbers[:, -1], rate)


def _half_width(
    over_examples: Float[np.ndarray, "resample number"],
    over_members: Float[np.ndarray, "member number"],
    num_examples: int,
    confidence: float,
) -> Float[np.ndarray, "number"]:
    """Return half the width of Student's interval whose variance is that of a bootstrap and of a jackknife.

    Source: Efron, Tibshirani (1993), An Introduction to the Bootstrap, section 11.5 (the jackknife's variance); the
    degrees of freedom of a sum: Satterthwaite (1946), https://doi.org/10.2307/3002019
    """
    num_members = len(over_members)
    examples = over_examples.var(axis=0, ddof=1)
    members = (num_members - 1) * over_members.var(axis=0, ddof=0)
    variance = examples + members
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = variance**2 / (examples**2 / max(num_examples - 1, 1) + members**2 / (num_members - 1))
    quantile = stdtrit(np.where(variance > 0, freedom, 1.0), (1.0 + confidence) / 2.0)
    return quantile * np.sqrt(variance)
