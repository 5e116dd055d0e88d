"""Which classes each member is good at: combinations of classes, counted against chance."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.special import ndtri

from modescape.core.errors import ArgumentError, Quoted
from modescape.evaluate.exchanges import checked_correct, class_accuracies, exchanged_accuracies
from modescape.evaluate.inputs import check_confidence
from modescape.evaluate.mcnemar import holm

MOST_CLASSES = 6
"""Of six classes there are 64 combinations; more are too many to count members in."""


@dataclass(frozen=True, eq=False)
class ClassCombinations:
    """How many members are good at each combination of classes.

    Attributes:
        combinations: Numbers of the classes of each; none first, then single classes, then two, and so on.
        count: Members that are good at exactly these.
        expected: Mean of that number by chance.
        low: Lower end of where chance would put it.
        high: Upper end.
        p: Probability of at least so many by chance.
        p_adjusted: The same, adjusted for the number of combinations.
        accuracy: Of each member on each class.
        difference: The accuracy minus that of the mean member.
        difference_low: Lower end of its interval; above 0 the member is good at the class.
        difference_high: Upper end.
    """

    combinations: tuple[tuple[int, ...], ...]
    count: Int[np.ndarray, "combination"]
    expected: Float[np.ndarray, "combination"]
    low: Float[np.ndarray, "combination"]
    high: Float[np.ndarray, "combination"]
    p: Float[np.ndarray, "combination"]
    p_adjusted: Float[np.ndarray, "combination"]
    accuracy: Float[np.ndarray, "member class"]
    difference: Float[np.ndarray, "member class"]
    difference_low: Float[np.ndarray, "member class"]
    difference_high: Float[np.ndarray, "member class"]


def class_combinations(
    correct: Bool[np.ndarray, "member example"],
    labels: Int[np.ndarray, "example"],
    *,
    num_classes: int,
    num_resamples: int = 1000,
    confidence: float = 0.95,
    seed: int,
) -> ClassCombinations:
    """Return how many members are good at each combination of classes, and how many would be by chance.

    A member is good at a class if its accuracy there is above that of the mean member by more than its interval
    reaches. With k of M members right on an example, the variance of the difference is
    sum over the n_c examples of k (M - k) / M^2 / n_c^2, the mean over members; it is the same after exchanges.
    By chance: members are exchanged at random within each example, see `exchanged_accuracies`.

    Args:
        correct: Whether each member decides each example right.
        labels: The true classes.
        num_classes: Number of classes, from 2 to 6.
        num_resamples: Exchanges.
        confidence: Of the intervals, and of where chance would put the counts.
        seed: Seed of the run.

    Raises:
        ArgumentError: If shapes differ, a class is outside [0, num_classes), has no example, or a number is out of
            range.

    >>> truth = np.repeat([0, 1], 50)
    >>> found = class_combinations(np.stack([truth == 0, truth == 1]), truth, num_classes=2, num_resamples=99, seed=0)
    >>> found.combinations, found.count.tolist(), found.difference[0].tolist()
    (((), (0,), (1,), (0, 1)), [0, 1, 1, 0], [0.5, -0.5])
    """
    check_confidence(confidence)
    right, truth = checked_correct(correct, labels, num_classes)
    counts = np.bincount(truth, minlength=num_classes)
    if not 2 <= num_classes <= MOST_CLASSES:
        raise ArgumentError("num_classes", f"lie in 2..{MOST_CLASSES}", num_classes, "Keep fewer classes")
    if (counts == 0).any():
        got = Quoted(f"none of class {int(np.flatnonzero(counts == 0)[0])}")
        raise ArgumentError("labels", "have examples of each class", got, "Pass more examples")
    number = right.sum(axis=0)
    spread = number * (len(right) - number) / len(right) ** 2
    reach = float(ndtri((1 + confidence) / 2)) * np.sqrt(np.bincount(truth, weights=spread)) / counts
    accuracy = class_accuracies(right, truth, num_classes=num_classes)
    difference = accuracy - accuracy.mean(axis=0)
    count = _counted(accuracy, reach)
    size = {"num_classes": num_classes, "num_resamples": num_resamples, "seed": seed}
    chance = np.stack([_counted(found, reach) for found in exchanged_accuracies(right, truth, **size)])
    low, high = np.quantile(chance, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    p = ((chance >= count).sum(axis=0) + 1) / (num_resamples + 1)
    sets = [_classes(code, num_classes) for code in range(2**num_classes)]
    order = sorted(range(len(sets)), key=lambda code: (len(sets[code]), sets[code]))
    return ClassCombinations(
        combinations=tuple(sets[code] for code in order),
        count=count[order],
        expected=chance.mean(axis=0)[order],
        low=low[order],
        high=high[order],
        p=p[order],
        p_adjusted=holm(p)[order],
        accuracy=accuracy,
        difference=difference,
        difference_low=difference - reach,
        difference_high=difference + reach,
    )


def _counted(accuracy: Float[np.ndarray, "member class"], reach: Float[np.ndarray, "class"]) -> Int[np.ndarray, "code"]:
    """Return how many members are good at each set of classes, by its binary code."""
    good = accuracy - accuracy.mean(axis=0) > reach
    return np.bincount(good @ (2 ** np.arange(len(reach))), minlength=2 ** len(reach))


def _classes(code: int, num_classes: int) -> tuple[int, ...]:
    """Return the classes of a set by its binary code."""
    return tuple(number for number in range(num_classes) if code >> number & 1)
