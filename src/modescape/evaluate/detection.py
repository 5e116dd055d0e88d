"""Detection of foreign examples by a score: how well it tells them from known ones."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from modescape.core.errors import ArgumentError, Quoted
from modescape.core.seeds import Stream, derived_seed
from modescape.evaluate.inputs import check_confidence
from modescape.evaluate.intervals import bootstrap_weights, percentile_interval

KEPT: Final = (19, 20)
"""The share of known examples to keep, 95%, as a fraction of whole numbers: counts then compare without rounding."""
CHUNK_ENTRIES = 2**21
"""Entries of an intermediate array: 16 MiB in double precision."""


@dataclass(frozen=True, eq=False)
class Detection:
    """How well a score tells foreign examples from known ones.

    Attributes:
        auroc: The probability that a foreign example has a higher score than a known one; 0.5 is chance, 1 perfect.
        auroc_low: Lower end of its interval over examples.
        auroc_high: Upper end.
        fpr95: The fraction of foreign examples taken for known ones when 95% of the known ones are kept; 0 is perfect.
        fpr95_low: Lower end of its interval over examples.
        fpr95_high: Upper end.
        confidence: Confidence level of the intervals.
        num_resamples: Number of bootstrap resamples behind them.
    """

    auroc: float
    auroc_low: float
    auroc_high: float
    fpr95: float
    fpr95_low: float
    fpr95_high: float
    confidence: float
    num_resamples: int


def detection(
    known_scores: Float[np.ndarray, "known"],
    foreign_scores: Float[np.ndarray, "foreign"],
    *,
    num_resamples: int = 1000,
    confidence: float = 0.95,
    seed: int,
) -> Detection:
    """Return AUROC and FPR95 of a score that is meant to be higher for foreign examples, with intervals.

    AUROC = P(s_foreign > s_known) + P(s_foreign = s_known) / 2.

    FPR95 takes the known examples as the positives: the threshold is the lowest score t for which at least 95% of the
    known examples have a score of at most t, and FPR95 is the fraction of foreign examples with a score of at most t.

    Intervals are percentiles of a bootstrap that draws known and foreign examples apart, each as many as there are.

    Source: Hendrycks, Gimpel (2017), section 2, https://arxiv.org/abs/1610.02136 (AUROC); Liang, Li, Srikant (2018),
    section 4.2, https://arxiv.org/abs/1706.02690 (FPR at 95% TPR); Efron, Tibshirani (1993), An Introduction to the
    Bootstrap, section 8.3 (two samples).

    Args:
        known_scores: A score for each known example, such as `entropy` of the predictions for the test set.
        foreign_scores: The same score for each foreign example.
        num_resamples: Number of bootstrap resamples; memory grows by 4 bytes for each example of each.
        confidence: Confidence level of the intervals.
        seed: Seed of the run.

    Raises:
        ArgumentError: If scores are no row of finite numbers, or a setting is out of range.

    >>> found = detection(np.array([0.1, 0.2, 0.3]), np.array([0.3, 0.8]), seed=0)
    >>> round(found.auroc, 4), found.fpr95
    (0.9167, 0.5)
    """
    known, foreign = _checked(known_scores, "known_scores"), _checked(foreign_scores, "foreign_scores")
    check_confidence(confidence)
    values, place = np.unique(np.concatenate([known, foreign]), return_inverse=True)
    places = place[: len(known)], place[len(known) :]
    ones = np.ones((1, len(known))), np.ones((1, len(foreign)))
    auroc, fpr95 = (float(found[0]) for found in _rates(places, ones, len(values)))
    weights = (
        bootstrap_weights(len(known), num_resamples=num_resamples, seed=derived_seed(seed, Stream.BOOTSTRAP, 0)),
        bootstrap_weights(len(foreign), num_resamples=num_resamples, seed=derived_seed(seed, Stream.BOOTSTRAP, 1)),
    )
    lows, highs = percentile_interval(np.stack(_rates(places, weights, len(values))), confidence)
    return Detection(
        auroc=auroc,
        auroc_low=float(lows[0]),
        auroc_high=float(highs[0]),
        fpr95=fpr95,
        fpr95_low=float(lows[1]),
        fpr95_high=float(highs[1]),
        confidence=confidence,
        num_resamples=num_resamples,
    )


def _rates(
    places: tuple[Int[np.ndarray, "known"], Int[np.ndarray, "foreign"]],
    weights: tuple[Float[np.ndarray, "resample known"], Float[np.ndarray, "resample foreign"]],
    num_values: int,
) -> tuple[Float[np.ndarray, "resample"], Float[np.ndarray, "resample"]]:
    """Return AUROC and FPR95 of each resample, from the place of each score among the different ones in rising order.

    The scores are sorted once: a resample only changes how many examples there are at each place.
    """
    num_resamples = len(weights[0])
    auroc, fpr95 = np.empty(num_resamples), np.empty(num_resamples)
    step = max(1, CHUNK_ENTRIES // (num_values + max(map(len, places))))
    for rows in (slice(start, start + step) for start in range(0, num_resamples, step)):
        known, foreign = (
            _counts(place, weight[rows], num_values) for place, weight in zip(places, weights, strict=True)
        )
        known_to, foreign_to = known.cumsum(axis=1), foreign.cumsum(axis=1)
        num_known, num_foreign = known_to[:, -1], foreign_to[:, -1]
        below = np.einsum("rv,rv->r", foreign, known_to - known / 2)
        auroc[rows] = below / (num_known * num_foreign)
        threshold = (KEPT[1] * known_to >= KEPT[0] * num_known[:, None]).argmax(axis=1)
        fpr95[rows] = foreign_to[np.arange(len(threshold)), threshold] / num_foreign
    return auroc, fpr95


def _counts(
    place: Int[np.ndarray, "example"], weights: Float[np.ndarray, "resample example"], num_values: int
) -> Float[np.ndarray, "resample value"]:
    """Return how many examples of each resample have each score."""
    cells = np.arange(len(weights))[:, None] * num_values + place
    counts = np.bincount(cells.ravel(), weights=weights.ravel(), minlength=len(weights) * num_values)
    return counts.reshape(len(weights), num_values)


def _checked(scores: ArrayLike, argument: str) -> Float[np.ndarray, "example"]:
    """Return scores as a row of finite numbers in double precision."""
    array = np.asarray(scores, dtype=np.float64)
    if array.ndim != 1 or array.size == 0:
        shape = Quoted(f"shape {array.shape}")
        raise ArgumentError(argument, "hold one score for each example, at least one", shape, "Pass a row of scores")
    wrong = np.flatnonzero(~np.isfinite(array))
    if wrong.size:
        got = Quoted(f"{array[wrong[0]]} for example {wrong[0]}")
        raise ArgumentError(argument, "be finite", got, "Look at that prediction")
    return array
