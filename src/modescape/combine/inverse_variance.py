"""Weights by precision: members with smaller errors on validation examples count more."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from modescape.combine.protocol import Validation
from modescape.combine.weighted import WeightedMean, shares
from modescape.core.checks import check_at_least


@dataclass(frozen=True)
class InverseVariance:
    """The way `inverse-variance`: weights in proportion to one over the members' error variance on validation examples.

    v_m = (1/N) sum_n sum_c (p_mnc - [c = y_n])^2, which is the member's Brier score, and
    w_m = v_m^-a / sum_k v_k^-a. With a = 1 and errors that are unbiased and independent of one another, no other
    weights give the mean a smaller variance. Members without error share all weight.

    Source: Bates, Granger (1969), section 2, https://doi.org/10.1057/jors.1969.103 (a = 1, without covariances);
    Cochran (1937), https://doi.org/10.2307/2984123. Differs from them in the errors, which are about 0 and not about
    their mean, and are summed over classes.

    Args:
        power: The exponent a, at least 0; 0 gives equal weights, and larger ones go to the best members.

    >>> from modescape.combine.protocol import checked_validation
    >>> validation = checked_validation([[[0.9, 0.1]], [[0.8, 0.2]]], [0])
    >>> InverseVariance().fit(validation, seed=0).weights.round(6).tolist()
    [0.8, 0.2]
    """

    name: ClassVar[str] = "inverse-variance"
    title: ClassVar[str] = "inverse-variance weights"

    power: float = 1.0

    def __post_init__(self) -> None:
        """Raise unless the exponent is in range."""
        check_at_least(self.power, 0, "power", "Pass 1")

    def fit(self, validation: Validation, *, seed: int) -> WeightedMean:
        """Return the mean with weights by the members' errors."""
        del seed
        variance = _error_variance(validation)
        if self.power == 0.0:
            return WeightedMean(shares(np.ones(len(variance))))
        least = variance.min()
        # As ratios to the best member, so that no power of a small number overflows.
        precision = np.where(variance > 0.0, (least / np.where(variance > 0.0, variance, 1.0)) ** self.power, 1.0)
        return WeightedMean(shares(precision))


def _error_variance(validation: Validation) -> Float[np.ndarray, "member"]:
    """Return the mean squared error of each member, summed over classes."""
    wide = validation.members.astype(np.float64, copy=False)
    squares = np.einsum("mnc,mnc->mn", wide, wide)
    # sum_c p_c^2 - 2 p_y + 1 is the same without one-hot labels, but for rounding below 0.
    return np.maximum(squares - 2.0 * validation.of_label + 1.0, 0.0).mean(axis=1)
