"""Temperature scaling: one number, fitted on validation data, that makes probabilities flatter or sharper."""

from typing import Final

import numpy as np
from jaxtyping import Float, Int

from modescape.core.checks import PROBABILITY_FLOOR
from modescape.core.errors import ArgumentError
from modescape.evaluate.inputs import checked_predictions, checked_predictor

LOWEST: Final = 0.05
HIGHEST: Final = 20.0
"""Bounds of a fitted temperature; predictions that are right everywhere would send it to 0."""
MOST_STEPS = 100
TOLERANCE = 1e-9
"""Change of log T at which a fit ends."""


def fitted_temperature(probabilities: Float[np.ndarray, "example class"], labels: Int[np.ndarray, "example"]) -> float:
    """Return the temperature that makes the NLL of the labels least.

    argmin_T -(1/N) sum_n ln q_n,y_n with q = softmax(ln max(p, 2**-126) / T) and T in [0.05, 20]. Above 1 the
    predictor is overconfident, below 1 underconfident. The NLL is convex in 1 / T, so the minimum is the only one;
    where the NLL is the same for every T (all probabilities equal) the result is 1.

    Fit on other examples than those that are scored.

    Source: Guo, Pleiss, Sun, Weinberger (2017), section 4.2, https://arxiv.org/abs/1706.04599; for ensembles Ashukha
    et al. (2020), section 4, https://arxiv.org/abs/2002.06470. Differs from the first in the logits, which are
    logarithms of the probabilities, so that it also fits an average of probabilities; and in the bounds.

    Args:
        probabilities: Class probabilities of one predictor on validation examples.
        labels: The true classes.

    Raises:
        ArgumentError: If the predictions are not probabilities or the labels do not fit.

    >>> round(fitted_temperature(np.array([[0.9, 0.1]] * 3), np.array([0, 0, 1])), 4)
    3.1699
    """
    checked, labels = checked_predictions(probabilities, labels)
    return float(fitted_temperatures(checked[None], labels)[0])


def with_temperature(
    probabilities: Float[np.ndarray, "example class"], temperature: float
) -> Float[np.ndarray, "example class"]:
    """Return the probabilities at a temperature.

    softmax(ln max(p, 2**-126) / T): flatter for T above 1, sharper below 1, with the order of the classes kept.

    Source: Guo, Pleiss, Sun, Weinberger (2017), section 4.2, https://arxiv.org/abs/1706.04599

    Args:
        probabilities: Class probabilities of one predictor.
        temperature: Above 0, such as the result of `fitted_temperature`.

    Returns:
        Double precision.

    Raises:
        ArgumentError: If the predictions are not probabilities, or the temperature is not a number above 0.

    >>> with_temperature(np.array([[0.8, 0.2]]), 0.5).round(4).tolist()
    [[0.9412, 0.0588]]
    """
    checked = checked_predictor(probabilities)
    if not 0.0 < temperature < np.inf:
        raise ArgumentError("temperature", "be above 0 and finite", temperature, "Pass fitted_temperature's result")
    return tempered(checked[None], np.array([temperature]))[0]


def tempered(
    ensembles: Float[np.ndarray, "subset example class"], temperatures: Float[np.ndarray, "subset"]
) -> Float[np.ndarray, "subset example class"]:
    """Return probabilities of several predictors, each at its temperature, without checks.

    >>> tempered(np.array([[[0.8, 0.2]], [[0.8, 0.2]]]), np.array([1.0, 0.5]))[:, 0, 0].round(4).tolist()
    [0.8, 0.9412]
    """
    odds = _logits(ensembles)
    odds /= temperatures[:, None, None]
    np.exp(odds, out=odds)
    odds /= _sums(odds)[..., None]
    return odds


def fitted_temperatures(
    ensembles: Float[np.ndarray, "subset example class"], labels: Int[np.ndarray, "example"]
) -> Float[np.ndarray, "subset"]:
    """Return `fitted_temperature` of several predictors, without checks.

    The search is Newton's on -ln T, with bisection where a step would leave the bracket.

    >>> fitted_temperatures(np.array([[[0.5, 0.5]], [[0.9, 0.1]]]), np.array([0])).round(4).tolist()
    [1.0, 0.05]
    """
    logits = _logits(ensembles)
    low, high = np.full(len(logits), -np.log(HIGHEST)), np.full(len(logits), -np.log(LOWEST))
    slope_low, slope, slope_high = (_derivatives(logits, labels, np.exp(at))[0] for at in (low, 0.0 * low, high))
    # A slope of exactly 0 at an end is an underflow there, unless the NLL is flat all the way.
    at_low, at_high = (slope > 0) & (slope_low >= 0), (slope < 0) & (slope_high <= 0)
    low, high = np.where(at_high, high, low), np.where(at_low, low, high)
    at = np.clip(0.0, low, high)
    for _ in range(MOST_STEPS):
        slope, curvature = _derivatives(logits, labels, np.exp(at))
        low, high = np.where(slope < 0, at, low), np.where(slope > 0, at, high)
        with np.errstate(divide="ignore", invalid="ignore"):
            moved = at - slope / (curvature * np.exp(at))
        moved = np.where((moved > low) & (moved < high), moved, (low + high) / 2)
        before, at = at, np.where(slope == 0, at, moved)
        if np.abs(at - before).max() < TOLERANCE:
            break
    return np.exp(-at)


def _logits(ensembles: Float[np.ndarray, "subset example class"]) -> Float[np.ndarray, "subset example class"]:
    """Return the logarithms of floored probabilities, shifted to a maximum of 0 over classes."""
    logits = np.log(np.maximum(ensembles.astype(np.float64, copy=False), PROBABILITY_FLOOR))
    logits -= logits.max(axis=-1, keepdims=True)
    return logits


def _derivatives(
    logits: Float[np.ndarray, "subset example class"],
    labels: Int[np.ndarray, "example"],
    sharpness: Float[np.ndarray, "subset"],
) -> tuple[Float[np.ndarray, "subset"], Float[np.ndarray, "subset"]]:
    """Return the first and second derivative of the NLL with respect to b = 1 / T.

    With z the logits and q = softmax(b z): mean_n (sum_c q_c z_c - z_y) and mean_n Var_q(z).
    """
    odds = np.exp(logits * sharpness[:, None, None])
    total = _sums(odds)
    odds *= logits
    mean = _sums(odds) / total
    odds *= logits
    square = _sums(odds) / total
    of_label = logits[:, np.arange(len(labels)), labels]
    return (mean - of_label).mean(axis=-1), (square - mean**2).mean(axis=-1)


def _sums(odds: Float[np.ndarray, "... class"]) -> Float[np.ndarray, "..."]:
    """Return the sums over classes, as a matrix product: `sum` is several times slower over an axis so short."""
    return odds @ np.ones(odds.shape[-1])
