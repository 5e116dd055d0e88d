"""How good predictions are: accuracy, NLL and Brier score, as means and for each example.

The values for each example are what intervals and paired tests are computed from.
"""

import numpy as np
from jaxtyping import Bool, Float, Int

from modescape.evaluate import pointwise
from modescape.evaluate.inputs import checked_predictions


def accuracy(probabilities: Float[np.ndarray, "example class"], labels: Int[np.ndarray, "example"]) -> float:
    """Return the fraction of examples whose most probable class is the label.

    (1/N) sum_n [argmax_c p_nc = y_n]; of equal probabilities the class with the lowest index is the decision.

    Raises:
        ArgumentError: If the predictions are not probabilities or the labels do not fit.

    >>> accuracy(np.array([[0.2, 0.8], [0.7, 0.3]]), np.array([1, 1]))
    0.5
    """
    return float(correct_per_example(probabilities, labels).mean())


def nll(probabilities: Float[np.ndarray, "example class"], labels: Int[np.ndarray, "example"]) -> float:
    """Return the mean negative log-likelihood of the labels, in nats (cross-entropy, log loss).

    -(1/N) sum_n ln max(p_n,y_n, 2**-126)

    Source: Lakshminarayanan, Pritzel, Blundell (2017), section 2.2, https://arxiv.org/abs/1612.01474. Differs from
    scikit-learn's `log_loss` in the floor, which there is the machine epsilon of the type of the predictions.

    Raises:
        ArgumentError: If the predictions are not probabilities or the labels do not fit.

    >>> round(nll(np.array([[0.5, 0.5], [0.0, 1.0]]), np.array([0, 1])), 4)
    0.3466
    """
    return float(nll_per_example(probabilities, labels).mean())


def brier(probabilities: Float[np.ndarray, "example class"], labels: Int[np.ndarray, "example"]) -> float:
    """Return the Brier score, from 0 (right and sure) to 2 (wrong and sure).

    (1/N) sum_n sum_c (p_nc - [c = y_n])^2

    Source: Brier (1950), https://doi.org/10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2. Differs from a mean over
    classes, which is smaller by the factor of the number of classes.

    Raises:
        ArgumentError: If the predictions are not probabilities or the labels do not fit.

    >>> brier(np.array([[0.5, 0.5], [0.0, 1.0]]), np.array([0, 0]))
    1.25
    """
    return float(brier_per_example(probabilities, labels).mean())


def correct_per_example(
    probabilities: Float[np.ndarray, "example class"], labels: Int[np.ndarray, "example"]
) -> Bool[np.ndarray, "example"]:
    """Say for each example whether its most probable class is the label; the mean is `accuracy`.

    Raises:
        ArgumentError: If the predictions are not probabilities or the labels do not fit.

    >>> correct_per_example(np.array([[0.2, 0.8], [0.7, 0.3]]), np.array([1, 1])).tolist()
    [True, False]
    """
    return pointwise.correct(*checked_predictions(probabilities, labels))


def nll_per_example(
    probabilities: Float[np.ndarray, "example class"], labels: Int[np.ndarray, "example"]
) -> Float[np.ndarray, "example"]:
    """Return the negative log-likelihood of each label in nats, at most 87.3; the mean is `nll`.

    Raises:
        ArgumentError: If the predictions are not probabilities or the labels do not fit.

    >>> nll_per_example(np.array([[0.5, 0.5], [1.0, 0.0]]), np.array([0, 1])).round(1).tolist()
    [0.7, 87.3]
    """
    return pointwise.nll(*checked_predictions(probabilities, labels))


def brier_per_example(
    probabilities: Float[np.ndarray, "example class"], labels: Int[np.ndarray, "example"]
) -> Float[np.ndarray, "example"]:
    """Return the squared error of each prediction, summed over classes; the mean is `brier`.

    Raises:
        ArgumentError: If the predictions are not probabilities or the labels do not fit.

    >>> brier_per_example(np.array([[0.5, 0.5], [0.0, 1.0]]), np.array([0, 0])).tolist()
    [0.5, 2.0]
    """
    return pointwise.brier(*checked_predictions(probabilities, labels))
