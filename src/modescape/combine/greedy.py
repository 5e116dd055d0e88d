"""Greedy forward selection: add the member that helps most, again and again, and let members come more than once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float, Int

from modescape.combine.protocol import Validation
from modescape.combine.weighted import WeightedMean
from modescape.core.checks import PROBABILITY_FLOOR, check_at_least, check_choice
from modescape.core.errors import ArgumentError
from modescape.core.seeds import Stream, derived_seed, numpy_generator

Score = Literal["nll", "brier", "accuracy"]
SCORES: tuple[Score, ...] = ("nll", "brier", "accuracy")
TIED = 1e-12
"""A gain this small is rounding: of two like members the first is taken."""


@dataclass(frozen=True)
class Greedy:
    """The way `greedy`: forward selection with replacement; the answer is a mean of probabilities.

    Start with the best members (`initial` of them), then add, round after round, the member whose addition makes the
    score of the mean best; a member may be added again, which gives it more weight. Of all rounds the one with the best
    score counts, the earliest of several. With bags, the selection is done once for each of many random shares of the
    members, and counts are added up.

    Source: Caruana, Niculescu-Mizil, Crew, Ksikes (2004), sections 2.1 (replacement), 2.2 (sorted initialisation) and
    2.3 (bagging), https://doi.org/10.1145/1015330.1015432. Differs from it in ties, which go to the first member. There
    are thousands of models there, of which the best 5 to 25 begin and each bag sees half.

    Args:
        score: What is made best: `nll`, `brier` or `accuracy`.
        rounds: Most members in a selection, counted with repetition.
        initial: Best members that begin.
        bags: Random shares of the members; 0 selects once among all.
        share: How much of the members a bag sees, in (0, 1].

    >>> from modescape.combine.protocol import checked_validation
    >>> validation = checked_validation([[[0.9, 0.1], [0.9, 0.1]], [[0.3, 0.7]] * 2, [[0.1, 0.9], [0.6, 0.4]]], [0, 1])
    >>> Greedy(rounds=4).fit(validation, seed=0).weights.round(3).tolist()
    [0.333, 0.667, 0.0]
    """

    name: ClassVar[str] = "greedy"
    title: ClassVar[str] = "greedy selection"

    score: Score = "nll"
    rounds: int = 100
    initial: int = 1
    bags: int = 0
    share: float = 0.5

    def __post_init__(self) -> None:
        """Raise unless options are in range."""
        check_choice(self.score, SCORES, "score")
        check_at_least(self.rounds, 1, "rounds", "Pass 100")
        check_at_least(self.initial, 1, "initial", "Pass 1 to begin with the best member")
        check_at_least(self.bags, 0, "bags", "Pass 0 to select once among all members")
        if self.initial > self.rounds:
            advice = "Pass fewer, or more rounds"
            raise ArgumentError("initial", f"be at most the {self.rounds} rounds", self.initial, advice)
        if not 0.0 < self.share <= 1.0:
            raise ArgumentError("share", "lie in (0, 1], the share of members a bag sees", self.share, "Pass 0.5")

    def fit(self, validation: Validation, *, seed: int) -> WeightedMean:
        """Return the mean of the members that were selected, as often as they were."""
        number = len(validation.members)
        bags = [np.arange(number)]
        if self.bags:
            size = max(1, round(self.share * number))
            draws = numpy_generator(derived_seed(seed, Stream.COMBINATION, 1))
            bags = [np.sort(draws.choice(number, size, replace=False)) for _ in range(self.bags)]
        counts = np.zeros(number)
        for bag in bags:
            chosen = self._selected(validation, bag)
            # Each bag has one vote, however many rounds it took.
            counts += np.bincount(chosen, minlength=number) / len(chosen)
        return WeightedMean(counts / counts.sum())

    def _selected(self, validation: Validation, bag: Int[np.ndarray, "candidate"]) -> list[int]:
        """Return the members that one selection takes, with repetition."""
        contents, worse = _scored(self.score, validation, bag)
        alone = worse(contents)
        order = np.lexsort((np.arange(len(bag)), alone))
        chosen = [int(index) for index in order[: min(self.initial, len(bag))]]
        total = contents[chosen].sum(axis=0)
        best, best_size = float(worse(total[None] / len(chosen))[0]), len(chosen)
        while len(chosen) < self.rounds:
            losses = worse((total + contents) / (len(chosen) + 1))
            # Equal members differ by rounding of the sums.
            index = int(np.argmax(losses <= losses.min() + TIED))
            chosen.append(index)
            total = total + contents[index]
            if losses[index] < best - TIED:
                best, best_size = float(losses[index]), len(chosen)
        return [int(bag[index]) for index in chosen[:best_size]]


def _scored(
    score: Score, validation: Validation, bag: Int[np.ndarray, "candidate"]
) -> tuple[Float[np.ndarray, "candidate ..."], Callable[[np.ndarray], Float[np.ndarray, "candidate"]]]:
    """Return what is averaged of each candidate, and the function that says how bad an average is."""
    if score == "nll":
        # No other probability than that of the label counts.
        return validation.of_label[bag], lambda mean: -np.log(np.maximum(mean, PROBABILITY_FLOOR)).mean(axis=-1)
    contents = validation.members[bag].astype(np.float64)
    if score == "accuracy":
        return contents, lambda mean: (mean.argmax(axis=-1) != validation.labels).mean(axis=-1)
    contents[:, np.arange(len(validation.labels)), validation.labels] -= 1.0
    return contents, lambda error: (error**2).sum(axis=-1).mean(axis=-1)
