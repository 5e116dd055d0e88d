"""The surroundings of one member's solution: its average, and the subspaces that are sampled around it."""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import count

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from modescape.core.axes import MEMBER
from modescape.core.seeds import Stream, derived_seed, torch_generator
from modescape.core.trees import Tree, unravel
from modescape.data import Examples
from modescape.functions import decisions
from modescape.landscapes import renewed
from modescape.studies.context import StudyContext
from modescape.weights import (
    DiagonalGaussian,
    DropoutSubspace,
    LowRankGaussian,
    LowRankRandom,
    RandomSubspace,
    Subspace,
    accepted,
    average,
)

SUBSPACES = ("random", "dropout", "diagonal-gaussian", "low-rank-gaussian", "low-rank-random")
MAX_SAMPLES = 2**32
"""Numbers of samples lie below; those of samples at a strength lie above."""
MAX_TRIES = 5
"""For a random sample; Fort et al. (2019), published notebook."""


@dataclass
class Surroundings:
    """What lies around the solution of a member, drawn from the seed of the run whenever it is asked for.

    Args:
        context: The run.
        member: The member.
        tries: How often each random sample was drawn until it was accepted, 0 for one that never was; found by
            measuring the validation accuracy where it is not given.
    """

    context: StudyContext
    member: int
    tries: list[int] = field(default_factory=list)

    @cached_property
    def solution(self) -> Float[Tensor, "param"]:
        """The member's own weights."""
        return self.checkpoint(self.context.solution_step(self.member))

    def checkpoint(self, step: int) -> Float[Tensor, "param"]:
        """The member's weights after so many epochs."""
        return self.context.vector(self.context.run.read_weights(self.member, step))

    @cached_property
    def late(self) -> list[Float[Tensor, "param"]]:
        """The last checkpoints."""
        return [self.checkpoint(step) for step in self.context.late_steps]

    @cached_property
    def average(self) -> Float[Tensor, "param"]:
        """Their mean."""
        return average(self.late)

    @cached_property
    def rank(self) -> int:
        """Rank of the low-rank Gaussians: the setting, or what the last checkpoints allow."""
        return max(0, min(self.context.settings.subspaces.rank, len(self.late) - 1))

    @cached_property
    def subspaces(self) -> dict[str, Subspace]:
        """The subspaces that can be had: Gaussians need at least two late checkpoints."""
        settings = self.context.settings.subspaces
        found: dict[str, Subspace] = {
            "random": RandomSubspace(self.solution, largest_norm=settings.random_norm),
            "dropout": DropoutSubspace(self.solution, largest_rate=settings.dropout_rate),
        }
        if self.rank >= 1:
            found["diagonal-gaussian"] = DiagonalGaussian.fitted(self.late)
            fit = partial(LowRankGaussian.fitted, rank=self.rank, variance=settings.low_rank_variance)
            found["low-rank-gaussian"] = fit(self.late)
        randoms = [vector for vector in self._randoms if vector is not None]
        if len(randoms) > 1:
            rank = min(settings.rank, len(randoms) - 1)
            found["low-rank-random"] = LowRankRandom.fitted(randoms, rank=rank, variance=settings.low_rank_variance)
        return found

    def samples(self, name: str, number: int) -> Iterator[Float[Tensor, "param"] | None]:
        """Draw so many samples of a subspace, the same ones every time; None for a random one that was not accepted."""
        if name == "random":
            yield from self._randoms[:number]
            return
        for sample in range(number):
            yield self.subspaces[name].draw(generator=self._generator(name, sample))

    def at(self, name: str, strength: float, sample: int) -> Float[Tensor, "param"]:
        """Draw one sample of a subspace at a strength; numbers below 0 count apart from the others."""
        generator = self._generator(name, MAX_SAMPLES + 2 * abs(sample) + (sample < 0))
        return self.subspaces[name].at(strength, generator=generator)

    def trees(self, vectors: Iterable[Float[Tensor, "param"]]) -> Iterator[Tree]:
        """Turn vectors into weights; statistics of batch norm are those of the solution, or estimated anew."""
        return self.renewed({**self.tree(vector), **self.buffers} for vector in vectors)

    def tree(self, vector: Float[Tensor, "param"]) -> Tree:
        """Turn a vector into parameters by name."""
        return unravel(vector, {name: self._weights[name] for name in self.context.parameter_names})

    @property
    def buffers(self) -> Tree:
        """The buffers of the solution."""
        names = set(self.context.parameter_names)
        return {name: tensor for name, tensor in self._weights.items() if name not in names}

    def renewed(self, trees: Iterable[Tree]) -> Iterator[Tree]:
        """Estimate the statistics of batch norm anew, if the settings say so."""
        landscape, dataset = self.context.settings.landscape, self.context.dataset
        if not landscape.renew_batch_norm:
            return iter(trees)
        inputs = self.context.sample_of(dataset.train, landscape.batch_norm_examples).inputs
        return renewed(self.context.network, trees, inputs, prepare=dataset.prepare)

    def predictions(
        self, vectors: Iterable[Float[Tensor, "param"]], examples: Examples
    ) -> Iterator[Float[np.ndarray, "example class"]]:
        """Yield the class probabilities of each vector on examples."""
        for probabilities in self.context.predictor(examples).each(self.trees(vectors)):
            yield probabilities.numpy()

    @cached_property
    def _weights(self) -> Tree:
        """The weights of the solution, buffers among them."""
        return self.context.run.read_weights(self.member, self.context.solution_step(self.member))

    @cached_property
    def _randoms(self) -> list[Float[Tensor, "param"] | None]:
        """The accepted random samples, kept because the low-rank subspace is fitted to them."""
        settings = self.context.settings.subspaces
        subspace = RandomSubspace(self.solution, largest_norm=settings.random_norm)
        known, found = list(self.tries), []
        accuracy = self._validation_accuracy
        threshold = -math.inf if known else settings.random_threshold * accuracy(self.solution)
        self.tries = []
        for sample in range(settings.samples):
            is_accepted = _on_try(known[sample]) if known else partial(_is_above, accuracy, threshold)
            generator = self._generator("random", sample)
            vector, tries = accepted(subspace, is_accepted=is_accepted, tries=MAX_TRIES, generator=generator)
            found.append(vector)
            self.tries.append(tries if vector is not None else 0)
        return found

    def _validation_accuracy(self, vector: Float[Tensor, "param"]) -> float:
        """Return the accuracy of a vector on the validation examples; 1 where there are none."""
        examples = self.context.dataset.validation
        if not len(examples):
            return 1.0
        (probabilities,) = self.predictions([vector], examples)
        return float((decisions(probabilities[None])[0] == examples.labels.numpy()).mean())

    def _generator(self, name: str, sample: int) -> torch.Generator:
        """Return the source of the random numbers of one sample."""
        key = (Stream.SUBSPACE, self.member, SUBSPACES.index(name), sample)
        return torch_generator(derived_seed(self.context.settings.seed, *key))


def tries_of(context: StudyContext, member: int) -> list[int]:
    """Return how often the random samples around a member were drawn when its subspaces were sampled."""
    return context.run.arrays("results/subspaces")["tries"].sel({MEMBER: member}).to_numpy().tolist()


def _is_above(
    accuracy: Callable[[Float[Tensor, "param"]], float], threshold: float, vector: Float[Tensor, "param"]
) -> bool:
    """Say whether a vector is accurate enough."""
    return accuracy(vector) >= threshold


def _on_try(number: int) -> Callable[[Float[Tensor, "param"]], bool]:
    """Return a function that accepts what it is shown at one call, counted from 1, and nothing else."""
    calls = count(1)
    return lambda _vector: next(calls) == number
