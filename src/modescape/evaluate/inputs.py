"""Checks of what the functions of this room take in."""

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from modescape.core.checks import checked_labels, checked_probabilities
from modescape.core.errors import ArgumentError, Quoted


def checked_predictions(
    probabilities: ArrayLike, labels: ArrayLike
) -> tuple[Float[np.ndarray, "example class"], Int[np.ndarray, "example"]]:
    """Return the class probabilities of one predictor and the labels as arrays, after checking them.

    Raises:
        ArgumentError: If the shape is not two-dimensional or is empty, a row is not a probability distribution, or
            the labels do not fit.

    >>> checked_predictions([[0.25, 0.75]], [1])[0].shape
    (1, 2)
    """
    checked = checked_predictor(probabilities)
    return checked, checked_labels(labels, num_examples=len(checked), num_classes=checked.shape[1])


def checked_predictor(probabilities: ArrayLike) -> Float[np.ndarray, "example class"]:
    """Return the class probabilities of one predictor as an array, after checking them.

    Raises:
        ArgumentError: If the shape is not two-dimensional or is empty, or a row is not a probability distribution.

    >>> checked_predictor([[0.25, 0.75]]).shape
    (1, 2)
    """
    array = np.asarray(probabilities)
    if array.ndim != 2 or 0 in array.shape:
        raise ArgumentError(
            "probabilities",
            "have the shape (example, class) with at least one of each",
            Quoted(f"shape {array.shape}"),
            "Pass the predictions of one predictor, such as mean_of_probabilities of the members",
        )
    return checked_probabilities(array[None])[0]


def check_confidence(confidence: float) -> None:
    """Raise unless a confidence level lies strictly between 0 and 1.

    >>> check_confidence(0.95)
    """
    if not 0.0 < confidence < 1.0:
        raise ArgumentError("confidence", "lie strictly between 0 and 1", confidence, "Pass 0.95 for 95%")
