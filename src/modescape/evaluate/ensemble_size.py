"""Ensemble-size curves: what each further member brings, with intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int

from modescape.core.checks import check_at_least, checked_labels, checked_probabilities
from modescape.core.progress import Progress, Silent
from modescape.evaluate.ensemble_metrics import (
    METRICS,
    checked_sizes,
    metric_interval,
    order_of_confidence,
    size_metrics,
)
from modescape.evaluate.inputs import check_confidence
from modescape.evaluate.intervals import bootstrap_weights
from modescape.evaluate.subsets import subsets_of_size

TASK = "ensemble sizes"
SILENT: Final = Silent()


@dataclass(frozen=True, eq=False)
class EnsembleCurve:
    """How good ensembles are by their number of members.

    Attributes:
        metrics: Names along the first axis: accuracy (fraction), nll (nats), brier (0 to 2), ece (0 to 1).
        sizes: Numbers of members.
        value: Mean of the metric over the subsets of a size.
        low: Lower end of its interval over examples.
        high: Upper end.
        gain: The metric at this size minus the metric at size 1. Above 0 is better for accuracy; below 0 is better
            for nll, brier and ece.
        gain_low: Lower end of the interval of the gain, paired over examples.
        gain_high: Upper end.
        num_subsets: Number of subsets that were averaged at each size.
        sampled: Whether they are a sample of all subsets of that size.
        confidence: Confidence level of the intervals.
        num_resamples: Number of bootstrap resamples behind them.
    """

    metrics: tuple[str, ...]
    sizes: Int[np.ndarray, "size"]
    value: Float[np.ndarray, "metric size"]
    low: Float[np.ndarray, "metric size"]
    high: Float[np.ndarray, "metric size"]
    gain: Float[np.ndarray, "metric size"]
    gain_low: Float[np.ndarray, "metric size"]
    gain_high: Float[np.ndarray, "metric size"]
    num_subsets: Int[np.ndarray, "size"]
    sampled: Bool[np.ndarray, "size"]
    confidence: float
    num_resamples: int


def ensemble_curve(
    probabilities: Float[np.ndarray, "member example class"],
    labels: Int[np.ndarray, "example"],
    *,
    sizes: Sequence[int] | None = None,
    max_subsets: int = 100,
    num_resamples: int = 1000,
    confidence: float = 0.95,
    num_bins: int = 15,
    seed: int,
    progress: Progress = SILENT,
) -> EnsembleCurve:
    """Return accuracy, NLL, Brier score and ECE of ensembles of every size, and the gain over one member.

    The metric at size k is the mean, over subsets S of k members, of the metric of the mean probabilities
    (1/k) sum_(m in S) p_m. Intervals are bootstrap intervals over examples, with the members as they are: they say
    what another test set would give, not what other members would. One set of resamples serves all sizes and metrics,
    so gains are paired.

    Accuracy, NLL and Brier score are means over examples: their intervals lie between percentiles q of the resamples.
    An ECE is biased upwards, and in a resample once more by about as much; its intervals are the basic bootstrap's,
    [2 v - q_high, 2 v - q_low], which take that off, widened to hold the value v itself. For a nearly perfectly
    calibrated ensemble they hold the true ECE less often than stated; percentiles would hardly ever hold it.

    Source: Fort, Hu, Lakshminarayanan (2019), section 5, https://arxiv.org/abs/1912.02757. Differs from it in the
    intervals (Davison, Hinkley 1997, Bootstrap Methods and their Application, section 5.2), and in a sample of
    subsets in place of all where there are many.

    Args:
        probabilities: Class probabilities of each member on the same examples.
        labels: The true classes.
        sizes: Numbers of members to evaluate, in any order; all from 1 to the number of members by default.
        max_subsets: Most subsets to average at one size; with more, a sample of this many different ones is drawn.
        num_resamples: Number of bootstrap resamples; memory grows by 4 bytes for each example of each.
        confidence: Confidence level of the intervals.
        num_bins: Number of bins of the ECE.
        seed: Seed of the run, for subsets and resamples.
        progress: Listens to the work, one unit for each size.

    Raises:
        ArgumentError: If the predictions are not probabilities, the labels do not fit, or a setting is out of range.

    >>> members = np.array([[[0.9, 0.1], [0.6, 0.4]], [[0.7, 0.3], [0.2, 0.8]]])
    >>> curve = ensemble_curve(members, np.array([0, 1]), seed=0)
    >>> curve.metrics[0], curve.sizes.tolist(), curve.value[0].tolist(), curve.gain[0].tolist()
    ('accuracy', [1, 2], [0.75, 1.0], [0.0, 0.25])
    """
    members = checked_probabilities(probabilities)
    labels = checked_labels(labels, num_examples=members.shape[1], num_classes=members.shape[2])
    chosen = checked_sizes(sizes, len(members))
    check_confidence(confidence)
    check_at_least(num_bins, 1, "num_bins", "Pass 15")
    check_at_least(max_subsets, 1, "max_subsets", "Pass 100")
    weights = bootstrap_weights(len(labels), num_resamples=num_resamples, seed=seed)
    order = sorted({1, *chosen})
    subsets = [subsets_of_size(len(members), size, max_subsets=max_subsets, seed=seed) for size in order]
    sorting = order_of_confidence(members)
    members, labels, weights = members[:, sorting], labels[sorting], weights[:, sorting]
    progress.start(TASK, len(order))

    def report(place: int) -> None:
        progress.advance(TASK, note=f"{order[place]} of {len(members)} members, {len(subsets[place])} subsets")

    at = size_metrics(members, labels, subsets, weights, num_bins=num_bins, on_size=report)
    places = [order.index(size) for size in chosen]
    value, resampled = at.value[:, places], at.resampled[:, places]
    num_subsets = np.array([len(subsets[place]) for place in places])
    low, high = metric_interval(value, resampled, confidence)
    gain = value - at.value[:, :1]
    gain_low, gain_high = metric_interval(gain, resampled - at.resampled[:, :1], confidence)
    return EnsembleCurve(
        metrics=METRICS,
        sizes=np.array(chosen),
        value=value,
        low=np.maximum(low, 0.0),
        high=high,
        gain=gain,
        gain_low=gain_low,
        gain_high=gain_high,
        num_subsets=num_subsets,
        sampled=num_subsets < [comb(len(members), size) for size in chosen],
        confidence=confidence,
        num_resamples=num_resamples,
    )
