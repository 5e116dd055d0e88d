"""Resamples of examples: the bootstrap of everything that is measured along a path."""

import numpy as np
from jaxtyping import Float

from modescape.core.checks import check_at_least
from modescape.core.errors import ArgumentError
from modescape.core.seeds import Stream, derived_seed, numpy_generator

ROWS = 64
"""Resamples drawn at once: for 10,000 examples, 2.5 MiB of counts."""


def resampled_means(
    scores: Float[np.ndarray, "row example"], *, num_resamples: int, seed: int
) -> Float[np.ndarray, "row resample"]:
    """Return the mean of each row of scores over each of many resamples of the examples with replacement.

    All rows meet the same resamples, so that differences between them are paired.

    Source: Efron (1979), https://doi.org/10.1214/aos/1176344552

    Args:
        scores: One score for each example.
        num_resamples: Number of resamples, 1,000 or more for 95% intervals.
        seed: Seed of the run; the resamples are those of all bootstraps with this seed and as many examples.

    Raises:
        ArgumentError: If there is no resample, or the seed is negative.

    >>> resampled_means(np.array([[2.0, 2.0], [0.0, 0.0]]), num_resamples=3, seed=0).tolist()
    [[2.0, 2.0, 2.0], [0.0, 0.0, 0.0]]
    """
    check_at_least(num_resamples, 1, "num_resamples", "Pass 1000")
    generator = numpy_generator(derived_seed(seed, Stream.BOOTSTRAP))
    columns = np.ascontiguousarray(np.asarray(scores, dtype=np.float64).T)
    num_examples = len(columns)
    found = np.empty((columns.shape[1], num_resamples))
    for start in range(0, num_resamples, ROWS):
        size = min(ROWS, num_resamples - start)
        drawn = [generator.integers(num_examples, size=num_examples) for _ in range(size)]
        counts = np.stack([np.bincount(row, minlength=num_examples) for row in drawn]).astype(np.float64)
        found[:, start : start + size] = (counts @ columns).T / num_examples
    return found


def interval_of(
    resampled: Float[np.ndarray, "... resample"], confidence: float
) -> tuple[Float[np.ndarray, "..."], Float[np.ndarray, "..."]]:
    """Return the percentile interval of resampled values: (1 -+ confidence) / 2.

    NaN, a value that is undefined for some resamples, may be anything: each end is NaN where this could move it.

    Source: Efron, Tibshirani (1993), An Introduction to the Bootstrap, section 13.3

    Raises:
        ArgumentError: If the confidence does not lie strictly between 0 and 1.

    >>> low, high = interval_of(np.arange(101.0), 0.9)
    >>> round(float(low), 6), round(float(high), 6)
    (5.0, 95.0)
    """
    if not 0.0 < confidence < 1.0:
        raise ArgumentError("confidence", "lie strictly between 0 and 1", confidence, "Pass 0.95 for 95%")
    shares = (1 - confidence) / 2, (1 + confidence) / 2
    ends = []
    for share, worst in zip(shares, (-np.inf, np.inf), strict=True):
        filled = np.where(np.isnan(resampled), worst, resampled)
        # Not between two values: between a number and an infinity there is nothing.
        method = "lower" if np.isinf(filled).any() else "linear"
        end = np.quantile(filled, share, axis=-1, method=method)
        ends.append(np.where(np.isfinite(end), end, np.nan))
    return ends[0], ends[1]
