"""Scores of single predictions, without checks and for many predictors at once; the checked functions use them."""

import numpy as np
import torch
from jaxtyping import Bool, Float, Int

from modescape.core.checks import PROBABILITY_FLOOR


def correct(
    probabilities: Float[np.ndarray, "... example class"], labels: Int[np.ndarray, "example"]
) -> Bool[np.ndarray, "... example"]:
    """Say which examples are decided as labelled; of equal probabilities, the lowest class is the decision.

    >>> correct(np.array([[0.2, 0.8], [0.5, 0.5]]), np.array([1, 1])).tolist()
    [True, False]
    """
    return probabilities.argmax(axis=-1) == labels


def nll(
    probabilities: Float[np.ndarray, "... example class"], labels: Int[np.ndarray, "example"]
) -> Float[np.ndarray, "... example"]:
    """Return -ln max(p_y, floor) in nats.

    >>> nll(np.array([[0.5, 0.5]]), np.array([1])).round(3).tolist()
    [0.693]
    """
    of_label = probabilities[..., np.arange(len(labels)), labels].astype(np.float64)
    return -np.log(np.maximum(of_label, PROBABILITY_FLOOR))


def brier(
    probabilities: Float[np.ndarray, "... example class"], labels: Int[np.ndarray, "example"]
) -> Float[np.ndarray, "... example"]:
    """Return sum_c (p_c - [c = y])^2, from 0 to 2.

    >>> brier(np.array([[0.5, 0.5]]), np.array([1])).tolist()
    [0.5]
    """
    probabilities = probabilities.astype(np.float64, copy=False)
    squares = np.einsum("...c,...c->...", probabilities, probabilities)
    # sum_c p_c^2 - 2 p_y + 1 is the same without a copy of the probabilities, but for rounding below 0.
    return np.maximum(squares - 2.0 * probabilities[..., np.arange(len(labels)), labels] + 1.0, 0.0)


def bin_edges(num_bins: int) -> Float[np.ndarray, "edge"]:
    """Return the edges of equally wide bins over [0, 1], in single precision.

    From torch and not from NumPy: they are the edges torchmetrics uses, down to the last bit.

    >>> bin_edges(2).tolist()
    [0.0, 0.5, 1.0]
    """
    return torch.linspace(0.0, 1.0, num_bins + 1, dtype=torch.float32).numpy()


def bins(confidence: Float[np.ndarray, "..."], num_bins: int) -> Int[np.ndarray, "..."]:
    """Return the bin that each confidence falls into: lower edge included, upper edge only in the last bin.

    >>> bins(np.array([0.0, 0.49, 0.5, 1.0]), 2).tolist()
    [0, 0, 1, 1]
    """
    found = np.searchsorted(bin_edges(num_bins), confidence.astype(np.float32), side="right") - 1
    return np.minimum(found, num_bins - 1)
