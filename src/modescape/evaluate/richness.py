"""How many modes there are, seen and unseen, from how often each was found: capture and recapture."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int
from numpy.typing import ArrayLike
from scipy.special import ndtri

from modescape.core.errors import ArgumentError, Quoted
from modescape.evaluate.inputs import check_confidence
from modescape.evaluate.intervals import proportion_interval

UNSEEN = float("inf")
"""The estimate where every mode was found once only: the data set no upper bound."""


@dataclass(frozen=True)
class Richness:
    """How many modes were found, and how many there may be.

    Attributes:
        num_members: Members that were trained.
        num_modes: Different modes among them.
        singletons: Modes that were found once.
        doubletons: Modes that were found twice.
        chao1: Estimate of how many modes there are; infinite where each was found once.
        chao1_low: Lower end of its interval; a lower confidence bound where the estimate is infinite.
        chao1_high: Upper end.
        coverage: Estimated probability that a new member lands in a mode that was found.
        coverage_low: Lower end of its interval.
        coverage_high: Upper end.
    """

    num_members: int
    num_modes: int
    singletons: int
    doubletons: int
    chao1: float
    chao1_low: float
    chao1_high: float
    coverage: float
    coverage_low: float
    coverage_high: float


def richness(modes: Int[ArrayLike, "member"], *, confidence: float = 0.95) -> Richness:
    """Return how many modes there are, estimated from how many were found once and twice.

    With n members in S modes, of which f1 were found once and f2 twice: S + f1 (f1 - 1) / (2 (f2 + 1)), a lower bound
    in expectation whatever the probabilities of modes, exact if all are alike. Its interval is on a logarithmic scale
    of the unseen modes. Where each was found once (S = n > 1) nothing was recaptured and the data set no upper bound:
    the estimate is infinite, and the lower end is the smallest number N of equally likely modes of which n draws are
    all different with a probability of at least 1 - confidence, prod_(i < n) (1 - i / N); unequal modes would have
    repeated more often still. The coverage is 1 - f1 / n. With few members the intervals hold the truth less often than
    stated: those of Chao do so 86 times in 100, and not 95, with 40 members of 20 equal modes.

    Source: Chao (1987), https://doi.org/10.2307/2531532; bias-corrected form and variances: Chiu, Wang, Walther, Chao
    (2014), https://doi.org/10.1111/biom.12200, and Colwell's EstimateS 9.1 User's Guide, appendix B,
    https://www.robertkcolwell.org/pages/1407; coverage: Good (1953), https://doi.org/10.1093/biomet/40.3-4.237, its
    interval: Esty (1983), https://doi.org/10.1214/aos/1176346256. Differs from these in the case without recapture, and
    in Wilson's interval of the coverage where its variance is 0.

    Args:
        modes: The mode of each member, by any number.
        confidence: The probability with which such intervals hold the true number.

    Raises:
        ArgumentError: If there is no member, modes are no whole numbers, or the confidence lies outside (0, 1).

    >>> found = richness([0, 0, 0, 1, 1, 2, 3, 4])
    >>> found.num_modes, found.singletons, found.doubletons, found.chao1, found.coverage
    (5, 3, 1, 6.5, 0.625)
    >>> found = richness(range(10))
    >>> found.chao1, found.chao1_low
    (inf, 19.0)
    """
    check_confidence(confidence)
    members = np.asarray(modes)
    if members.ndim != 1 or not members.size or not np.issubdtype(members.dtype, np.integer):
        got = Quoted(f"{members.dtype} of shape {members.shape}")
        raise ArgumentError("modes", "be whole numbers, one for each of at least one member", got, "Use clusters")
    _, sizes = np.unique(members, return_counts=True)
    number, seen = len(members), len(sizes)
    once, twice = int((sizes == 1).sum()), int((sizes == 2).sum())
    if seen == number:
        estimate = (UNSEEN, _least_modes(number, confidence), UNSEEN)
    else:
        estimate = _chao1(number, seen, once, twice, confidence)
    return Richness(number, seen, once, twice, *estimate, *_coverage(number, once, twice, confidence))


def _chao1(number: int, seen: int, once: int, twice: int, confidence: float) -> tuple[float, float, float]:
    """Return the estimate with its interval."""
    z = float(ndtri((1 + confidence) / 2))
    unseen = once * (once - 1) / (2 * (twice + 1))
    if unseen == 0:
        missed = np.exp(-number / seen)
        centre, half = seen / (1 - missed), z * np.sqrt(seen * missed) / (1 - missed)
        return float(seen), float(max(seen, centre - half)), float(centre + half)
    estimate = seen + unseen
    if twice:
        ratio = (once - 1) / (twice + 1)
        variance = (
            unseen
            + once * (2 * once - 1) ** 2 / (4 * (twice + 1) ** 2)
            + once**2 * twice * ratio**2 / (4 * (twice + 1) ** 2)
        )
    else:
        variance = unseen + once * (2 * once - 1) ** 2 / 4 - once**4 / (4 * estimate)
    factor = np.exp(z * np.sqrt(np.log1p(max(variance, 0.0) / unseen**2)))
    return estimate, float(seen + unseen / factor), float(seen + unseen * factor)


def _least_modes(number: int, confidence: float) -> float:
    """Return the smallest number of equally likely modes of which so many draws may all be different."""
    draws = np.arange(number)

    def may_differ(modes: int) -> bool:
        return float(np.log1p(-draws / modes).sum()) >= np.log1p(-confidence)

    low, high = number - 1, number
    while not may_differ(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if may_differ(middle) else (middle, high)
    return float(high)


def _coverage(number: int, once: int, twice: int, confidence: float) -> tuple[float, float, float]:
    """Return the estimated coverage with its interval."""
    coverage = 1 - once / number
    variance = (once * coverage + 2 * twice) / number**2
    if once in {0, number}:
        low, high = proportion_interval(number - once, number, confidence=confidence)
        return coverage, float(low), float(high)
    half = float(ndtri((1 + confidence) / 2)) * variance**0.5
    return coverage, max(0.0, coverage - half), min(1.0, coverage + half)
