"""Joint confusion: which classes two members decide for together, given the truth or whatever it is."""

import numpy as np
from jaxtyping import Float32, Int

from modescape.core.checks import check_at_least, checked_labels
from modescape.core.errors import ArgumentError, Quoted

BLOCK_ENTRIES = 2**24
"""Entries of the indicators that are held at a time: 64 MiB."""
LARGEST_EXACT = 2**24
"""Single precision counts exactly up to here."""


def joint_confusion(
    first: Int[np.ndarray, "example"],
    second: Int[np.ndarray, "example"],
    labels: Int[np.ndarray, "example"],
    *,
    num_classes: int,
) -> Int[np.ndarray, "class class_first class_second"]:
    """Return how often two members decide for each pair of classes, for each true class.

    n[t, a, b] = sum_n [y_n = t and a_n = a and b_n = b]. Summed over the truth it is the table of `joint_counts`;
    summed over one member it is the confusion matrix of the other.

    Args:
        first: The class that one member decides for, for each example.
        second: The same for the other member.
        labels: The true classes.
        num_classes: Number of classes.

    Raises:
        ArgumentError: If lengths differ or a class is outside [0, num_classes).

    >>> first, second, truth = np.array([0, 1, 1]), np.array([0, 0, 1]), np.array([0, 0, 1])
    >>> joint_confusion(first, second, truth, num_classes=2).tolist()
    [[[1, 0], [1, 0]], [[0, 0], [0, 1]]]
    """
    check_at_least(num_classes, 1, "num_classes", "Pass the number of classes of the data")
    size = {"num_examples": np.shape(labels)[0] if np.ndim(labels) else 0, "num_classes": num_classes}
    truth = checked_labels(labels, **size)
    rows = [checked_labels(row, **size, argument=name) for name, row in (("first", first), ("second", second))]
    place = (truth * num_classes + rows[0]) * num_classes + rows[1]
    return np.bincount(place, minlength=num_classes**3).reshape((num_classes,) * 3)


def joint_counts(
    decisions: Int[np.ndarray, "member example"], *, num_classes: int
) -> Float32[np.ndarray, "member class member_other class_other"]:
    """Return for every pair of members how often they decide for each pair of classes.

    n[i, a, j, b] = sum_n [d_in = a and d_jn = b], by products of indicators: whole numbers, held exactly in single
    precision. It takes 4 (members * classes)^2 bytes; for very many members see `modescape.functions.pair_counts`.

    Args:
        decisions: The class that each member decides for, for each example.
        num_classes: Number of classes.

    Raises:
        ArgumentError: If the shape is wrong, a class is outside [0, num_classes), or there are more than 2^24 examples.

    >>> joint_counts(np.array([[0, 1, 1], [0, 0, 1]]), num_classes=2)[0, :, 1].tolist()
    [[1.0, 0.0], [1.0, 1.0]]
    """
    checked = checked_decisions(decisions, num_classes=num_classes)
    num_members, num_examples = checked.shape
    if num_examples > LARGEST_EXACT:
        rule, advice = f"hold at most {LARGEST_EXACT} examples", "Pass fewer of them"
        raise ArgumentError("decisions", rule, Quoted(f"{num_examples} examples"), advice)
    size = num_members * num_classes
    counts = np.zeros((size, size), dtype=np.float32)
    step = max(1, BLOCK_ENTRIES // size)
    classes = np.arange(num_classes)[None, :, None]
    for start in range(0, num_examples, step):
        indicators = (checked[:, None, start : start + step] == classes).reshape(size, -1).astype(np.float32)
        counts += indicators @ indicators.T
    return counts.reshape(num_members, num_classes, num_members, num_classes)


def checked_decisions(
    decisions: Int[np.ndarray, "member example"], *, num_classes: int
) -> Int[np.ndarray, "member example"]:
    """Return decisions as an array, after checking their shape and range.

    Args:
        decisions: The class that each member decides for, for each example.
        num_classes: Number of classes.

    Raises:
        ArgumentError: If the shape is not two-dimensional or is empty, or a decision is no whole number in
            [0, num_classes); the first one is named.

    >>> checked_decisions([[0, 1]], num_classes=2).shape
    (1, 2)
    """
    check_at_least(num_classes, 1, "num_classes", "Pass the number of classes of the data")
    array = np.asarray(decisions)
    advice = "Pass the result of functions.decisions"
    if array.ndim != 2 or 0 in array.shape:
        rule, got = "have the shape (member, example) with at least one of each", Quoted(f"shape {array.shape}")
        raise ArgumentError("decisions", rule, got, advice)
    if not np.issubdtype(array.dtype, np.integer):
        raise ArgumentError("decisions", "be whole numbers", Quoted(f"dtype {array.dtype}"), advice)
    if array.min() < 0 or array.max() >= num_classes:
        member, example = (int(index) for index in np.argwhere((array < 0) | (array >= num_classes))[0])
        got = Quoted(f"{int(array[member, example])} for member {member}, example {example}")
        raise ArgumentError("decisions", f"lie in [0, {num_classes})", got, "Count classes from 0")
    return array
