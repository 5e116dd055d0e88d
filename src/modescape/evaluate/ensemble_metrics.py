"""Metrics of all ensembles of one size, over all examples and over each resample: what curves are made of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float, Int

from modescape.core.errors import ArgumentError, Quoted
from modescape.evaluate import pointwise
from modescape.evaluate.intervals import bootstrap_means, percentile_interval
from modescape.evaluate.temperature import tempered

METRICS: Final = ("accuracy", "nll", "brier", "ece")
ECE: Final = METRICS.index("ece")
CHUNK_ENTRIES = 2**22
"""Entries of a large intermediate array: 32 MiB in double precision."""
BLOCK = 512
"""Examples that are put into bins together."""


@dataclass(frozen=True, eq=False)
class SizeMetrics:
    """The four metrics of several sizes, averaged over the subsets of each, on all examples and on each resample."""

    value: Float[np.ndarray, "metric size"]
    resampled: Float[np.ndarray, "metric size resample"]


@dataclass(frozen=True, eq=False)
class _Scored:
    """Scores of all ensembles of one size.

    Attributes:
        means: Whether right, NLL and Brier score of each example, each averaged over the subsets.
        gap: Confidence minus whether right.
        cells: The bin of the confidence, counted on over the subsets: those of subset s begin at s * num_bins.
    """

    means: Float[np.ndarray, "3 example"]
    gap: Float[np.ndarray, "subset example"]
    cells: Int[np.ndarray, "subset example"]


def size_metrics(
    members: Float[np.ndarray, "member example class"],
    labels: Int[np.ndarray, "example"],
    subsets: Sequence[Int[np.ndarray, "subset member_of_subset"]],
    weights: Float[np.ndarray, "resample example"],
    *,
    num_bins: int,
    temperatures: Sequence[Float[np.ndarray, "subset"]] | None = None,
    on_size: Callable[[int], None] = lambda _: None,
) -> SizeMetrics:
    """Return the metrics of the mean probabilities of subsets, averaged over the subsets of a size.

    With many subsets it is fastest on examples in the order of `order_of_confidence`.

    Args:
        members: Checked class probabilities.
        labels: Checked labels.
        subsets: Member indices for each size, one row a subset.
        weights: The result of `bootstrap_weights`.
        num_bins: Number of bins of the ECE.
        temperatures: One for each subset, to scale its probabilities with; left out, they stay as they are.
        on_size: Told the place of each size that is done.

    >>> members, labels = np.array([[[0.9, 0.1], [0.6, 0.4]]]), np.array([0, 1])
    >>> found = size_metrics(members, labels, [np.array([[0]])], np.ones((3, 2), dtype=np.float32), num_bins=1)
    >>> found.value[:, 0].round(3).tolist(), found.resampled[0].tolist()
    ([0.5, 0.511, 0.37, 0.25], [[0.5, 0.5, 0.5]])
    """
    means = np.empty((len(subsets), 3, len(labels)))
    ece, resampled_ece = np.empty(len(subsets)), np.empty((len(subsets), len(weights)))
    for place, rows in enumerate(subsets):
        scored = _scored(members, labels, rows, num_bins, None if temperatures is None else temperatures[place])
        means[place] = scored.means
        ece[place] = _ece(scored, len(rows) * num_bins)
        resampled_ece[place] = _resampled_ece(scored, weights, num_bins)
        on_size(place)
    return SizeMetrics(
        value=np.vstack([means.mean(axis=2).T, ece]),
        resampled=np.concatenate([bootstrap_means(means, weights).swapaxes(0, 1), resampled_ece[None]]),
    )


def order_of_confidence(members: Float[np.ndarray, "member example class"]) -> Int[np.ndarray, "example"]:
    """Return the order of the examples by the confidence of the ensemble of all members.

    Side by side, examples of like confidence fall into few bins, which halves the work on the ECE of resamples.

    >>> order_of_confidence(np.array([[[0.9, 0.1], [0.5, 0.5], [0.3, 0.7]]])).tolist()
    [1, 2, 0]
    """
    return members.mean(axis=0).max(axis=1).argsort(kind="stable")


def metric_interval(
    value: Float[np.ndarray, "metric ..."], resampled: Float[np.ndarray, "metric ... resample"], confidence: float
) -> tuple[Float[np.ndarray, "metric ..."], Float[np.ndarray, "metric ..."]]:
    """Return percentile intervals, and for the ECE the basic interval widened to hold its value.

    An ECE is biased upwards, and in a resample once more by about as much; the basic bootstrap's interval
    [2 v - q_high, 2 v - q_low] takes that off.

    Source: Davison, Hinkley (1997), Bootstrap Methods and their Application, section 5.2

    >>> low, high = metric_interval(np.full(4, 0.5), np.tile([0.5, 0.6, 0.7], (4, 1)), 0.5)
    >>> low.round(2).tolist(), high.round(2).tolist()
    ([0.55, 0.55, 0.55, 0.35], [0.65, 0.65, 0.65, 0.5])
    """
    low, high = percentile_interval(resampled, confidence)
    ece = value[ECE]
    low[ECE], high[ECE] = np.minimum(ece, 2 * ece - high[ECE]), np.maximum(ece, 2 * ece - low[ECE])
    return low, high


def checked_sizes(sizes: Sequence[int] | None, num_members: int) -> list[int]:
    """Return the sizes to evaluate: those asked for, or all from 1 to the number of members.

    Raises:
        ArgumentError: If there is none, or one is not a whole number of members.

    >>> checked_sizes(None, 3), checked_sizes([2], 3)
    ([1, 2, 3], [2])
    """
    if sizes is None:
        return list(range(1, num_members + 1))
    if len(sizes) == 0:
        raise ArgumentError("sizes", "hold at least one size", sizes, "Leave it out for all sizes")
    for size in sizes:
        if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or not 1 <= size <= num_members:
            rule = f"be whole numbers in 1..{num_members}, the number of members"
            raise ArgumentError("sizes", rule, Quoted(size), "Choose other sizes or pass more members")
    return [int(size) for size in sizes]


def ensembles_of(
    members: Float[np.ndarray, "member example class"], subsets: Int[np.ndarray, "subset member_of_subset"]
) -> Float[np.ndarray, "subset example class"]:
    """Return the mean probabilities of each subset, in double precision.

    >>> ensembles_of(np.array([[[1.0, 0.0]], [[0.5, 0.5]]]), np.array([[0, 1]])).tolist()
    [[[0.75, 0.25]]]
    """
    num_members, _, num_classes = members.shape
    belongs = np.zeros((len(subsets), num_members))
    np.put_along_axis(belongs, subsets, 1.0, axis=1)
    flat = members.reshape(num_members, -1).astype(np.float64)
    # Sums first, then one division: members in another order then tie in the same places.
    return (belongs @ flat / subsets.shape[1]).reshape(len(subsets), -1, num_classes)


def _scored(
    members: Float[np.ndarray, "member example class"],
    labels: Int[np.ndarray, "example"],
    subsets: Int[np.ndarray, "subset member_of_subset"],
    num_bins: int,
    temperatures: Float[np.ndarray, "subset"] | None,
) -> _Scored:
    """Return the scores of the mean probabilities of each subset, a piece of the examples at a time."""
    num_members, num_examples, num_classes = members.shape
    means = np.empty((3, num_examples))
    gap = np.empty((len(subsets), num_examples))
    cells = np.empty((len(subsets), num_examples), dtype=np.intp)
    step = max(1, CHUNK_ENTRIES // (max(len(subsets), num_members) * num_classes))
    for piece in (slice(start, start + step) for start in range(0, num_examples, step)):
        ensembles = ensembles_of(members[:, piece], subsets)
        if temperatures is not None:
            ensembles = tempered(ensembles, temperatures)
        decided = ensembles.argmax(axis=-1)
        right = decided == labels[piece]
        means[0, piece] = right.mean(axis=0)
        means[1, piece] = pointwise.nll(ensembles, labels[piece]).mean(axis=0)
        means[2, piece] = pointwise.brier(ensembles, labels[piece]).mean(axis=0)
        top = np.take_along_axis(ensembles, decided[..., None], axis=-1)[..., 0]
        gap[:, piece] = top - right
        cells[:, piece] = pointwise.bins(top, num_bins)
    cells += np.arange(len(subsets))[:, None] * num_bins
    return _Scored(means=means, gap=gap, cells=cells)


def _ece(scored: _Scored, num_cells: int) -> float:
    """Return the ECE averaged over subsets: N ECE = sum_b |sum_(n in b) gap_n|."""
    sums = np.bincount(scored.cells.ravel(), weights=scored.gap.ravel(), minlength=num_cells)
    return float(np.abs(sums).sum() / scored.gap.size)


def _resampled_ece(
    scored: _Scored, weights: Float[np.ndarray, "resample example"], num_bins: int
) -> Float[np.ndarray, "resample"]:
    """Return the ECE of each resample, averaged over subsets.

    N ECE = sum_b |sum_(n in b) w_n gap_n|, so that a matrix product gives all bins of all resamples. It leaves out
    the bins that no example of a block is in. Single precision is enough for percentiles and takes half the time.
    """
    step = max(1, CHUNK_ENTRIES // (num_bins * len(weights)))
    total = np.zeros(len(weights))
    for start in range(0, len(scored.gap), step):
        cells = scored.cells[start : start + step] - start * num_bins
        sums = _sums_of_bins(cells, scored.gap[start : start + step], weights, len(cells) * num_bins)
        total += np.abs(sums, out=sums).sum(axis=0, dtype=np.float64)
    return total / scored.gap.size


def _sums_of_bins(
    cells: Int[np.ndarray, "subset example"],
    gaps: Float[np.ndarray, "subset example"],
    weights: Float[np.ndarray, "resample example"],
    num_cells: int,
) -> Float[np.ndarray, "cell resample"]:
    """Return sum_(n in b) w_n gap_n for every bin of every subset and every resample, a block of examples at a time."""
    sums = np.zeros((num_cells, len(weights)), dtype=np.float32)
    columns = np.empty(num_cells, dtype=np.intp)
    for block in (slice(start, start + BLOCK) for start in range(0, weights.shape[1], BLOCK)):
        used = np.flatnonzero(np.bincount(cells[:, block].ravel(), minlength=num_cells))
        columns[used] = np.arange(len(used))
        piece = weights[:, block]
        spread = np.zeros((len(used), piece.shape[1]), dtype=np.float32)
        spread[columns[cells[:, block]], np.arange(piece.shape[1])] = gaps[:, block]
        sums[used] += spread @ piece.T
    return sums
