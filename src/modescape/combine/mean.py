"""The ensemble's usual answer: the mean of its members' probabilities."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from modescape.core.checks import checked_probabilities


def mean_of_probabilities(
    probabilities: Float[np.ndarray, "member example class"],
) -> Float[np.ndarray, "example class"]:
    """Return the mean of the members' class probabilities.

    p_nc = (1/M) sum_m p_mnc

    Source: Lakshminarayanan, Pritzel, Blundell (2017), section 2.4, https://arxiv.org/abs/1612.01474

    Args:
        probabilities: Class probabilities of each member on the same examples.

    Returns:
        Double precision, whatever the precision of the members.

    Raises:
        ArgumentError: If the members' predictions are not probabilities.

    >>> mean_of_probabilities(np.array([[[1.0, 0.0]], [[0.5, 0.5]]])).tolist()
    [[0.75, 0.25]]
    """
    return checked_probabilities(probabilities).mean(axis=0, dtype=np.float64)


@dataclass(frozen=True)
class Mean:
    """The way `mean`: see `mean_of_probabilities`; it has no options and needs no fit.

    >>> Mean()(np.array([[[1.0, 0.0]], [[0.5, 0.5]]])).tolist()
    [[0.75, 0.25]]
    """

    name: ClassVar[str] = "mean"
    title: ClassVar[str] = "mean of probabilities"

    def __call__(
        self, members: Float[np.ndarray, "member example class"], inputs: np.ndarray | None = None
    ) -> Float[np.ndarray, "example class"]:
        """Return the mean of the members' probabilities."""
        del inputs
        return members.mean(axis=0, dtype=np.float64)
