"""How high the loss rises between two solutions, and what else changes on the way, with intervals over examples."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import ArrayLike

from modescape.core.errors import ArgumentError, Quoted
from modescape.landscapes.resampling import interval_of, resampled_means


@dataclass(frozen=True)
class Estimate:
    """A number, or one a place, and the ends of its interval: `low` and `high`."""

    value: Float[np.ndarray, "..."]
    low: Float[np.ndarray, "..."]
    high: Float[np.ndarray, "..."]


@dataclass(frozen=True)
class PathStatistics:
    """What changes along a path from one solution to another.

    Attributes:
        loss: Mean loss at each place, in nats.
        accuracy: Accuracy at each place.
        barrier: The largest rise of the loss above the straight line between its values at the ends, in nats.
        accuracy_drop: The accuracy of the worse end minus the lowest one between the ends.
        barrier_share: The barrier as a fraction of that of the straight line; NaN without one, or where it is not
            above 0.
        function_share: Disagreement of the middle of the path with the end that it is nearer to in function, as a
            fraction of the disagreement between the ends; NaN where the ends agree on all examples.
    """

    loss: Estimate
    accuracy: Estimate
    barrier: Estimate
    accuracy_drop: Estimate
    barrier_share: Estimate
    function_share: Estimate


def barrier(
    losses: Float[np.ndarray, "place example"],
    places: Float[np.ndarray, "place"],
    *,
    num_resamples: int = 1000,
    confidence: float = 0.95,
    seed: int,
) -> Estimate:
    """Return the loss barrier on a path between two solutions, with its bootstrap interval over examples.

    max over 0 < t < 1 of L(t) - ((1 - t) L(0) + t L(1)), the maximum being searched anew in every resample. A path on
    which the loss stays below the straight line has a negative barrier.

    Source: Frankle et al. (2020), section 2, https://arxiv.org/abs/1912.05671, and Entezari et al. (2022), section 2,
    https://arxiv.org/abs/2110.06296. Differs from them in that the ends, where the difference is 0 by definition, are
    left out of the maximum.

    Args:
        losses: Loss of each example at each place, such as `examples_of` gives.
        places: Fractions of the length of the path, from 0 to 1 and increasing.
        num_resamples: Resamples of the bootstrap.
        confidence: Of the interval.
        seed: Seed of the run.

    Raises:
        ArgumentError: If the arguments do not fit together.

    >>> losses = np.array([[0.0, 0.0], [1.0, 3.0], [0.0, 2.0]])
    >>> barrier(losses, np.array([0.0, 0.5, 1.0]), seed=0).value.item()
    1.5
    """
    places = _checked_places(places)
    losses = _checked(losses, "losses", places)
    means = resampled_means(losses, num_resamples=num_resamples, seed=seed)
    return _estimate(partial(_barrier, places=places), losses.mean(axis=1), means, confidence)


def path_statistics(
    losses: Float[np.ndarray, "place example"],
    correct: Bool[np.ndarray, "place example"],
    decisions: Int[np.ndarray, "place example"],
    places: Float[np.ndarray, "place"],
    *,
    line_losses: Float[np.ndarray, "place example"] | None = None,
    line_places: Float[np.ndarray, "place"] | None = None,
    num_resamples: int = 1000,
    confidence: float = 0.95,
    seed: int,
) -> PathStatistics:
    """Return what changes along a path, each number with its bootstrap interval over examples.

    All numbers, maxima and minima among them, are made anew in every resample, and all from the same resamples.

    Args:
        losses: Loss of each example at each place, such as `examples_of` gives.
        correct: Whether each example is decided as labelled.
        decisions: The class decided for.
        places: Fractions of the length of the path, from 0 to 1 and increasing; the middle is the one nearest to 1/2.
        line_losses: Losses on the straight line between the same ends, for `barrier_share`.
        line_places: Where they are; by default at `places`.
        num_resamples: Resamples of the bootstrap.
        confidence: Of the intervals.
        seed: Seed of the run.

    Raises:
        ArgumentError: If the arguments do not fit together.

    >>> losses, places = np.array([[0.0, 0.0], [1.0, 3.0], [0.0, 2.0]]), np.array([0.0, 0.5, 1.0])
    >>> decisions = np.array([[0, 1], [0, 2], [3, 3]])
    >>> found = path_statistics(losses, decisions == [0, 1], decisions, places, line_losses=2 * losses, seed=0)
    >>> float(found.accuracy_drop.value), float(found.barrier_share.value), float(found.function_share.value)
    (-0.5, 0.5, 0.5)
    """
    places = _checked_places(places)
    line_at = places if line_places is None else _checked_places(line_places, "line_places")
    blocks = [
        _checked(losses, "losses", places),
        _checked(correct, "correct", places).astype(np.float64),
        _differences(_checked(decisions, "decisions", places), places),
        *([] if line_losses is None else [_checked(line_losses, "line_losses", line_at)]),
    ]
    _check_examples(blocks)
    scores = np.concatenate(blocks)
    resampled = resampled_means(scores, num_resamples=num_resamples, seed=seed)
    ends = np.cumsum([len(block) for block in blocks])[:-1]
    means, means_resampled = np.split(scores.mean(axis=1), ends), np.split(resampled, ends)

    def estimate(statistic: Callable[..., Float[np.ndarray, "..."]], *chosen: int) -> Estimate:
        value = statistic(*(means[index] for index in chosen))
        low, high = interval_of(statistic(*(means_resampled[index] for index in chosen)), confidence)
        return Estimate(np.asarray(value), low, high)

    nowhere = np.array(np.nan)
    return PathStatistics(
        loss=estimate(np.asarray, 0),
        accuracy=estimate(np.asarray, 1),
        barrier=estimate(partial(_barrier, places=places), 0),
        accuracy_drop=estimate(_accuracy_drop, 1),
        barrier_share=Estimate(nowhere, nowhere, nowhere)
        if line_losses is None
        else estimate(partial(_barrier_share, places=places, line_places=line_at), 0, 3),
        function_share=estimate(_function_share, 2),
    )


def _estimate(
    statistic: Callable[[np.ndarray], np.ndarray], means: np.ndarray, resampled: np.ndarray, confidence: float
) -> Estimate:
    """Return a statistic of means, and its interval over resamples of them."""
    low, high = interval_of(statistic(resampled), confidence)
    return Estimate(np.asarray(statistic(means)), low, high)


def _barrier(loss: Float[np.ndarray, "place ..."], places: Float[np.ndarray, "place"]) -> Float[np.ndarray, "..."]:
    """Return the largest rise between the ends above the straight line between the losses there."""
    t = places.reshape(-1, *[1] * (loss.ndim - 1))
    return (loss - ((1 - t) * loss[0] + t * loss[-1]))[1:-1].max(axis=0)


def _barrier_share(
    loss: Float[np.ndarray, "place ..."],
    line_loss: Float[np.ndarray, "place ..."],
    places: Float[np.ndarray, "place"],
    line_places: Float[np.ndarray, "place"],
) -> Float[np.ndarray, "..."]:
    """Return the ratio of two barriers where the second is above 0."""
    return _ratio(_barrier(loss, places), _barrier(line_loss, line_places))


def _accuracy_drop(accuracy: Float[np.ndarray, "place ..."]) -> Float[np.ndarray, "..."]:
    """Return the accuracy of the worse end minus the lowest in between."""
    return np.minimum(accuracy[0], accuracy[-1]) - accuracy[1:-1].min(axis=0)


def _function_share(disagreements: Float[np.ndarray, "3 ..."]) -> Float[np.ndarray, "..."]:
    """Return the disagreement with the nearer end over that between the ends."""
    return _ratio(np.minimum(disagreements[0], disagreements[1]), disagreements[2])


def _ratio(part: Float[np.ndarray, "..."], whole: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """Return part / whole, NaN where the whole is not above 0."""
    defined = whole > 0
    return np.where(defined, part / np.where(defined, whole, 1.0), np.nan)


def _differences(decisions: np.ndarray, places: np.ndarray) -> Float[np.ndarray, "3 example"]:
    """Say where the middle differs from the start and from the end, and these from one another."""
    start, middle, end = decisions[0], decisions[np.abs(places - 0.5).argmin()], decisions[-1]
    return np.stack([middle != start, middle != end, start != end]).astype(np.float64)


def _checked_places(places: ArrayLike, argument: str = "places") -> Float[np.ndarray, "place"]:
    """Return places as an array, after checking that they lead from one end to the other."""
    array = np.asarray(places, dtype=np.float64)
    right = array.ndim == 1 and len(array) >= 3 and array[0] == 0.0 and array[-1] == 1.0
    if not right or not (np.diff(array) > 0).all():
        got = Quoted(np.array2string(array, threshold=6, precision=3))
        raise ArgumentError(argument, "increase from 0 to 1 in 3 places or more", got, "Pass those of points_by_length")
    return array


def _checked(scores: ArrayLike, argument: str, places: Float[np.ndarray, "place"]) -> np.ndarray:
    """Return one score for each example at each place, after checking shape and numbers."""
    array, num_places = np.asarray(scores), len(places)
    if array.ndim != 2 or array.shape[0] != num_places or not array.shape[1]:
        rule = f"have the shape (place, example) with {num_places} places and at least one example"
        raise ArgumentError(argument, rule, Quoted(f"shape {array.shape}"), "Pass the result of examples_of")
    if not np.isfinite(array).all():
        place, example = (int(index) for index in np.argwhere(~np.isfinite(array))[0])
        got = Quoted(f"{array[place, example]} at place {place}, example {example}")
        raise ArgumentError(argument, "be finite", got, "Pass the result of examples_of, which bounds losses")
    return array


def _check_examples(blocks: Sequence[np.ndarray]) -> None:
    """Raise unless everything is of the same examples."""
    numbers = [block.shape[1] for block in blocks]
    if len(set(numbers)) > 1:
        rule = "have the same examples in losses, correct, decisions and line_losses"
        raise ArgumentError("losses", rule, Quoted(f"numbers {numbers}"), "Predict the same examples at each place")
