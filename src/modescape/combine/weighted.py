"""Means of the members' probabilities with one weight a member: what most fitted ways come to."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True, eq=False)
class WeightedMean:
    """The mean of the members' probabilities with weights that are the same for all examples.

    p_nc = sum_m w_m p_mnc

    Args:
        weights: At least 0, with the sum 1.

    >>> WeightedMean(np.array([0.25, 0.75]))(np.array([[[1.0, 0.0]], [[0.0, 1.0]]])).tolist()
    [[0.25, 0.75]]
    """

    weights: Float[np.ndarray, "member"]

    def __call__(
        self, members: Float[np.ndarray, "member example class"], inputs: np.ndarray | None = None
    ) -> Float[np.ndarray, "example class"]:
        """Return the mean of the members' probabilities."""
        del inputs
        found = np.zeros(members.shape[1:])
        for weight, member in zip(self.weights, members, strict=True):
            if weight > 0.0:
                found += weight * member.astype(np.float64, copy=False)
        return found


def shares(amounts: Float[np.ndarray, "member"]) -> Float[np.ndarray, "member"]:
    """Return amounts as shares of their sum; infinite ones share all of it, and where there is nothing, all do alike.

    >>> shares(np.array([1.0, 3.0])).tolist(), shares(np.array([np.inf, 3.0])).tolist(), shares(np.zeros(2)).tolist()
    ([0.25, 0.75], [1.0, 0.0], [0.5, 0.5])
    """
    endless = np.isinf(amounts)
    if endless.any():
        amounts = endless.astype(np.float64)
    largest = amounts.max()
    if largest <= 0.0:
        return np.full(len(amounts), 1.0 / len(amounts))
    # Divided by the largest first: the sum of huge amounts would be infinite.
    scaled = amounts / largest
    return scaled / scaled.sum()


def renormalised(
    amounts: Float[np.ndarray, "example class"], otherwise: Float[np.ndarray, "example class"]
) -> Float[np.ndarray, "example class"]:
    """Return rows divided by their sums; a row of zeros gives way to another.

    >>> renormalised(np.array([[1.0, 3.0], [0.0, 0.0]]), np.array([[0.5, 0.5], [0.1, 0.9]])).tolist()
    [[0.25, 0.75], [0.1, 0.9]]
    """
    sums = amounts.sum(axis=1, keepdims=True)
    return np.where(sums > 0.0, amounts / np.where(sums > 0.0, sums, 1.0), otherwise)
