"""Ensemble-size curves: what each further member brings, with intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int

from modescape.core.checks import check_at_least, checked_labels, checked_probabilities
from modescape.core.errors import ArgumentError, Quoted
from modescape.core.progress import Progress, Silent
from modescape.evaluate import pointwise
from modescape.evaluate.inputs import check_confidence
from modescape.evaluate.intervals import bootstrap_means, bootstrap_weights, percentile_interval
from modescape.evaluate.subsets import subsets_of_size

METRICS: Final = ("accuracy", "nll", "brier", "ece")
CHUNK_ENTRIES = 2**22
"""Entries of a large intermediate array: 32 MiB in double precision."""
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
    chosen = _checked_sizes(sizes, len(members))
    check_confidence(confidence)
    check_at_least(num_bins, 1, "num_bins", "Pass 15")
    check_at_least(max_subsets, 1, "max_subsets", "Pass 100")
    weights = bootstrap_weights(len(labels), num_resamples=num_resamples, seed=seed)
    order = sorted({1, *chosen})
    progress.start(TASK, len(order))
    at: dict[int, _Size] = {}
    for size in order:
        subsets = subsets_of_size(len(members), size, max_subsets=max_subsets, seed=seed)
        at[size] = _evaluated(_scored(members, labels, subsets, num_bins), weights, num_bins)
        progress.advance(TASK, note=f"{size} of {len(members)} members, {len(subsets)} subsets")
    value = np.stack([at[size].value for size in chosen], axis=1)
    resampled = np.stack([at[size].resampled for size in chosen], axis=1)
    low, high = _interval(value, resampled, confidence)
    gain = value - at[1].value[:, None]
    gain_low, gain_high = _interval(gain, resampled - at[1].resampled[:, None, :], confidence)
    return EnsembleCurve(
        metrics=METRICS,
        sizes=np.array(chosen),
        value=value,
        low=np.maximum(low, 0.0),
        high=high,
        gain=gain,
        gain_low=gain_low,
        gain_high=gain_high,
        num_subsets=np.array([at[size].num_subsets for size in chosen]),
        sampled=np.array([at[size].num_subsets < comb(len(members), size) for size in chosen]),
        confidence=confidence,
        num_resamples=num_resamples,
    )


@dataclass(frozen=True, eq=False)
class _Scored:
    """Scores of all ensembles of one size.

    Attributes:
        means: Whether right, NLL and Brier score of each example, each averaged over the subsets.
        gap: Confidence minus whether right.
        bins: The bin of the confidence.
    """

    means: Float[np.ndarray, "3 example"]
    gap: Float[np.ndarray, "subset example"]
    bins: Int[np.ndarray, "subset example"]


@dataclass(frozen=True, eq=False)
class _Size:
    """Metrics of one size, over all examples and over each resample."""

    value: Float[np.ndarray, "metric"]
    resampled: Float[np.ndarray, "metric resample"]
    num_subsets: int


def _checked_sizes(sizes: Sequence[int] | None, num_members: int) -> list[int]:
    """Return the sizes to evaluate: those asked for, or all."""
    if sizes is None:
        return list(range(1, num_members + 1))
    if len(sizes) == 0:
        raise ArgumentError("sizes", "hold at least one size", sizes, "Leave it out for all sizes")
    for size in sizes:
        if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or not 1 <= size <= num_members:
            rule = f"be whole numbers in 1..{num_members}, the number of members"
            raise ArgumentError("sizes", rule, Quoted(size), "Choose other sizes or pass more members")
    return [int(size) for size in sizes]


def _scored(
    members: Float[np.ndarray, "member example class"],
    labels: Int[np.ndarray, "example"],
    subsets: Int[np.ndarray, "subset member_of_subset"],
    num_bins: int,
) -> _Scored:
    """Return the scores of the mean probabilities of each subset, a piece of the examples at a time."""
    num_members, num_examples, num_classes = members.shape
    belongs = np.zeros((len(subsets), num_members))
    np.put_along_axis(belongs, subsets, 1.0, axis=1)
    means = np.empty((3, num_examples))
    gap = np.empty((len(subsets), num_examples))
    bins = np.empty((len(subsets), num_examples), dtype=np.intp)
    step = max(1, CHUNK_ENTRIES // (max(len(subsets), num_members) * num_classes))
    for piece in (slice(start, start + step) for start in range(0, num_examples, step)):
        flat = members[:, piece].reshape(num_members, -1).astype(np.float64)
        # Sums first, then one division: members in another order then tie in the same places.
        ensembles = (belongs @ flat / subsets.shape[1]).reshape(len(subsets), -1, num_classes)
        right = pointwise.correct(ensembles, labels[piece])
        means[0, piece] = right.mean(axis=0)
        means[1, piece] = pointwise.nll(ensembles, labels[piece]).mean(axis=0)
        means[2, piece] = pointwise.brier(ensembles, labels[piece]).mean(axis=0)
        top = ensembles.max(axis=-1)
        gap[:, piece] = top - right
        bins[:, piece] = pointwise.bins(top, num_bins)
    return _Scored(means=means, gap=gap, bins=bins)


def _evaluated(scored: _Scored, weights: Float[np.ndarray, "resample example"], num_bins: int) -> _Size:
    """Return the four metrics of one size."""
    num_subsets, num_examples = scored.gap.shape
    cells = np.arange(num_subsets)[:, None] * num_bins + scored.bins
    sums = np.bincount(cells.ravel(), weights=scored.gap.ravel(), minlength=num_subsets * num_bins)
    ece = np.abs(sums).sum() / (num_examples * num_subsets)
    resampled_ece = _resampled_ece(scored, weights, num_bins)
    return _Size(
        value=np.append(scored.means.mean(axis=1), ece),
        resampled=np.vstack([bootstrap_means(scored.means, weights), resampled_ece]),
        num_subsets=num_subsets,
    )


def _interval(
    value: Float[np.ndarray, "metric size"], resampled: Float[np.ndarray, "metric size resample"], confidence: float
) -> tuple[Float[np.ndarray, "metric size"], Float[np.ndarray, "metric size"]]:
    """Return percentile intervals, and for the ECE, the last metric, the basic interval widened to hold its value."""
    low, high = percentile_interval(resampled, confidence)
    ece = value[-1]
    low[-1], high[-1] = np.minimum(ece, 2 * ece - high[-1]), np.maximum(ece, 2 * ece - low[-1])
    return low, high


def _resampled_ece(
    scored: _Scored, weights: Float[np.ndarray, "resample example"], num_bins: int
) -> Float[np.ndarray, "resample"]:
    """Return the ECE of each resample, averaged over subsets.

    N ECE = sum_b |sum_(n in b) w_n gap_n|, so that one matrix product gives all bins of all resamples. Single
    precision is enough for percentiles and takes half the time.
    """
    num_subsets, num_examples = scored.gap.shape
    total = np.zeros(len(weights))
    examples = np.arange(num_examples)
    step = max(1, CHUNK_ENTRIES // (num_bins * num_examples))
    for start in range(0, num_subsets, step):
        gap, bins = scored.gap[start : start + step], scored.bins[start : start + step]
        spread = np.zeros((len(gap), num_bins, num_examples), dtype=np.float32)
        spread[np.arange(len(gap))[:, None], bins, examples] = gap
        sums = weights @ spread.reshape(-1, num_examples).T
        total += np.abs(sums).sum(axis=1, dtype=np.float64)
    return total / (num_examples * num_subsets)
