"""How unsure predictions are: numbers for each example, in nats, by which foreign examples can be told."""

import numpy as np
from jaxtyping import Float
from scipy.special import entr

from modescape.core.checks import checked_probabilities
from modescape.evaluate.inputs import checked_predictor


def entropy(probabilities: Float[np.ndarray, "example class"]) -> Float[np.ndarray, "example"]:
    """Return the entropy of each prediction in nats, from 0 (sure) to ln C.

    H(p_n) = -sum_c p_nc ln p_nc

    Source: Shannon (1948), section 6, https://doi.org/10.1002/j.1538-7305.1948.tb01338.x. Differs from it in the
    unit: natural logarithms.

    Raises:
        ArgumentError: If the predictions are not probabilities.

    >>> entropy(np.array([[0.5, 0.5], [1.0, 0.0]])).round(4).tolist()
    [0.6931, 0.0]
    """
    return _entropy(checked_predictor(probabilities))


def maximum_probability(probabilities: Float[np.ndarray, "example class"]) -> Float[np.ndarray, "example"]:
    """Return the highest probability of each prediction, from 1/C to 1 (sure).

    It falls with uncertainty where all other scores of this file rise: negate it for `detection`.

    Source: Hendrycks, Gimpel (2017), section 3, https://arxiv.org/abs/1610.02136

    Raises:
        ArgumentError: If the predictions are not probabilities.

    >>> maximum_probability(np.array([[0.3, 0.7], [1.0, 0.0]])).tolist()
    [0.7, 1.0]
    """
    return checked_predictor(probabilities).max(axis=1).astype(np.float64)


def expected_entropy(members: Float[np.ndarray, "member example class"]) -> Float[np.ndarray, "example"]:
    """Return the mean entropy of the members' predictions for each example, in nats.

    (1/M) sum_m H(p_mn): the uncertainty that would be left if one knew which member to trust (data uncertainty).

    Source: Depeweg, Hernandez-Lobato, Doshi-Velez, Udluft (2018), section 3, https://arxiv.org/abs/1710.07283

    Raises:
        ArgumentError: If the members' predictions are not probabilities.

    >>> expected_entropy(np.array([[[1.0, 0.0]], [[0.5, 0.5]]])).round(4).tolist()
    [0.3466]
    """
    return _entropy(checked_probabilities(members, "members")).mean(axis=0)


def mutual_information(members: Float[np.ndarray, "member example class"]) -> Float[np.ndarray, "example"]:
    """Return the generalised Jensen-Shannon divergence of the members for each example, in nats, from 0 to ln M.

    H((1/M) sum_m p_mn) - (1/M) sum_m H(p_mn): the mutual information between the label and the choice of a member
    (knowledge uncertainty). It is 0 when the members agree.

    Source: Lin (1991), section V, https://doi.org/10.1109/18.61115; Depeweg et al. (2018), section 3,
    https://arxiv.org/abs/1710.07283. Differs from SciPy's `jensenshannon`, which is the square root for two members.

    Raises:
        ArgumentError: If the members' predictions are not probabilities.

    >>> mutual_information(np.array([[[1.0, 0.0], [0.5, 0.5]], [[0.0, 1.0], [0.5, 0.5]]])).round(4).tolist()
    [0.6931, 0.0]
    """
    checked = checked_probabilities(members, "members")
    between = _entropy(checked.mean(axis=0, dtype=np.float64)) - _entropy(checked).mean(axis=0)
    # Rounding alone can take it outside its range.
    return np.clip(between, 0.0, np.log(len(checked)))


def jensen_shannon(members: Float[np.ndarray, "member example class"]) -> float:
    """Return the mean over examples of the members' `mutual_information`, in nats, from 0 to ln M.

    Source: Lin (1991), section V, https://doi.org/10.1109/18.61115; of networks on shifted data Fort, Hu,
    Lakshminarayanan (2019), section 5, https://arxiv.org/abs/1912.02757

    Raises:
        ArgumentError: If the members' predictions are not probabilities.

    >>> round(jensen_shannon(np.array([[[1.0, 0.0], [0.5, 0.5]], [[0.0, 1.0], [0.5, 0.5]]])), 4)
    0.3466
    """
    return float(mutual_information(members).mean())


def _entropy(probabilities: Float[np.ndarray, "... class"]) -> Float[np.ndarray, "..."]:
    """Return entropies over the last axis in double precision; 0 ln 0 is 0."""
    return entr(probabilities.astype(np.float64)).sum(axis=-1)
