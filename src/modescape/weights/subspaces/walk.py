"""How strongly to leave a solution, so that its accuracy walks down to chance in even steps."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.optimize import isotonic_regression

from modescape.core.checks import check_at_least
from modescape.core.errors import ArgumentError

MAX_EVALUATIONS = 15
"""Largest number of accuracies that are measured."""

MAX_DOUBLINGS = 10
"""Where strength 2^10 has not brought a network to chance, none is expected to."""

MARGIN = 0.05
"""Share of the way from full accuracy to chance by which accuracy has begun to fall, or has all but reached chance:
beyond it, accuracy hardly changes with strength, and equal steps of it are lost in noise."""


@dataclass(frozen=True, eq=False)
class Walk:
    """Strengths from where accuracy begins to fall to where it has reached chance.

    Attributes:
        strengths: Rising strengths, between which accuracy falls by about equal steps.
        reached_chance: Whether the last one brings the network to chance; else it is at the lowest accuracy found.
    """

    strengths: Float[np.ndarray, "sample"]
    reached_chance: bool


def strengths_to_chance(
    accuracy_at: Callable[[float], float], *, chance: float, num: int, largest: float = math.inf
) -> Walk:
    """Return strengths that walk from full accuracy to chance in about equal steps of accuracy.

    The strength is doubled from 1 until accuracy has reached chance; then the two neighbours between which accuracy
    falls most are bisected again and again. A falling staircase through what was measured (isotonic regression) is
    turned round: noise in single accuracies does no harm. The walk covers the inner 90% of the way, from
    full - 0.05 (full - chance) to chance + 0.05 (full - chance).

    Source: none. Section "Diversity vs Accuracy" of the notebook of Fort, Hu, Lakshminarayanan (2019),
    https://github.com/google-deepmind/deepmind-research/tree/master/ensemble_loss_landscape, draws strengths
    uniformly from ranges chosen by hand for each sampler and network.

    Args:
        accuracy_at: Accuracy at a strength, such as that of `subspace.at(strength)`; it may be noisy. It is called at
            0 first, and at most 15 times.
        chance: Accuracy of guessing, 1/C for C equally frequent classes.
        num: Number of strengths to return.
        largest: Largest strength allowed, `subspace.strongest`; at most 1,024 is tried.

    Raises:
        ArgumentError: If chance is outside [0, 1), no strength is wanted, none is allowed, or an accuracy is outside
            [0, 1] or NaN.

    >>> walk = strengths_to_chance(lambda strength: max(0.1, 0.9 - 0.1 * strength), chance=0.1, num=3)
    >>> walk.strengths.round(2).tolist(), walk.reached_chance
    ([0.4, 4.0, 7.6], True)
    """
    if not 0.0 <= chance < 1.0:
        raise ArgumentError("chance", "lie in [0, 1)", chance, "Pass 1 / number of classes")
    check_at_least(num, 1, "num", "Pass 30")
    if not largest > 0.0:
        raise ArgumentError("largest", "be above 0", largest, "Pass subspace.strongest")
    tried = {0.0: _measured(accuracy_at, 0.0)}
    full = tried[0.0]
    if full <= chance:
        return Walk(np.zeros(num), reached_chance=True)
    end = chance + MARGIN * (full - chance)
    _double(tried, accuracy_at, end=end, largest=largest)
    _bisect(tried, accuracy_at, step=(full - chance) / (num + 1))
    return _walk(tried, start=full - MARGIN * (full - chance), end=end, num=num)


def _measured(accuracy_at: Callable[[float], float], strength: float) -> float:
    """Return a checked accuracy."""
    accuracy = float(accuracy_at(strength))
    if not 0.0 <= accuracy <= 1.0:
        advice = f"Look at the network at strength {strength:g}"
        raise ArgumentError("accuracy_at", "return a fraction between 0 and 1", accuracy, advice)
    return accuracy


def _double(tried: dict[float, float], accuracy_at: Callable[[float], float], *, end: float, largest: float) -> None:
    """Measure at doubled strengths until accuracy has reached the end or the strength its limit."""
    limit = min(largest, 2.0**MAX_DOUBLINGS)
    strength = min(1.0, limit)
    tried[strength] = _measured(accuracy_at, strength)
    while tried[strength] > end and strength < limit:
        strength = min(2.0 * strength, limit)
        tried[strength] = _measured(accuracy_at, strength)


def _bisect(tried: dict[float, float], accuracy_at: Callable[[float], float], *, step: float) -> None:
    """Measure in the middle of the two neighbours between which accuracy falls most, until all falls are small."""
    while len(tried) < MAX_EVALUATIONS:
        strengths, accuracies = _staircase(tried)
        falls = -np.diff(accuracies)
        place = int(falls.argmax())
        middle = float(strengths[place : place + 2].mean())
        if falls[place] <= step or middle in tried:
            return
        tried[middle] = _measured(accuracy_at, middle)


def _staircase(tried: dict[float, float]) -> tuple[Float[np.ndarray, "point"], Float[np.ndarray, "point"]]:
    """Return rising strengths, and the never rising accuracies that are nearest to those measured."""
    strengths = np.array(sorted(tried))
    return strengths, isotonic_regression([tried[strength] for strength in strengths], increasing=False).x


def _walk(tried: dict[float, float], *, start: float, end: float, num: int) -> Walk:
    """Return the strengths at which the staircase, with straight lines between its points, has even accuracies."""
    strengths, accuracies = _staircase(tried)
    lowest = float(accuracies[-1])
    if lowest >= start:
        return Walk(np.linspace(0.0, strengths[-1], num), reached_chance=False)
    wanted = np.linspace(start, max(lowest, end), num)
    # On a flat step any strength has the accuracy: a slope too small to matter makes the answer the same everywhere.
    falling = accuracies - 1e-12 * np.arange(len(accuracies))
    return Walk(np.interp(-wanted, -falling, strengths), reached_chance=lowest <= end)
