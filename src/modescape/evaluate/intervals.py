"""Confidence intervals over examples: Wilson's for a fraction, the bootstrap for everything else."""

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy.special import ndtri

from modescape.core.checks import check_at_least
from modescape.core.errors import ArgumentError, Quoted
from modescape.core.seeds import Stream, derived_seed, numpy_generator
from modescape.evaluate.inputs import check_confidence

CHUNK_ENTRIES = 2**22
"""Entries that are held in double precision at a time: 32 MiB."""


def proportion_interval(
    count: ArrayLike, total: ArrayLike, *, confidence: float = 0.95
) -> tuple[Float[np.ndarray, "..."], Float[np.ndarray, "..."]]:
    """Return Wilson's score interval for a fraction, such as an accuracy or a disagreement.

    With p = count / total, n = total and z the normal quantile of (1 + confidence) / 2:
    (p + z^2 / 2n -+ z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n)

    Source: Wilson (1927), https://doi.org/10.1080/01621459.1927.10502953

    Args:
        count: Number of examples that have the property; any shape.
        total: Number of examples; any shape that broadcasts with `count`.
        confidence: The probability with which such intervals hold the true fraction.

    Returns:
        The lower and the upper ends, in [0, 1].

    Raises:
        ArgumentError: If a total is not above 0, a count is outside [0, total], or the confidence outside (0, 1).

    >>> low, high = proportion_interval(8, 10)
    >>> round(float(low), 3), round(float(high), 3)
    (0.49, 0.943)
    """
    check_confidence(confidence)
    counts, totals = np.broadcast_arrays(np.asarray(count, dtype=np.float64), np.asarray(total, dtype=np.float64))
    _check_counts(counts, totals)
    z = ndtri((1.0 + confidence) / 2.0)
    fraction = counts / totals
    centre = fraction + z**2 / (2 * totals)
    half = z * np.sqrt(fraction * (1 - fraction) / totals + z**2 / (4 * totals**2))
    scale = 1 + z**2 / totals
    # At the ends the formula gives exactly 0 and 1 but for rounding.
    low = np.where(counts == 0, 0.0, (centre - half) / scale)
    high = np.where(counts == totals, 1.0, (centre + half) / scale)
    return low, high


def bootstrap_weights(num_examples: int, *, num_resamples: int, seed: int) -> Float[np.ndarray, "resample example"]:
    """Return how often each example is drawn in each of many resamples with replacement.

    Each row is one draw from Multinomial(N; 1/N, ..., 1/N). Using the same weights for several scores keeps them
    paired: the interval of a difference is then an interval for the same examples.

    Source: Efron (1979), https://doi.org/10.1214/aos/1176344552

    Args:
        num_examples: Number of examples N.
        num_resamples: Number of resamples, 1,000 or more for 95% intervals.
        seed: Seed of the run; the same seed gives the same weights.

    Returns:
        Whole numbers in single precision, ready for matrix products: 4 bytes for each example of each resample.

    Raises:
        ArgumentError: If there is no example or no resample, or the seed is negative.

    >>> bootstrap_weights(5, num_resamples=3, seed=0).sum(axis=1).tolist()
    [5.0, 5.0, 5.0]
    """
    check_at_least(num_examples, 1, "num_examples", "Pass the number of examples that were predicted")
    check_at_least(num_resamples, 1, "num_resamples", "Pass 1000")
    generator = numpy_generator(derived_seed(seed, Stream.BOOTSTRAP))
    weights = np.empty((num_resamples, num_examples), dtype=np.float32)
    for row in weights:
        row[:] = np.bincount(generator.integers(num_examples, size=num_examples), minlength=num_examples)
    return weights


def bootstrap_means(
    scores: Float[np.ndarray, "... example"], weights: Float[np.ndarray, "resample example"]
) -> Float[np.ndarray, "... resample"]:
    """Return the mean score over the examples of each resample.

    m_r = sum_n w_rn s_n / sum_n w_rn, in double precision.

    Args:
        scores: Scores for each example, such as `nll_per_example`; leading axes are kept.
        weights: The result of `bootstrap_weights`.

    Raises:
        ArgumentError: If the numbers of examples differ, there is none, or a score is NaN or infinite.

    >>> bootstrap_means(np.array([1.0, 3.0]), np.array([[2.0, 0.0], [1.0, 1.0]])).tolist()
    [1.0, 2.0]
    """
    scores = np.asarray(scores)
    weights = np.asarray(weights)
    _check_scores(scores, weights)
    rows = scores.reshape(-1, scores.shape[-1])
    sums = np.zeros((len(rows), len(weights)))
    totals = np.zeros(len(weights))
    step = max(1, CHUNK_ENTRIES // len(weights))
    for start in range(0, rows.shape[1], step):
        piece = weights[:, start : start + step].astype(np.float64)
        sums += rows[:, start : start + step].astype(np.float64) @ piece.T
        totals += piece.sum(axis=1)
    return (sums / totals).reshape(*scores.shape[:-1], len(weights))


def percentile_interval(
    resampled: Float[np.ndarray, "... resample"], confidence: float = 0.95
) -> tuple[Float[np.ndarray, "..."], Float[np.ndarray, "..."]]:
    """Return the interval between two percentiles of resampled values: (1 -+ confidence) / 2.

    Source: Efron, Tibshirani (1993), An Introduction to the Bootstrap, section 13.3

    Raises:
        ArgumentError: If there is no resample or the confidence is outside (0, 1).

    >>> low, high = percentile_interval(np.arange(101.0), confidence=0.9)
    >>> round(float(low), 6), round(float(high), 6)
    (5.0, 95.0)
    """
    check_confidence(confidence)
    resampled = np.asarray(resampled)
    if resampled.ndim < 1 or resampled.shape[-1] < 1:
        shape = Quoted(f"shape {resampled.shape}")
        raise ArgumentError("resampled", "have a last axis with at least one resample", shape, "Pass bootstrap_means")
    low, high = np.quantile(resampled, [(1 - confidence) / 2, (1 + confidence) / 2], axis=-1)
    return low, high


def bootstrap_mean_interval(
    scores: Float[np.ndarray, "... example"],
    weights: Float[np.ndarray, "resample example"],
    confidence: float = 0.95,
) -> tuple[Float[np.ndarray, "..."], Float[np.ndarray, "..."]]:
    """Return the percentile bootstrap interval of mean scores over examples.

    For the interval of a difference, pass the differences for each example.

    Source: Efron, Tibshirani (1993), An Introduction to the Bootstrap, section 13.3

    Args:
        scores: Scores for each example, such as `nll_per_example`; leading axes are kept.
        weights: The result of `bootstrap_weights`, the same for all rows of scores.
        confidence: The probability with which such intervals hold the true mean.

    Returns:
        The lower and the upper ends.

    Raises:
        ArgumentError: If the numbers of examples differ, a score is NaN, or the confidence is outside (0, 1).

    >>> weights = bootstrap_weights(4, num_resamples=200, seed=1)
    >>> low, high = bootstrap_mean_interval(np.array([0.0, 1.0, 1.0, 1.0]), weights, 0.95)
    >>> float(low), float(high)
    (0.25, 1.0)
    """
    check_confidence(confidence)
    return percentile_interval(bootstrap_means(scores, weights), confidence)


def _check_counts(counts: Float[np.ndarray, "..."], totals: Float[np.ndarray, "..."]) -> None:
    """Raise unless every total is above 0 and every count lies in [0, total]."""
    wrong = ~((totals > 0) & np.isfinite(totals))
    if wrong.any():
        got = Quoted(f"{totals[wrong].flat[0]:g}")
        raise ArgumentError("total", "be above 0", got, "Pass the number of examples")
    wrong = ~((counts >= 0) & (counts <= totals))
    if wrong.any():
        got = Quoted(f"{counts[wrong].flat[0]:g} of {totals[wrong].flat[0]:g}")
        raise ArgumentError("count", "lie between 0 and total", got, "Pass a number of examples, not a fraction")


def _check_scores(scores: np.ndarray, weights: np.ndarray) -> None:
    """Raise unless finite scores and weights have the same examples, at least one."""
    if weights.ndim != 2 or 0 in weights.shape:
        rule = "have the shape (resample, example) with at least one of each"
        raise ArgumentError("weights", rule, Quoted(f"shape {weights.shape}"), "Pass the result of bootstrap_weights")
    if scores.ndim < 1 or scores.shape[-1] != weights.shape[1]:
        rule = f"have {weights.shape[1]} examples along the last axis, as many as weights"
        raise ArgumentError("scores", rule, Quoted(f"shape {scores.shape}"), "Make weights for these examples")
    if not np.isfinite(scores).all():
        place = tuple(int(index) for index in np.argwhere(~np.isfinite(scores))[0])
        raise ArgumentError("scores", "be finite", Quoted(f"{scores[place]} at {place}"), "Look at that prediction")
