"""Which examples members dispute most: between all of them, and between two."""

import numpy as np
from jaxtyping import Float, Int
from scipy.special import entr

from modescape.core.checks import checked_probabilities
from modescape.core.errors import ArgumentError, Quoted
from modescape.evaluate.uncertainty import mutual_information
from modescape.functions import checked_decisions

CHUNK_ENTRIES = 2**22
"""Probabilities that are held in double precision at a time: 32 MiB."""


def vote_entropy(decisions: Int[np.ndarray, "member example"], *, num_classes: int) -> Float[np.ndarray, "example"]:
    """Return the entropy of the members' votes for each example, in nats: 0 where all agree.

    H = -sum_c v_c ln v_c, with v_c the share of members that decide for class c.

    Source: Dagan, Engelson (1995), section 4, https://doi.org/10.1016/B978-1-55860-377-6.50027-X

    Args:
        decisions: The class that each member decides for, for each example.
        num_classes: Number of classes.

    Raises:
        ArgumentError: If the shape is wrong or a class is outside [0, num_classes).

    >>> vote_entropy(np.array([[0, 1], [0, 2]]), num_classes=3).round(4).tolist()
    [0.0, 0.6931]
    """
    checked = checked_decisions(decisions, num_classes=num_classes)
    entropy = np.zeros(checked.shape[1])
    for number in range(num_classes):
        entropy += entr((checked == number).mean(axis=0))
    return entropy


def divergence_per_example(members: Float[np.ndarray, "member example class"]) -> Float[np.ndarray, "example"]:
    """Return `mutual_information`, the Jensen-Shannon divergence of members, in pieces that need little memory.

    Source: Lin (1991), section V, https://doi.org/10.1109/18.61115

    Raises:
        ArgumentError: If the members' predictions are not probabilities.

    >>> divergence_per_example(np.array([[[1.0, 0.0], [0.5, 0.5]], [[0.0, 1.0], [0.5, 0.5]]])).round(4).tolist()
    [0.6931, 0.0]
    """
    if np.ndim(members) != 3:
        checked_probabilities(members, "members")
    step = max(1, CHUNK_ENTRIES // (len(members) * members.shape[2]))
    pieces = range(0, members.shape[1], step)
    return np.concatenate([mutual_information(members[:, start : start + step]) for start in pieces])


def most_disputed(scores: Float[np.ndarray, "example"], number: int) -> Int[np.ndarray, "rank"]:
    """Return the examples with the highest scores above 0, the highest first; of equal ones the first in order.

    Args:
        scores: How disputed each example is.
        number: Most of them.

    Raises:
        ArgumentError: If scores are not one row of numbers.

    >>> most_disputed(np.array([0.0, 0.5, 0.7, 0.5]), 3).tolist()
    [2, 1, 3]
    """
    array = np.asarray(scores, dtype=np.float64)
    if array.ndim != 1 or np.isnan(array).any():
        got = Quoted(f"shape {array.shape}" if array.ndim != 1 else "NaN")
        raise ArgumentError("scores", "be one number for each example", got, "Pass the result of vote_entropy")
    order = np.argsort(-array, kind="stable")[:number]
    return order[array[order] > 0]
