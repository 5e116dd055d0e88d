"""Comparison of groups of runs: means over members, paired effects, and rank correlation with how runs ended."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import ArrayLike
from scipy.special import stdtrit
from scipy.stats import rankdata

from modescape.core.checks import check_at_least, check_choice
from modescape.core.errors import ArgumentError, Quoted
from modescape.core.seeds import Stream, derived_seed, numpy_generator
from modescape.evaluate.inputs import check_confidence
from modescape.evaluate.intervals import percentile_interval

Scope = Literal["within", "across"]
SCOPES: tuple[Scope, ...] = ("within", "across")
LEAST_FREEDOM = 2
"""Two runs are always in perfect order, or in perfect disorder: they say nothing of a correlation."""


@dataclass(frozen=True)
class PairedEffect:
    """How much higher second values are than first ones.

    Args:
        value: Mean of second minus first.
        low: Lower end of its interval; NaN with less than two pairs.
        high: Upper end.
        num_pairs: Pairs of which both values are known.
    """

    value: float
    low: float
    high: float
    num_pairs: int


@dataclass(frozen=True)
class RankCorrelation:
    """How far a measure puts runs in the order of their outcome.

    Args:
        value: Spearman's correlation of ranks, in [-1, 1]; NaN where the runs can't tell.
        low: Lower end of its interval.
        high: Upper end.
        concordance: Of pairs of runs with different outcomes, the share that the measure puts in the same order; pairs
            that it holds for equal count half.
        num_runs: Runs of which both numbers are known.
    """

    value: float
    low: float
    high: float
    concordance: float
    num_runs: int


def mean_interval(
    values: Float[ArrayLike, "... replicate"], *, confidence: float = 0.95
) -> tuple[Float[np.ndarray, "..."], Float[np.ndarray, "..."], Float[np.ndarray, "..."]]:
    """Return means over replicates, such as members, with Student's interval.

    m -+ t s / sqrt(n), where s^2 = sum_i (x_i - m)^2 / (n - 1) and t is the (1 + confidence) / 2 quantile of Student's
    distribution with n - 1 degrees of freedom.

    Source: Student (1908), https://doi.org/10.2307/2331554

    Args:
        values: Leading axes are kept; NaN, such as a member that diverged, is left out of n.
        confidence: The probability with which such intervals hold the true mean.

    Returns:
        Means, lower ends and upper ends. A mean of nothing is NaN, and so is the interval of one value.

    Raises:
        ArgumentError: If there is no axis of replicates, or the confidence lies outside (0, 1).

    >>> [round(float(number), 3) for number in mean_interval([1.0, 2.0, 3.0, float("nan")], confidence=0.9)]
    [2.0, 0.314, 3.686]
    """
    check_confidence(confidence)
    array = np.asarray(values, dtype=np.float64)
    if array.ndim < 1:
        got = Quoted(f"shape {array.shape}")
        raise ArgumentError("values", "have an axis of replicates", got, "Pass one number a member")
    known = ~np.isnan(array)
    number = known.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(known, array, 0.0).sum(axis=-1) / number
        squares = np.where(known, (array - mean[..., None]) ** 2, 0.0).sum(axis=-1)
        half = _student(number - 1, confidence) * np.sqrt(squares / (number - 1) / number)
    return mean, mean - half, mean + half


def paired_effect(first: ArrayLike, second: ArrayLike, *, confidence: float = 0.95) -> PairedEffect:
    """Return how much higher the second of each pair is than the first: the mean difference with Student's interval.

    What both of a pair have in common, such as the data or the seed of a member, does not widen the interval.

    Source: Student (1908), https://doi.org/10.2307/2331554

    Args:
        first: One number a pair, in any shape; pairs with NaN are left out.
        second: The others, in the same order.
        confidence: As in `mean_interval`.

    Raises:
        ArgumentError: If the shapes differ or the confidence lies outside (0, 1).

    >>> effect = paired_effect([1.0, 5.0, 9.0], [2.0, 7.0, 12.0], confidence=0.9)
    >>> effect.value, round(effect.low, 3), effect.num_pairs
    (2.0, 0.314, 3)
    """
    before, after = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if before.shape != after.shape:
        rule, got = f"have the shape {before.shape}, as first has", Quoted(f"shape {after.shape}")
        raise ArgumentError("second", rule, got, "Pass the other value of each pair")
    differences = (after - before).ravel()
    mean, low, high = mean_interval(differences, confidence=confidence)
    return PairedEffect(float(mean), float(low), float(high), int((~np.isnan(differences)).sum()))


def pair_mean_interval(
    matrix: Float[ArrayLike, "member member_other"], *, confidence: float = 0.95
) -> tuple[float, float, float]:
    """Return the mean over pairs of members, such as that of disagreements, with the jackknife's interval.

    Pairs share members and are not independent: with n members and m_(-i) the mean without member i, the pseudo-values
    n m - (n - 1) m_(-i) are treated as a sample of n, with Student's interval.

    Source: Arvesen (1969), section 3, https://doi.org/10.1214/aoms/1177697287

    Args:
        matrix: A number for each pair, symmetric; the diagonal does not count. Members with NaN alone are left out.
        confidence: As in `mean_interval`.

    Returns:
        Mean, lower end, upper end: all NaN with one member, no interval with two.

    Raises:
        ArgumentError: If the matrix is not square or the confidence lies outside (0, 1).

    >>> [round(number, 3) for number in pair_mean_interval([[0, 1, 2], [1, 0, 3], [2, 3, 0]], confidence=0.5)]
    [2.0, 1.057, 2.943]
    """
    check_confidence(confidence)
    array = np.array(matrix, dtype=np.float64)
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        got = Quoted(f"shape {array.shape}")
        raise ArgumentError("matrix", "have the shape (member, member_other)", got, "Pass a number for each pair")
    np.fill_diagonal(array, np.nan)
    known = ~np.isnan(array).all(axis=1)
    np.fill_diagonal(array, 0.0)
    return _jackknifed(array[np.ix_(known, known)], confidence)


def rank_correlation(
    measure: Float[ArrayLike, "run"],
    outcome: Float[ArrayLike, "run"],
    groups: ArrayLike,
    *,
    scope: Scope,
    confidence: float = 0.95,
    num_resamples: int = 1000,
    seed: int = 0,
) -> RankCorrelation:
    """Return Spearman's correlation of a measure with an outcome, within groups of like runs or across all of them.

    With centred ranks r_i and s_i: sum_i r_i s_i / sqrt(sum_i r_i^2 sum_i s_i^2). Across groups, ranks are among all
    runs; within groups, among the runs of the same group, so that what sets groups apart has no influence. Tied runs
    have the mean of their ranks.

    Interval: percentiles over resamples, whose ranks are found anew. Within groups, runs are drawn with replacement
    from each; across groups, whole groups are drawn, because runs of one group are not independent (runs, where there
    is only one group). Resamples in which nothing differs are left out.

    Source: Spearman (1904), https://doi.org/10.2307/1412159; resampling of groups: Davison, Hinkley (1997), Bootstrap
    Methods and their Application, section 3.8

    Args:
        measure: One number a run, for example its sharpness early in training; NaN leaves a run out.
        outcome: How the run ended, for example its test accuracy.
        groups: To which group each run belongs.
        scope: `within` or `across` groups.
        confidence: Of the interval.
        num_resamples: Resamples.
        seed: Seed of the run.

    Raises:
        ArgumentError: If lengths differ, or the scope, the confidence or a number is wrong.

    >>> found = rank_correlation([1.0, 2.0, 8.0, 9.0], [0.6, 0.5, 0.9, 0.8], [0, 0, 1, 1], scope="within")
    >>> round(found.value, 3), found.concordance
    (-1.0, 0.0)
    >>> found = rank_correlation([1.0, 2.0, 8.0, 9.0], [0.6, 0.5, 0.9, 0.8], [0, 0, 1, 1], scope="across")
    >>> round(found.value, 3), round(found.concordance, 3)
    (0.6, 0.667)
    """
    check_choice(scope, SCOPES, "scope")
    check_confidence(confidence)
    check_at_least(num_resamples, 1, "num_resamples", "Pass 1000")
    x, y, labels = _known_runs(measure, outcome, groups)
    together = np.ones((len(x), len(x)), dtype=bool) if scope == "across" else labels[:, None] == labels
    freedom = len(x) - (len(np.unique(labels)) if scope == "within" else 1)
    if freedom < LEAST_FREEDOM:
        return RankCorrelation(np.nan, np.nan, np.nan, _concordance(x, y, together), len(x))
    value = float(_correlations(x, y, together, np.ones((1, len(x))))[0])
    weights = _resampled(labels, scope, num_resamples, numpy_generator(derived_seed(seed, Stream.BOOTSTRAP)))
    found = _correlations(x, y, together, weights)
    found = found[~np.isnan(found)]
    low, high = percentile_interval(found, confidence) if found.size else (np.nan, np.nan)
    return RankCorrelation(value, float(low), float(high), _concordance(x, y, together), len(x))


def _student(freedom: np.ndarray, confidence: float) -> np.ndarray:
    """Return the quantile of Student's distribution, NaN without freedom."""
    return np.where(freedom > 0, stdtrit(np.maximum(freedom, 1), (1 + confidence) / 2), np.nan)


def _jackknifed(array: Float[np.ndarray, "member member_other"], confidence: float) -> tuple[float, float, float]:
    """Return the mean over pairs and the interval of the jackknife."""
    number = len(array)
    if number < 2:
        return np.nan, np.nan, np.nan
    total = array.sum() / 2
    mean = float(total / (number * (number - 1) / 2))
    if number == 2:
        return mean, np.nan, np.nan
    without = (total - array.sum(axis=1)) / ((number - 1) * (number - 2) / 2)
    _, low, high = mean_interval(number * mean - (number - 1) * without, confidence=confidence)
    return mean, float(low), float(high)


def _known_runs(
    measure: ArrayLike, outcome: ArrayLike, groups: ArrayLike
) -> tuple[Float[np.ndarray, "run"], Float[np.ndarray, "run"], np.ndarray]:
    """Return the ranks of both numbers, and the groups, of the runs of which both are known."""
    x, y, labels = np.asarray(measure, dtype=np.float64), np.asarray(outcome, dtype=np.float64), np.asarray(groups)
    for argument, array in (("outcome", y), ("groups", labels)):
        if x.ndim != 1 or array.shape != x.shape:
            rule, got = f"hold one value for each of the {x.size} runs of measure", Quoted(f"shape {array.shape}")
            raise ArgumentError(argument, rule, got, "Pass one value a run, in the same order")
    known = ~(np.isnan(x) | np.isnan(y))
    # Ranks in place of values: the order is all that counts, and infinities can't be subtracted.
    return rankdata(x[known]), rankdata(y[known]), labels[known]


def _correlations(
    x: Float[np.ndarray, "run"],
    y: Float[np.ndarray, "run"],
    together: Bool[np.ndarray, "run run"],
    weights: Float[np.ndarray, "resample run"],
) -> Float[np.ndarray, "resample"]:
    """Return Spearman's correlation in each resample, in which run i stands w_i times.

    The centred rank of run i is half of sum_j w_j sign(x_i - x_j) over the runs j that it is ranked among.
    """
    ranks = [weights @ (together * np.sign(values[:, None] - values)).T for values in (x, y)]
    products = [(weights * first * second).sum(axis=1) for first, second in (ranks, ranks[:1] * 2, ranks[1:] * 2)]
    scale = np.sqrt(products[1] * products[2])
    return np.divide(products[0], scale, out=np.full(len(weights), np.nan), where=scale > 0)


def _concordance(
    x: Float[np.ndarray, "run"], y: Float[np.ndarray, "run"], together: Bool[np.ndarray, "run run"]
) -> float:
    """Return the share of pairs that are in the same order in both, ties in the first counting half."""
    orders = [np.sign(values[:, None] - values) for values in (x, y)]
    counted = together & (orders[1] != 0)
    return float(0.5 + 0.5 * (orders[0] * orders[1])[counted].mean()) if counted.any() else np.nan


def _resampled(
    labels: np.ndarray, scope: Scope, num_resamples: int, generator: np.random.Generator
) -> Float[np.ndarray, "resample run"]:
    """Return how often each run stands in each resample."""
    _, codes = np.unique(labels, return_inverse=True)
    number = int(codes.max()) + 1
    if scope == "across" and number > 1:
        return generator.multinomial(number, np.full(number, 1 / number), size=num_resamples)[:, codes].astype(float)
    weights = np.zeros((num_resamples, len(codes)))
    for code in range(number):
        rows = np.flatnonzero(codes == code)
        weights[:, rows] = generator.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), size=num_resamples)
    return weights
