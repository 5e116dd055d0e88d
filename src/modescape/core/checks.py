"""Checks of what users pass in; each raises one line that says what is wrong and what to do."""

from collections.abc import Collection

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from modescape.core.errors import ArgumentError, Quoted

PROBABILITY_FLOOR = 2.0**-126
"""The smallest normal number of single precision (1.2e-38): no single prediction costs more than 87.3 nats.

A softmax in single precision turns smaller probabilities into 0, which would make an NLL infinite. One constant for
all types, so that a prediction has the same NLL in whatever precision it is stored."""
ROW_SUM_TOLERANCE = 1e-3
"""How far a row of probabilities may be from 1: rounding in half precision over 1,000 classes stays under it."""


def check_at_least(value: float, minimum: float, argument: str, advice: str) -> None:
    """Raise unless a number is finite and at least a minimum.

    >>> check_at_least(2, 1, "members", "Pass --members 5")
    """
    if not minimum <= value < float("inf"):
        raise ArgumentError(argument, f"be at least {minimum}", value, advice)


def check_choice(value: str, choices: Collection[str], argument: str) -> None:
    """Raise unless a word is one of the choices.

    >>> check_choice("loop", ["loop", "vmap"], "engine")
    """
    if value not in choices:
        raise ArgumentError(argument, f"be one of {', '.join(choices)}", value, "Choose one of them")


def checked_probabilities(
    probabilities: ArrayLike, argument: str = "probabilities"
) -> Float[np.ndarray, "member example class"]:
    """Return the class probabilities of members as an array, after checking them.

    Args:
        probabilities: Shape (member, example, class); each row over classes is at least 0 and sums to 1.
        argument: The name to use in errors.

    Raises:
        ArgumentError: If the shape is not three-dimensional or empty, or a row has NaN, a negative number or another
            sum than 1 (to 1e-3); the first such member and example are named.

    >>> checked_probabilities([[[0.25, 0.75]]]).shape
    (1, 1, 2)
    """
    array = np.asarray(probabilities)
    if array.ndim != 3 or 0 in array.shape:
        raise ArgumentError(
            argument,
            "have the shape (member, example, class) with at least one of each",
            Quoted(f"shape {array.shape}"),
            "Stack the predictions of the members along a first axis",
        )
    if not np.issubdtype(array.dtype, np.floating):
        array = array.astype(np.float64)
    wrong = ~np.isclose(array.sum(axis=2, dtype=np.float64), 1.0, atol=ROW_SUM_TOLERANCE, rtol=0.0)
    wrong |= array.min(axis=2) < 0.0
    if wrong.any():
        member, example = (int(index) for index in np.argwhere(wrong)[0])
        row = np.array2string(array[member, example], precision=3, threshold=6, separator=", ")
        raise ArgumentError(
            argument,
            "be at least 0 and sum to 1 over classes",
            Quoted(f"{row} for member {member}, example {example}"),
            "Apply a softmax to logits, and look for NaN in that member",
        )
    return array


def checked_labels(
    labels: ArrayLike, num_examples: int, num_classes: int, argument: str = "labels"
) -> Int[np.ndarray, "example"]:
    """Return labels as an array of whole numbers, after checking length and range.

    Args:
        labels: One class index in [0, num_classes) for each example.
        num_examples: How many there must be.
        num_classes: Number of classes.
        argument: The name to use in errors.

    Raises:
        ArgumentError: If the shape, the type or the range is wrong; the first label out of range is named.

    >>> checked_labels([0, 1], num_examples=2, num_classes=2).tolist()
    [0, 1]
    """
    array = np.asarray(labels)
    if array.shape != (num_examples,):
        raise ArgumentError(
            argument,
            f"hold one class index for each of the {num_examples} examples",
            Quoted(f"shape {array.shape}"),
            "Pass the labels of the examples that were predicted",
        )
    if not np.issubdtype(array.dtype, np.integer):
        raise ArgumentError(argument, "be whole numbers", Quoted(f"dtype {array.dtype}"), "Pass class indices")
    outside = np.flatnonzero((array < 0) | (array >= num_classes))
    if outside.size:
        first = int(outside[0])
        raise ArgumentError(
            argument,
            f"lie in [0, {num_classes}), one of the {num_classes} classes",
            Quoted(f"{int(array[first])} for example {first}"),
            "Count classes from 0, and check that predictions and labels belong together",
        )
    return array.astype(np.int64, copy=False)
