"""Disagreement: how often two predictors decide for different classes."""

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from modescape.core.errors import ArgumentError, Quoted


def disagreement(first: Int[np.ndarray, "example"], second: Int[np.ndarray, "example"]) -> float:
    """Return the fraction of examples for which two predictors decide for different classes.

    d = (1/N) sum_n [a_n != b_n]

    Source: Fort, Hu, Lakshminarayanan (2019), section 3, https://arxiv.org/abs/1912.02757

    Args:
        first: The class that one predictor decides for, for each example.
        second: The same for the other predictor.

    Raises:
        ArgumentError: If the two are not whole numbers of the same non-zero length.

    >>> disagreement(np.array([0, 1, 2, 2]), np.array([0, 1, 1, 2]))
    0.25
    """
    arrays = [_checked(first, "first", ("example",)), _checked(second, "second", ("example",))]
    if arrays[0].shape != arrays[1].shape:
        raise ArgumentError(
            "second",
            f"have {len(arrays[0])} examples, as many as first",
            Quoted(f"{len(arrays[1])} examples"),
            "Compare predictions for the same examples in the same order",
        )
    return float(np.mean(arrays[0] != arrays[1]))


def disagreement_matrix(decisions: Int[np.ndarray, "member example"]) -> Float[np.ndarray, "member member_other"]:
    """Return the fraction of examples for which every pair of members decides for different classes.

    d[i, j] = (1/N) sum_n [a_in != a_jn]. The matrix is symmetric, has zeros on its diagonal, and obeys the triangle
    inequality.

    Source: Fort, Hu, Lakshminarayanan (2019), section 3, https://arxiv.org/abs/1912.02757

    Args:
        decisions: The class that each member decides for, for each example.

    Raises:
        ArgumentError: If the shape is not two-dimensional or is empty, or the decisions are not whole numbers.

    >>> disagreement_matrix(np.array([[0, 1], [0, 2], [3, 2]])).tolist()
    [[0.0, 0.5, 1.0], [0.5, 0.0, 0.5], [1.0, 0.5, 0.0]]
    """
    counts = disagreement_counts(decisions)
    return counts / np.shape(decisions)[1]


def disagreement_counts(decisions: Int[np.ndarray, "member example"]) -> Int[np.ndarray, "member member_other"]:
    """Return the number of examples for which every pair of members decides for different classes.

    With the number of examples it gives the interval of a disagreement: `modescape.evaluate.proportion_interval`.

    Args:
        decisions: The class that each member decides for, for each example.

    Raises:
        ArgumentError: If the shape is not two-dimensional or is empty, or the decisions are not whole numbers.

    >>> disagreement_counts(np.array([[0, 1], [0, 2], [3, 2]])).tolist()
    [[0, 1, 2], [1, 0, 1], [2, 1, 0]]
    """
    rows = list(_narrowed(_checked(decisions, "decisions", ("member", "example"))))
    counts = np.zeros((len(rows), len(rows)), dtype=np.int64)
    differs = np.empty(rows[0].shape, dtype=bool)
    # Row against row stays in the processor's cache, and its cost does not grow with the number of classes as that
    # of a product of one-hot matrices does.
    for member, row in enumerate(rows):
        for other in range(member):
            np.not_equal(row, rows[other], out=differs)
            counts[member, other] = np.count_nonzero(differs)
    return counts + counts.T


def _checked(decisions: ArrayLike, argument: str, axes: tuple[str, ...]) -> Int[np.ndarray, "..."]:
    """Return decisions as an array of whole numbers with the given axes, none of them empty."""
    array = np.asarray(decisions)
    if array.ndim != len(axes) or 0 in array.shape:
        raise ArgumentError(
            argument,
            f"have the shape ({', '.join(axes)}) with at least one of each",
            Quoted(f"shape {array.shape}"),
            "Pass the result of functions.decisions",
        )
    if not np.issubdtype(array.dtype, np.integer):
        advice = "Turn probabilities into classes with functions.decisions"
        raise ArgumentError(argument, "be whole numbers", Quoted(f"dtype {array.dtype}"), advice)
    return array


def _narrowed(decisions: Int[np.ndarray, "member example"]) -> Int[np.ndarray, "member example"]:
    """Return decisions in the smallest type that holds them: comparing bytes is eight times less work."""
    smallest = np.result_type(np.min_scalar_type(decisions.min()), np.min_scalar_type(decisions.max()))
    return np.ascontiguousarray(decisions, dtype=smallest)
