"""The mean of the members' probabilities without the highest and the lowest of them."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from modescape.combine.weighted import renormalised
from modescape.core.checks import checked_probabilities
from modescape.core.errors import ArgumentError


def trimmed_mean_of_probabilities(
    probabilities: Float[np.ndarray, "member example class"], *, trim: float = 0.2
) -> Float[np.ndarray, "example class"]:
    """Return the mean of each class's probability without the extreme members, divided by the sum over classes.

    With p_(1) <= ... <= p_(M) those of one example and class and g = floor(trim M): the mean of
    p_(g+1), ..., p_(M-g). Members are sorted anew for each class. Where nothing but zeros is left for any class, the
    mean of probabilities stands in.

    Source: Jose, Winkler (2008), section 2, https://doi.org/10.1016/j.ijforecast.2007.06.001. Differs from it in the
    division, since what is left of several classes does not sum to 1.

    Args:
        probabilities: Class probabilities of each member on the same examples.
        trim: The share of members cut on each side, in [0, 0.5); less than one whole member cuts nothing.

    Raises:
        ArgumentError: If the members' predictions are not probabilities, or the share is outside [0, 0.5).

    >>> trimmed_mean_of_probabilities(np.array([[[0.9, 0.1]], [[0.8, 0.2]], [[0.0, 1.0]]]), trim=0.34).round(4).tolist()
    [[0.8, 0.2]]
    """
    return TrimmedMean(trim)(checked_probabilities(probabilities))


@dataclass(frozen=True)
class TrimmedMean:
    """The way `trimmed-mean`: see `trimmed_mean_of_probabilities`; it needs no fit.

    Args:
        trim: The share of members cut on each side.

    >>> TrimmedMean(trim=0.25)(np.array([[[0.9, 0.1]], [[0.7, 0.3]], [[0.7, 0.3]], [[0.0, 1.0]]])).round(4).tolist()
    [[0.7, 0.3]]
    """

    name: ClassVar[str] = "trimmed-mean"
    title: ClassVar[str] = "trimmed mean"

    trim: float = 0.2

    def __post_init__(self) -> None:
        """Raise unless something would be left."""
        if not 0.0 <= self.trim < 0.5:
            raise ArgumentError("trim", "lie in [0, 0.5), the share cut on each side", self.trim, "Pass trim=0.2")

    def __call__(
        self, members: Float[np.ndarray, "member example class"], inputs: np.ndarray | None = None
    ) -> Float[np.ndarray, "example class"]:
        """Return the means of what is left, divided by their sum over classes."""
        del inputs
        wide = members.astype(np.float64, copy=False)
        # The product of a decimal share and a whole number may fall just below the whole number that it stands for.
        cut = int(np.floor(self.trim * len(wide) + 1e-9))
        kept = np.sort(wide, axis=0)[cut : len(wide) - cut]
        return renormalised(kept.mean(axis=0), wide.mean(axis=0))
