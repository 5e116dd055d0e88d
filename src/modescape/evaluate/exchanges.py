"""Members exchanged at random within each example: what per-class accuracies would be if no member were special."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import ArrayLike

from modescape.core.checks import check_at_least, checked_labels
from modescape.core.errors import ArgumentError, Quoted
from modescape.core.seeds import Stream, derived_seed, numpy_generator


def class_accuracies(
    correct: Bool[np.ndarray, "member example"], labels: Int[np.ndarray, "example"], *, num_classes: int
) -> Float[np.ndarray, "member class"]:
    """Return the accuracy of each member on the examples of each class; NaN for a class without examples.

    Args:
        correct: Whether each member decides each example right.
        labels: The true classes.
        num_classes: Number of classes.

    Raises:
        ArgumentError: If shapes differ or a class is outside [0, num_classes).

    >>> class_accuracies(np.array([[True, False, True]]), np.array([0, 0, 1]), num_classes=2).tolist()
    [[0.5, 1.0]]
    """
    right, truth = checked_correct(correct, labels, num_classes)
    counts = np.bincount(truth, minlength=num_classes)
    sums = np.stack([np.bincount(truth, weights=row, minlength=num_classes) for row in right])
    return np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)


def exchanged_accuracies(
    correct: Bool[np.ndarray, "member example"],
    labels: Int[np.ndarray, "example"],
    *,
    num_classes: int,
    num_resamples: int,
    seed: int,
) -> Iterator[Float[np.ndarray, "member class"]]:
    """Yield per-class accuracies after the members were exchanged at random within each example.

    How many members decide an example right stays as it is, so classes and examples are as hard as they were; which
    members these are is drawn anew, so none of them is better at anything.

    Source: permutation within blocks: Good (2005), Permutation, Parametric and Bootstrap Tests of Hypotheses, section
    7.2, https://doi.org/10.1007/b138696

    Args:
        correct: Whether each member decides each example right.
        labels: The true classes.
        num_classes: Number of classes.
        num_resamples: How often.
        seed: Seed of the run.

    Raises:
        ArgumentError: If shapes differ, a class is outside [0, num_classes), or a number is out of range.

    >>> right, truth = np.array([[True, True], [False, False]]), np.array([0, 0])
    >>> [found.sum() for found in exchanged_accuracies(right, truth, num_classes=1, num_resamples=2, seed=0)]
    [np.float64(1.0), np.float64(1.0)]
    """
    check_at_least(num_resamples, 1, "num_resamples", "Pass 1000")
    right, truth = checked_correct(correct, labels, num_classes)
    generator = numpy_generator(derived_seed(seed, Stream.PERMUTATION))
    counts = np.bincount(truth, minlength=num_classes)
    # Where all or none are right, an exchange changes nothing.
    number = right.sum(axis=0)
    mixed = np.flatnonzero((number > 0) & (number < len(right)))
    mixed = mixed[np.argsort(truth[mixed], kind="stable")]
    sure = np.bincount(truth, weights=number == len(right), minlength=num_classes)
    found, starts = np.unique(truth[mixed], return_index=True)
    rows = np.ascontiguousarray(right[:, mixed].T).astype(np.uint8)
    for _ in range(num_resamples):
        sums = np.repeat(sure[:, None], len(right), axis=1)
        if len(mixed):
            sums[found] += np.add.reduceat(generator.permuted(rows, axis=1), starts, axis=0, dtype=np.int64)
        yield np.divide(sums, counts[:, None], out=np.full(sums.shape, np.nan), where=counts[:, None] > 0).T


def checked_correct(
    correct: ArrayLike, labels: ArrayLike, num_classes: int
) -> tuple[Bool[np.ndarray, "member example"], Int[np.ndarray, "example"]]:
    """Return who is right and the truth as arrays, after checking them.

    Raises:
        ArgumentError: If shapes differ or a class is outside [0, num_classes).

    >>> checked_correct([[True, False]], [0, 1], 2)[0].shape
    (1, 2)
    """
    right = np.asarray(correct)
    if right.ndim != 2 or 0 in right.shape or right.dtype != np.bool_:
        got = Quoted(f"{right.dtype} of shape {right.shape}")
        rule = "be true or false, of the shape (member, example) with at least one of each"
        raise ArgumentError("correct", rule, got, "Compare the decisions with the labels")
    check_at_least(num_classes, 1, "num_classes", "Pass the number of classes of the data")
    return right, checked_labels(labels, num_examples=right.shape[1], num_classes=num_classes)
