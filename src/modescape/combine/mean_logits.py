"""The mean of the members' logits, which is the normalised geometric mean of their probabilities."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float
from scipy.special import softmax

from modescape.core.checks import PROBABILITY_FLOOR, checked_probabilities


def mean_of_logits(probabilities: Float[np.ndarray, "member example class"]) -> Float[np.ndarray, "example class"]:
    """Return the softmax of the mean of the members' logits.

    p_nc = softmax_c((1/M) sum_m ln max(p_mnc, 2**-126)), the normalised geometric mean. Logits are known up to a number
    added to all classes, which the softmax takes out again, so that logarithms of probabilities do as well.

    Source: Genest, Zidek (1986), section 3 (the logarithmic opinion pool), https://doi.org/10.1214/ss/1177013825.
    Differs from it in the floor, which lets one member's 0 be outvoted by many others.

    Args:
        probabilities: Class probabilities of each member on the same examples.

    Returns:
        Double precision, whatever the precision of the members.

    Raises:
        ArgumentError: If the members' predictions are not probabilities.

    >>> mean_of_logits(np.array([[[0.8, 0.2]], [[0.5, 0.5]]])).round(4).tolist()
    [[0.6667, 0.3333]]
    """
    return MeanLogits()(checked_probabilities(probabilities))


@dataclass(frozen=True)
class MeanLogits:
    """The way `mean-logits`: see `mean_of_logits`; it has no options and needs no fit.

    >>> MeanLogits()(np.array([[[0.8, 0.2]], [[0.2, 0.8]]])).round(4).tolist()
    [[0.5, 0.5]]
    """

    name: ClassVar[str] = "mean-logits"
    title: ClassVar[str] = "mean of logits"

    def __call__(
        self, members: Float[np.ndarray, "member example class"], inputs: np.ndarray | None = None
    ) -> Float[np.ndarray, "example class"]:
        """Return the normalised geometric mean."""
        del inputs
        return softmax(log_probabilities(members).mean(axis=0), axis=-1)


def log_probabilities(probabilities: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """Return logarithms of probabilities in double precision, each at least 2**-126.

    >>> log_probabilities(np.array([1.0, 0.0])).round(1).tolist()
    [0.0, -87.3]
    """
    return np.log(np.maximum(probabilities.astype(np.float64, copy=False), PROBABILITY_FLOOR))
