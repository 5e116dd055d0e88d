"""The median of the members' probabilities, which a few members that fail do not move."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from modescape.combine.weighted import renormalised
from modescape.core.checks import checked_probabilities


def median_of_probabilities(
    probabilities: Float[np.ndarray, "member example class"],
) -> Float[np.ndarray, "example class"]:
    """Return the median over members of each class's probability, divided by their sum over classes.

    p_nc = median_m p_mnc / sum_k median_m p_mnk; of an even number of members the mean of the middle two. Where all
    medians are 0 (three members, each sure of another class) the mean of probabilities stands in.

    Source: Kittler, Hatef, Duin, Matas (1998), section 3.5, https://doi.org/10.1109/34.667881

    Args:
        probabilities: Class probabilities of each member on the same examples.

    Raises:
        ArgumentError: If the members' predictions are not probabilities.

    >>> median_of_probabilities(np.array([[[0.9, 0.1]], [[0.8, 0.2]], [[0.0, 1.0]]])).round(4).tolist()
    [[0.8, 0.2]]
    """
    return Median()(checked_probabilities(probabilities))


@dataclass(frozen=True)
class Median:
    """The way `median`: see `median_of_probabilities`; it has no options and needs no fit.

    >>> Median()(np.array([[[1.0, 0.0]], [[0.5, 0.5]]])).tolist()
    [[0.75, 0.25]]
    """

    name: ClassVar[str] = "median"
    title: ClassVar[str] = "median of probabilities"

    def __call__(
        self, members: Float[np.ndarray, "member example class"], inputs: np.ndarray | None = None
    ) -> Float[np.ndarray, "example class"]:
        """Return the medians, divided by their sum over classes."""
        del inputs
        wide = members.astype(np.float64, copy=False)
        return renormalised(np.median(wide, axis=0), wide.mean(axis=0))
