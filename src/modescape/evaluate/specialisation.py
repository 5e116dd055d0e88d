"""Do members specialise on classes? The spread of their per-class accuracies against what chance would give."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import ArrayLike

from modescape.core.seeds import Stream, derived_seed, numpy_generator
from modescape.evaluate.comparison import mean_interval
from modescape.evaluate.exchanges import checked_correct, class_accuracies, exchanged_accuracies
from modescape.evaluate.inputs import check_confidence

MOST_DRAWS = 10**9
"""Exchanged answers up to which chance is drawn: some ten seconds. 40 members and 10,000 examples are well below it."""

Chance = Literal["exchanges", "chi-square"]


@dataclass(frozen=True, eq=False)
class ClassSpread:
    """How much members differ from class to class, beyond how good they are overall.

    Attributes:
        spread: Standard deviation over members of the accuracy on a class, after overall differences are taken off.
        expected: What it would be by chance, the root of the mean square.
        low: Lower end of where chance would put it.
        high: Upper end.
        p: Probability of a spread at least as large by chance, for each class.
        ratio: Variance over all classes as a multiple of that expected by chance: 1 where nobody specialises.
        ratio_low: Lower end of the interval of the ratio, over members; NaN with fewer than three.
        ratio_high: Upper end.
        chance_low: Lower end of where chance would put the ratio.
        chance_high: Upper end.
        ratio_p: Probability of a ratio at least as large by chance.
        chance: How chance was found: drawn by `exchanges`, or from the `chi-square` distribution.
        num_resamples: Exchanges that were drawn.
    """

    spread: Float[np.ndarray, "class"]
    expected: Float[np.ndarray, "class"]
    low: Float[np.ndarray, "class"]
    high: Float[np.ndarray, "class"]
    p: Float[np.ndarray, "class"]
    ratio: float
    ratio_low: float
    ratio_high: float
    chance_low: float
    chance_high: float
    ratio_p: float
    chance: Chance
    num_resamples: int


def class_spread(
    correct: Bool[np.ndarray, "member example"],
    labels: Int[np.ndarray, "example"],
    *,
    num_classes: int,
    num_resamples: int = 1000,
    confidence: float = 0.95,
    seed: int,
) -> ClassSpread:
    """Return how much members differ from class to class, against members that are exchanged within examples.

    With a_mc the accuracy of member m on class c, r_mc = a_mc - mean_c a_mc - mean_m a_mc + mean a_mc is what neither
    how good a member is nor how hard a class is explains; the spread of a class is the root of
    s_c^2 = sum_m r_mc^2 / (M - 1). By chance, each example with k of M members right adds k (M - k) / (M (M - 1)) to
    the variance of a sum, and so with C classes of n_c examples
    E s_c^2 = v_c (1 - 2 / C) + sum_c v_c / C^2, with v_c = sum over examples of k (M - k) / (M (M - 1)) / n_c^2.
    The ratio is sum_c s_c^2 over its expectation; its interval is the jackknife's over members, of the logarithm.

    Chance is drawn by `exchanged_accuracies`; where that would take very long, (M - 1) s_c^2 / E s_c^2 is referred to
    the chi-square distribution with M - 1 degrees of freedom, which it approaches with many examples.

    Source: interaction of two factors: Scheffe (1959), The Analysis of Variance, section 4.1; jackknife of a logarithm
    of variances: Arvesen (1969), section 4, https://doi.org/10.1214/aoms/1177697287

    Args:
        correct: Whether each member decides each example right.
        labels: The true classes; classes without examples are NaN and do not count.
        num_classes: Number of classes.
        num_resamples: Exchanges.
        confidence: Of the interval, and of where chance would put the numbers.
        seed: Seed of the run.

    Returns:
        All NaN with fewer than two members, or fewer than two classes that have examples.

    Raises:
        ArgumentError: If shapes differ, a class is outside [0, num_classes), or a number is out of range.

    >>> right = np.array([[True, True, False, False], [False, False, True, True]])
    >>> found = class_spread(right, np.array([0, 0, 1, 1]), num_classes=2, num_resamples=100, seed=0)
    >>> found.spread.round(3).tolist(), found.expected.round(3).tolist(), round(found.ratio, 3)
    ([0.707, 0.707], [0.354, 0.354], 4.0)
    """
    check_confidence(confidence)
    right, truth = checked_correct(correct, labels, num_classes)
    accuracies = class_accuracies(right, truth, num_classes=num_classes)
    if len(right) < 2 or np.isfinite(accuracies[0]).sum() < 2:
        nothing, none = np.full(num_classes, np.nan), float("nan")
        numbers = (none, none, none, none, none, none)
        return ClassSpread(nothing, nothing, nothing, nothing, nothing, *numbers, chance="exchanges", num_resamples=0)
    number = right.sum(axis=0)
    variance, expected = _variance(accuracies), _expected(number, len(right), truth, num_classes)
    draws = int(((number > 0) & (number < len(right))).sum()) * len(right) * num_resamples
    how: Chance = "exchanges" if draws <= MOST_DRAWS else "chi-square"
    if how == "exchanges":
        chance = _drawn(right, truth, num_classes, num_resamples, seed)
    else:
        chance = _limit(expected, len(right), num_resamples, seed)
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    low, high = np.sqrt(np.quantile(chance, tails, axis=0))
    total = np.nansum(expected)
    whole, drawn = (np.nansum(values, axis=-1) / total if total > 0 else np.nan for values in (variance, chance))
    least, most = np.quantile(drawn, tails)
    return ClassSpread(
        np.sqrt(variance),
        np.sqrt(expected),
        low,
        high,
        _reached(variance, chance),
        float(whole),
        *_ratio_interval(right, truth, accuracies, confidence),
        float(least),
        float(most),
        float(_reached(whole, drawn)),
        how,
        num_resamples,
    )


def _reached(value: Float[ArrayLike, "..."], chance: Float[ArrayLike, "..."]) -> Float[np.ndarray, "..."]:
    """Return the share of draws that are at least as large, the observed one among them; NaN where it is NaN."""
    draws = np.atleast_1d(np.asarray(chance))
    share = ((np.asarray(value) * (1 - 1e-12) <= draws).sum(axis=0) + 1) / (len(draws) + 1)
    return np.where(np.isnan(value), np.nan, share)


def _variance(accuracies: Float[np.ndarray, "member class"]) -> Float[np.ndarray, "class"]:
    """Return the variance over members of what neither member nor class explains."""
    left = accuracies - np.nanmean(accuracies, axis=1, keepdims=True)
    left -= left.mean(axis=0)
    return (left**2).sum(axis=0) / (len(left) - 1)


def _expected(
    number: Int[np.ndarray, "example"], members: int, labels: Int[np.ndarray, "example"], num_classes: int
) -> Float[np.ndarray, "class"]:
    """Return what the variance would be by chance, from how many members are right on each example."""
    counts = np.bincount(labels, minlength=num_classes).astype(np.float64)
    added = number * (members - number) / (members * (members - 1))
    counts[counts == 0] = np.nan
    own = np.bincount(labels, weights=added, minlength=num_classes) / counts**2
    known = np.isfinite(counts).sum()
    return own * (1 - 2 / known) + np.nansum(own) / known**2


def _drawn(
    right: Bool[np.ndarray, "member example"],
    labels: Int[np.ndarray, "example"],
    num_classes: int,
    num_resamples: int,
    seed: int,
) -> Float[np.ndarray, "resample class"]:
    """Return the variances after exchanges."""
    size = {"num_classes": num_classes, "num_resamples": num_resamples, "seed": seed}
    return np.stack([_variance(found) for found in exchanged_accuracies(right, labels, **size)])


def _limit(
    expected: Float[np.ndarray, "class"], num_members: int, num_resamples: int, seed: int
) -> Float[np.ndarray, "resample class"]:
    """Return draws from the distribution that variances approach with many examples."""
    generator = numpy_generator(derived_seed(seed, Stream.PERMUTATION))
    freedom = num_members - 1
    return expected * generator.chisquare(freedom, size=(num_resamples, len(expected))) / freedom


def _ratio_interval(
    right: Bool[np.ndarray, "member example"],
    labels: Int[np.ndarray, "example"],
    accuracies: Float[np.ndarray, "member class"],
    confidence: float,
) -> tuple[float, float]:
    """Return the jackknife's interval of the ratio over members, of its logarithm."""
    members, number = len(right), right.sum(axis=0)
    if members < 3:
        return np.nan, np.nan
    whole = _log_ratio(accuracies, number, labels)
    without = np.array(
        [_log_ratio(np.delete(accuracies, member, axis=0), number - right[member], labels) for member in range(members)]
    )
    _, low, high = mean_interval(members * whole - (members - 1) * without, confidence=confidence)
    return float(np.exp(low)), float(np.exp(high))


def _log_ratio(
    accuracies: Float[np.ndarray, "member class"],
    number: Int[np.ndarray, "example"],
    labels: Int[np.ndarray, "example"],
) -> float:
    """Return the logarithm of the ratio."""
    members, num_classes = accuracies.shape
    total, expected = np.nansum(_variance(accuracies)), np.nansum(_expected(number, members, labels, num_classes))
    return float(np.log(total / expected)) if total > 0 and expected > 0 else np.nan
