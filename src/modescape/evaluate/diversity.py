"""Where predictors lie between the lower and the upper limit of disagreement with a reference."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from modescape.core.checks import check_at_least, checked_labels
from modescape.core.errors import ArgumentError, Quoted
from modescape.evaluate.inputs import check_confidence
from modescape.evaluate.intervals import bootstrap_means, bootstrap_weights, percentile_interval
from modescape.functions import lower_limit, upper_limit

MARGIN = 0.05
"""Accuracy above chance that a predictor needs to be counted: at chance the limits meet, and all is noise."""


@dataclass(frozen=True)
class RelativeDiversity:
    """Diversity of predictors for their accuracy: 0 at the lower limit, 1 at the upper one; NaN where undefined.

    Attributes:
        value: The share of the room between the limits; below 0 and above 1 are possible.
        low: Lower end of its interval.
        high: Upper end of its interval.
    """

    value: float
    low: float
    high: float


def relative_diversity(
    decisions: Int[np.ndarray, "sample example"],
    reference: Int[np.ndarray, "example"],
    labels: Int[np.ndarray, "example"],
    *,
    num_classes: int,
    num_resamples: int = 1000,
    confidence: float = 0.95,
    seed: int,
) -> RelativeDiversity:
    """Return how far predictors lie from the lower towards the upper limit of disagreement with a reference.

    With accuracy a_s, disagreement d_s with the reference, and its accuracy r:
    sum_s (d_s - lower(a_s)) / sum_s (upper(a_s) - lower(a_s)), see `modescape.functions.lower_limit`. A ratio of sums
    and not a mean of ratios: predictors for which the limits are close, and the ratio is mostly noise, count little.
    Predictors with an accuracy of at most 1/C + 0.05 are left out.

    The interval is a percentile bootstrap over examples, in which r, a_s and d_s are all computed anew. It is for
    these predictors on other examples of the same kind; how much others drawn by the same method would differ is not
    in it.

    Source: the limits are those of Fort, Hu, Lakshminarayanan (2019), https://arxiv.org/abs/1912.02757. The paper
    compares by eye, and does not put a number on it.

    Args:
        decisions: The class that each predictor decides for, for each example; no predictor gives NaN.
        reference: The class that the reference decides for.
        labels: The true classes.
        num_classes: Number of classes C.
        num_resamples: Number of bootstrap resamples; those in which the limits meet are left out.
        confidence: The probability with which such intervals hold the true value.
        seed: Seed of the run; the same seed gives the same interval.

    Returns:
        NaN for all three if no predictor is left, the reference is itself no better than 1/C + 0.05, or the limits
        are the same because the reference makes no error.

    Raises:
        ArgumentError: If shapes differ, a class is outside [0, C), or a setting is out of range.

    >>> truth = np.arange(100) % 10
    >>> reference = np.where(np.arange(100) < 50, truth, (truth + 1) % 10)
    >>> spoiled = reference.copy()
    >>> spoiled[:9], spoiled[50], spoiled[51:59] = (truth[:9] + 1) % 10, truth[50], (truth[51:59] + 2) % 10
    >>> found = relative_diversity(spoiled[None], reference, truth, num_classes=10, num_resamples=50, seed=0)
    >>> round(abs(found.value), 3), found.low < 0 < found.high
    (0.0, True)
    """
    check_confidence(confidence)
    decided, reference, labels = _checked(decisions, reference, labels, num_classes)
    right, correct = reference == labels, decided == labels
    weights = bootstrap_weights(len(labels), num_resamples=num_resamples, seed=seed)
    counted = correct.mean(axis=1) > 1.0 / num_classes + MARGIN
    if not counted.any() or right.mean() <= 1.0 / num_classes + MARGIN:
        return RelativeDiversity(np.nan, np.nan, np.nan)
    scores = np.concatenate([right[None], correct[counted], (decided != reference)[counted]])
    value = float(_share(scores.mean(axis=1, keepdims=True), num_classes)[0])
    resampled = _share(bootstrap_means(scores, weights), num_classes)
    resampled = resampled[np.isfinite(resampled)]
    if np.isnan(value) or not resampled.size:
        return RelativeDiversity(np.nan, np.nan, np.nan)
    low, high = percentile_interval(resampled, confidence)
    return RelativeDiversity(value, float(low), float(high))


def _share(means: Float[np.ndarray, "row resample"], num_classes: int) -> Float[np.ndarray, "resample"]:
    """Return the ratio of sums over predictors; rows are r, then all a_s, then all d_s."""
    reference_accuracy, (accuracies, disagreements) = means[0], np.split(means[1:], 2)
    defined = reference_accuracy > 1.0 / num_classes
    limits = {"reference_accuracy": np.where(defined, reference_accuracy, 1.0), "num_classes": num_classes}
    lower, upper = lower_limit(accuracies, **limits), upper_limit(accuracies, **limits)
    room = (upper - lower).sum(axis=0)
    # Where the reference makes no error, the limits differ by rounding only.
    defined &= room > 1e-9
    return np.where(defined, (disagreements - lower).sum(axis=0) / np.where(defined, room, 1.0), np.nan)


def _checked(
    decisions: ArrayLike, reference: ArrayLike, labels: ArrayLike, num_classes: int
) -> tuple[Int[np.ndarray, "sample example"], Int[np.ndarray, "example"], Int[np.ndarray, "example"]]:
    """Return decisions, reference and labels as arrays of classes of the same examples."""
    check_at_least(num_classes, 2, "num_classes", "Pass the number of classes of the data")
    decided = np.asarray(decisions)
    if decided.ndim != 2 or decided.shape[1] == 0:
        raise ArgumentError(
            "decisions",
            "have the shape (sample, example) with at least one example",
            Quoted(f"shape {decided.shape}"),
            "Pass functions.decisions of the stacked predictions",
        )
    size = {"num_examples": decided.shape[1], "num_classes": num_classes}
    checked = [checked_labels(row, **size, argument=f"decisions[{place}]") for place, row in enumerate(decided)]
    stacked = np.stack(checked) if checked else decided.astype(np.int64)
    return stacked, checked_labels(reference, **size, argument="reference"), checked_labels(labels, **size)
