"""Calibration: whether predictions made with confidence p are right in a fraction p of the cases."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from modescape.core.checks import check_at_least
from modescape.evaluate import pointwise
from modescape.evaluate.inputs import checked_predictions


@dataclass(frozen=True, eq=False)
class Reliability:
    """The table behind a reliability diagram, one entry a bin of confidence.

    Attributes:
        edges: Edges of the bins, one more than bins.
        count: Number of examples in each bin.
        confidence: Their mean confidence; NaN in an empty bin.
        accuracy: The fraction of them decided as labelled; NaN in an empty bin.
    """

    edges: Float[np.ndarray, "edge"]
    count: Int[np.ndarray, "bin"]
    confidence: Float[np.ndarray, "bin"]
    accuracy: Float[np.ndarray, "bin"]


def reliability(
    probabilities: Float[np.ndarray, "example class"], labels: Int[np.ndarray, "example"], *, num_bins: int = 15
) -> Reliability:
    """Return count, mean confidence and accuracy in equally wide bins of confidence.

    Confidence is the highest probability of an example. A bin holds its lower edge, the last one also its upper edge.

    Source: Guo, Pleiss, Sun, Weinberger (2017), section 2, https://arxiv.org/abs/1706.04599. Differs from it in the
    edges, where a bin holds its upper and not its lower edge.

    Args:
        probabilities: Class probabilities of one predictor.
        labels: The true classes.
        num_bins: Number of bins over [0, 1]; 15 as in Guo et al.

    Raises:
        ArgumentError: If the predictions are not probabilities, the labels do not fit, or there is no bin.

    >>> table = reliability(np.array([[0.9, 0.1], [0.7, 0.3], [0.4, 0.6]]), np.array([0, 1, 1]), num_bins=2)
    >>> table.count.tolist(), table.confidence[1].round(3).tolist(), table.accuracy[1].round(3).tolist()
    ([0, 3], 0.733, 0.667)
    """
    check_at_least(num_bins, 1, "num_bins", "Pass 15")
    probabilities, labels = checked_predictions(probabilities, labels)
    confidence = probabilities.max(axis=1).astype(np.float64)
    found = pointwise.bins(confidence, num_bins)
    count = np.bincount(found, minlength=num_bins)
    divisor = np.where(count > 0, count, np.nan)
    hits = np.bincount(found, weights=pointwise.correct(probabilities, labels), minlength=num_bins)
    return Reliability(
        edges=pointwise.bin_edges(num_bins),
        count=count,
        confidence=np.bincount(found, weights=confidence, minlength=num_bins) / divisor,
        accuracy=hits / divisor,
    )


def ece(
    probabilities: Float[np.ndarray, "example class"], labels: Int[np.ndarray, "example"], *, num_bins: int = 15
) -> float:
    """Return the expected calibration error: the mean gap between confidence and accuracy, from 0 to 1.

    sum_b (n_b / N) |accuracy_b - confidence_b| over equally wide bins of the highest probability.

    A finite sample has a gap in every bin by chance, so the ECE of a perfectly calibrated predictor is above 0, and
    the more so the more bins and the fewer examples there are.

    Source: Naeini, Cooper, Hauskrecht (2015), https://doi.org/10.1609/aaai.v29i1.9602; Guo, Pleiss, Sun, Weinberger
    (2017), section 2, https://arxiv.org/abs/1706.04599. Differs from torchmetrics' `multiclass_calibration_error`
    (norm "l1") only where a confidence is exactly 1: there it has a bin of its own beside the `num_bins`, here it
    belongs to the last bin.

    Args:
        probabilities: Class probabilities of one predictor.
        labels: The true classes.
        num_bins: Number of bins over [0, 1]; 15 as in Guo et al.

    Raises:
        ArgumentError: If the predictions are not probabilities, the labels do not fit, or there is no bin.

    >>> round(ece(np.array([[0.9, 0.1], [0.7, 0.3], [0.4, 0.6]]), np.array([0, 1, 1]), num_bins=10), 4)
    0.4
    """
    table = reliability(probabilities, labels, num_bins=num_bins)
    return float(np.nansum(table.count * np.abs(table.accuracy - table.confidence)) / table.count.sum())
