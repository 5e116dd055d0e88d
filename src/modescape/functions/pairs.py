"""Counts for every pair of members at once, from which all measures of how they differ are made."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int
from numpy.typing import ArrayLike

from modescape.core.checks import checked_labels
from modescape.functions.confusion import checked_decisions
from modescape.functions.disagreement import disagreement_counts

CHUNK_ENTRIES = 2**24
"""Entries that are held in single precision at a time: 64 MiB."""

Square = Int[np.ndarray, "member member_other"]


@dataclass(frozen=True, eq=False)
class RightCounts:
    """How many examples are decided right and wrong by every pair of members.

    The counts of a pair, that of `first_right_only` in both orders, sum to the number of examples.

    Attributes:
        both_right: Both decide for the true class.
        first_right_only: The first does and the second does not; transposed it is the other way round.
        both_wrong_same: Both decide for the same wrong class.
        both_wrong_different: They decide for two different wrong classes.
    """

    both_right: Square
    first_right_only: Square
    both_wrong_same: Square
    both_wrong_different: Square


@dataclass(frozen=True, eq=False)
class PairCounts:
    """How many examples every pair of members decides alike and right.

    Attributes:
        num_examples: Number of examples.
        agree: Both decide for the same class.
        decided: How often each member decides for each class.
        right: Who is right; None where the truth is not known.
    """

    num_examples: int
    agree: Square
    decided: Int[np.ndarray, "member class"]
    right: RightCounts | None


def pair_counts(
    decisions: Int[np.ndarray, "member example"], labels: Int[np.ndarray, "example"] | None, *, num_classes: int
) -> PairCounts:
    """Return how many examples every pair of members decides alike, and right.

    Two matrices are counted, [a = b] and [a = y and b = y]; the others follow from them and from how often each member
    is right, since two members that are right agree.

    Source: Kuncheva, Whitaker (2003), section 2, https://doi.org/10.1023/A:1022859003006. Differs from it in telling
    equal errors from different ones.

    Args:
        decisions: The class that each member decides for, for each example.
        labels: The true classes, or None.
        num_classes: Number of classes.

    Raises:
        ArgumentError: If shapes differ, or a class is outside [0, num_classes).

    >>> counts = pair_counts(np.array([[0, 1, 2], [0, 2, 2]]), np.array([0, 1, 1]), num_classes=3)
    >>> int(counts.agree[0, 1]), int(counts.right.both_right[0, 1]), int(counts.right.first_right_only[0, 1])
    (2, 1, 1)
    >>> int(counts.right.both_wrong_same[0, 1]), int(counts.right.both_wrong_different[0, 1])
    (1, 0)
    """
    checked = checked_decisions(decisions, num_classes=num_classes)
    num_examples = checked.shape[1]
    agree = num_examples - disagreement_counts(checked)
    decided = np.stack([np.bincount(row, minlength=num_classes) for row in checked])
    if labels is None:
        return PairCounts(num_examples, agree, decided, None)
    truth: ArrayLike = checked_labels(labels, num_examples=num_examples, num_classes=num_classes)
    both = _products(checked == truth)
    alone = np.diagonal(both)
    first_only = alone[:, None] - both
    both_wrong = num_examples - alone[:, None] - alone[None, :] + both
    same = agree - both
    return PairCounts(num_examples, agree, decided, RightCounts(both, first_only, same, both_wrong - same))


def _products(right: Bool[np.ndarray, "member example"]) -> Square:
    """Return for how many examples both members of each pair are right."""
    counts = np.zeros((len(right), len(right)), dtype=np.int64)
    step = max(1, CHUNK_ENTRIES // len(right))
    for start in range(0, right.shape[1], step):
        piece = right[:, start : start + step].astype(np.float32)
        counts += (piece @ piece.T).astype(np.int64)
    return counts
