"""Loss, accuracy and agreement over many points of weight space, out of their predictions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import ArrayLike
from torch import Tensor

from modescape.core.checks import PROBABILITY_FLOOR, ROW_SUM_TOLERANCE, checked_labels
from modescape.core.errors import ArgumentError, Quoted

UNDECIDED = -1
"""The decision of a network whose outputs are not numbers: no class, so it is wrong and agrees with no one."""


@dataclass(frozen=True)
class Landscape:
    """What networks at some points do on labelled examples.

    Attributes:
        loss: Mean NLL in nats.
        accuracy: Fraction of examples decided as labelled.
        agreement: Fraction of examples decided as each reference decides.
    """

    loss: Float[np.ndarray, "point"]
    accuracy: Float[np.ndarray, "point"]
    agreement: Float[np.ndarray, "reference point"]


@dataclass(frozen=True)
class Examples:
    """What networks at some points do on each example.

    Attributes:
        losses: NLL in nats, at most 87.3.
        correct: Whether the label was decided for.
        decisions: The class decided for, or -1 where the outputs are not numbers.
    """

    losses: Float[np.ndarray, "point example"]
    correct: Bool[np.ndarray, "point example"]
    decisions: Int[np.ndarray, "point example"]


def landscape_of(
    probabilities: Iterable[Tensor | Float[np.ndarray, "example class"]],
    labels: Int[np.ndarray, "example"],
    references: Sequence[Int[np.ndarray, "example"]] = (),
) -> Landscape:
    """Return loss, accuracy and agreement with references at each point, taking predictions one by one.

    loss = -(1/N) sum_n ln max(p_n,y_n, 2**-126), in nats. A row with NaN, the softmax of infinite logits far away from
    any solution, counts as the floor: the loss is large, but finite; the decision is wrong and agrees with no one.

    Args:
        probabilities: For each point, class probabilities, such as `functions.predict_each` yields them.
        labels: The class of each example.
        references: Decisions of the networks to compare with.

    Raises:
        ArgumentError: If predictions, labels and references do not fit together, or are no probabilities.

    >>> found = landscape_of([np.array([[0.5, 0.5], [0.0, 1.0]])], np.array([0, 1]), [np.array([1, 1])])
    >>> found.loss.round(3).tolist(), found.accuracy.tolist(), found.agreement.tolist()
    ([0.347], [1.0], [[0.5]])
    """
    references = [np.asarray(reference) for reference in references]
    rows = []
    for point, predicted in enumerate(probabilities):
        losses, correct, decisions = _of_point(predicted, labels, point)
        _check_references(references, len(losses))
        rows.append((losses.mean(), correct.mean(), *((decisions == other).mean() for other in references)))
    table = np.array(rows, dtype=np.float64).reshape(len(rows), 2 + len(references)).T
    return Landscape(table[0], table[1], table[2:])


def examples_of(
    probabilities: Iterable[Tensor | Float[np.ndarray, "example class"]], labels: Int[np.ndarray, "example"]
) -> Examples:
    """Return loss and decision for each example at each point, as `path_statistics` takes them.

    Args:
        probabilities: For each point, class probabilities; at least one point.
        labels: The class of each example.

    Raises:
        ArgumentError: If there is no point, or as in `landscape_of`.

    >>> found = examples_of([np.array([[0.5, 0.5], [np.nan, np.nan]])], np.array([0, 1]))
    >>> found.losses.round(1).tolist(), found.correct.tolist(), found.decisions.tolist()
    ([[0.7, 87.3]], [[True, False]], [[0, -1]])
    """
    rows = [_of_point(predicted, labels, point) for point, predicted in enumerate(probabilities)]
    if not rows:
        raise ArgumentError("probabilities", "hold at least one point", 0, "Pass the predictions at each place")
    losses, correct, decisions = (np.stack(parts) for parts in zip(*rows, strict=True))
    return Examples(losses, correct, decisions)


def _of_point(
    predicted: Tensor | Float[np.ndarray, "example class"], labels: ArrayLike, point: int
) -> tuple[Float[np.ndarray, "example"], Bool[np.ndarray, "example"], Int[np.ndarray, "example"]]:
    """Return losses, whether they are right, and decisions of one network."""
    array = predicted.detach().cpu().numpy() if isinstance(predicted, Tensor) else np.asarray(predicted)
    if array.ndim != 2 or 0 in array.shape:
        got = Quoted(f"shape {array.shape} at point {point}")
        advice = "Pass one array a point, such as predict_each yields"
        raise ArgumentError("probabilities", "have the shape (example, class) with at least one of each", got, advice)
    checked = checked_labels(labels, num_examples=len(array), num_classes=array.shape[1])
    sums = array.sum(axis=1, dtype=np.float64)
    broken = ~np.isfinite(sums)
    wrong = ~broken & (~np.isclose(sums, 1.0, atol=ROW_SUM_TOLERANCE, rtol=0.0) | (array.min(axis=1) < 0.0))
    if wrong.any():
        got = Quoted(f"a sum of {sums[wrong][0]:.4g} at point {point}, example {np.argmax(wrong)}")
        raise ArgumentError("probabilities", "be at least 0 and sum to 1", got, "Apply a softmax to logits")
    of_label = np.where(broken, 0.0, array[np.arange(len(array)), checked].astype(np.float64))
    decisions = np.where(broken, UNDECIDED, array.argmax(axis=1))
    return -np.log(np.maximum(of_label, PROBABILITY_FLOOR)), decisions == checked, decisions


def _check_references(references: Sequence[np.ndarray], num_examples: int) -> None:
    """Raise unless each reference holds a decision for each example."""
    for index, reference in enumerate(references):
        if reference.shape != (num_examples,) or not np.issubdtype(reference.dtype, np.integer):
            got = Quoted(f"{reference.dtype} of shape {reference.shape} for reference {index}")
            rule = f"hold one class index for each of the {num_examples} examples"
            raise ArgumentError("references", rule, got, "Pass the result of functions.decisions")
