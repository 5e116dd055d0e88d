"""What groups of members could reach: at least one right, and the most votes right, by their number."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.special import gammaln

from modescape.core.checks import check_at_least, checked_labels
from modescape.evaluate.inputs import check_confidence
from modescape.evaluate.intervals import bootstrap_mean_interval, bootstrap_weights
from modescape.evaluate.subsets import subsets_of_size
from modescape.functions import checked_decisions

ALL_SIZES = 20
"""Every number of members up to here is evaluated; of the larger ones, each about a quarter above the one before."""
STEP = 1.25
LEAST_SUBSETS = 10
MOST_VOTES = 2 * 10**7
"""Votes that are counted for one size; for very many members fewer subsets are drawn, though at least 10."""
CHUNK_VOTES = 2**24
"""Votes of all members, for all classes, that are held at a time: 16 or 32 MiB."""


@dataclass(frozen=True, eq=False)
class VoteCurve:
    """How often groups of members are right, by their number.

    Attributes:
        sizes: Numbers of members.
        oracle: Share of examples that at least one decides right, the mean over all subsets of a size.
        majority: Share that the most votes decide right, the mean over `num_subsets` subsets.
        mean: Share that a member of the group decides right, the same for all sizes.
        intervals: Lower and upper ends of the three, by name.
        num_subsets: Subsets of each size of which votes were counted.
    """

    sizes: Int[np.ndarray, "size"]
    oracle: Float[np.ndarray, "size"]
    majority: Float[np.ndarray, "size"]
    mean: Float[np.ndarray, "size"]
    intervals: dict[str, tuple[Float[np.ndarray, "size"], Float[np.ndarray, "size"]]]
    num_subsets: Int[np.ndarray, "size"]


def vote_curve(
    decisions: Int[np.ndarray, "member example"],
    labels: Int[np.ndarray, "example"],
    *,
    num_classes: int,
    max_subsets: int = 100,
    num_resamples: int = 1000,
    confidence: float = 0.95,
    seed: int,
) -> VoteCurve:
    """Return how often at least one of k members is right, and how often most votes are.

    Oracle: of an example that w of M members decide wrong, a share C(w, k) / C(M, k) of the subsets of size k have
    no member that is right: the mean over all subsets, without drawing any. Majority: the class with the most votes;
    of t classes with equally many, each is chosen with probability 1 / t. Its mean is over subsets, all where there
    are few. Intervals are percentiles of a bootstrap over examples, for these members.

    Source: Kuncheva, Whitaker (2003), section 2, https://doi.org/10.1023/A:1022859003006

    Args:
        decisions: The class that each member decides for, for each example.
        labels: The true classes.
        num_classes: Number of classes.
        max_subsets: Most subsets of one size.
        num_resamples: Resamples of the bootstrap.
        confidence: The probability with which such intervals hold the true share.
        seed: Seed of the run.

    Raises:
        ArgumentError: If shapes differ, a class is outside [0, num_classes), or a number is out of range.

    >>> curve = vote_curve(np.array([[0, 1, 1], [0, 0, 1]]), np.array([0, 1, 0]), num_classes=2, seed=0)
    >>> curve.sizes.tolist(), curve.oracle.round(3).tolist(), curve.majority.round(3).tolist()
    ([1, 2], [0.5, 0.667], [0.5, 0.5])
    """
    check_confidence(confidence)
    check_at_least(max_subsets, 1, "max_subsets", "Pass 100")
    checked = checked_decisions(decisions, num_classes=num_classes)
    truth = checked_labels(labels, num_examples=checked.shape[1], num_classes=num_classes)
    sizes = shown_sizes(len(checked))
    right = checked == truth
    wrong = (~right).sum(axis=0)
    scores = {"oracle": 1.0 - np.stack([_all_wrong(wrong, len(checked), size) for size in sizes])}
    chosen = []
    for size in sizes:
        most = min(max_subsets, max(LEAST_SUBSETS, MOST_VOTES // (size * len(truth))))
        chosen.append(subsets_of_size(len(checked), size, max_subsets=most, seed=seed))
    scores["majority"] = _majority(checked, truth, chosen, num_classes)
    scores["mean"] = np.broadcast_to(right.mean(axis=0), (len(sizes), len(truth)))
    weights = bootstrap_weights(len(truth), num_resamples=num_resamples, seed=seed)
    return VoteCurve(
        np.array(sizes),
        **{name: each.mean(axis=1) for name, each in scores.items()},
        intervals={name: bootstrap_mean_interval(each, weights, confidence) for name, each in scores.items()},
        num_subsets=np.array([len(subsets) for subsets in chosen]),
    )


def shown_sizes(num_members: int) -> list[int]:
    """Return the numbers of members that are evaluated: all up to 20, then each a quarter above the last, and all.

    >>> shown_sizes(40)
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 25, 31, 39, 40]
    """
    sizes = list(range(1, min(num_members, ALL_SIZES) + 1))
    while sizes[-1] < num_members:
        sizes.append(min(num_members, round(sizes[-1] * STEP)))
    return sizes


def _all_wrong(wrong: Int[np.ndarray, "example"], num_members: int, size: int) -> Float[np.ndarray, "example"]:
    """Return C(w, k) / C(M, k), the share of subsets that are wrong throughout."""
    numbers = np.arange(num_members + 1)
    logs = gammaln(numbers + 1) - gammaln(np.maximum(numbers - size, 0) + 1)
    share = np.where(numbers < size, 0.0, np.exp(logs - logs[-1]))
    return share[wrong]


def _majority(
    decisions: Int[np.ndarray, "member example"],
    labels: Int[np.ndarray, "example"],
    chosen: list[Int[np.ndarray, "subset member_of_subset"]],
    num_classes: int,
) -> Float[np.ndarray, "size example"]:
    """Return for each size and example the share of subsets of which the most votes are right, ties in equal parts."""
    found = np.zeros((len(chosen), len(labels)))
    # Small types: sums and maxima of whole rows of bytes are many times faster than those of 64-bit numbers.
    kind = np.uint8 if len(decisions) <= np.iinfo(np.uint8).max else np.uint16
    step = max(1, CHUNK_VOTES // (len(decisions) * num_classes))
    for start in range(0, len(labels), step):
        piece, truth = decisions[:, start : start + step], labels[start : start + step]
        votes = np.stack([piece == number for number in range(num_classes)]).astype(kind)
        for place, subsets in enumerate(chosen):
            found[place, start : start + step] = sum(_first(votes[:, members], truth) for members in subsets)
    return found / np.array([len(subsets) for subsets in chosen])[:, None]


def _first(
    votes: Int[np.ndarray, "class member_of_subset example"], labels: Int[np.ndarray, "example"]
) -> Float[np.ndarray, "example"]:
    """Return for each example the probability that the truth is chosen among the classes with the most votes."""
    counts = votes.sum(axis=1, dtype=votes.dtype)
    first = counts == counts.max(axis=0)
    return first[labels, np.arange(len(labels))] / first.sum(axis=0)
