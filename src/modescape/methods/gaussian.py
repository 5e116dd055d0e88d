"""A Gaussian over the weights that a training visits: a mean, a variance of each weight, and a few directions."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import torch
from jaxtyping import Float
from torch import Tensor

from modescape.core.checks import check_at_least
from modescape.core.errors import ArgumentError
from modescape.weights.averages import RunningMoments


@dataclass(frozen=True, eq=False)
class VisitedGaussian:
    """The Gaussian N(m, s (diag(v) + D^T D / (K - 1))) of SWAG, with s = 1/2 as published.

    Source: Maddox, Garipov, Izmailov, Vetrov, Wilson (2019), section 3.2 and algorithm 1,
    https://arxiv.org/abs/1902.02476

    Args:
        mean: m, the mean of the visited weights.
        variance: v, the mean of their squares minus the square of their mean.
        deviations: D, a row for each of the last K: its weights minus the mean of those up to it.

    >>> line = VisitedGaussian.fitted(torch.tensor([[0.0, 1.0], [2.0, 1.0], [4.0, 1.0]]), rank=2)
    >>> line.mean.tolist(), line.deviations.tolist()
    ([2.0, 1.0], [[1.0, 0.0], [2.0, 0.0]])
    >>> line.sample(generator=torch.Generator().manual_seed(0))[1].item()
    1.0
    """

    mean: Float[Tensor, "param"]
    variance: Float[Tensor, "param"]
    deviations: Float[Tensor, "rank param"]

    @classmethod
    def fitted(cls, vectors: Iterable[Float[Tensor, "param"]], *, rank: int) -> Self:
        """Return the Gaussian of weights in the order in which they were visited.

        The first vector, where averaging begins, counts in the mean and the variance and is no direction.

        Args:
            vectors: Flattened weights, at least 3.
            rank: K, the most directions, at least 2.

        Raises:
            ArgumentError: If there are fewer.
        """
        check_at_least(rank, 2, "rank", "Pass 20")
        running = RunningMoments(with_squares=True)
        deviations: list[Tensor] = []
        for vector in vectors:
            running.add(vector)
            if running.num_vectors > 1:
                gap = vector.to(torch.float64) - running.mean
                deviations = [*deviations[-(rank - 1) :], gap.to(running.dtype)]
        if len(deviations) < 2:
            advice = "Average over more epochs"
            raise ArgumentError("vectors", "hold at least 3 vectors of weights", running.num_vectors, advice)
        variance = running.squares / running.num_vectors
        return cls(running.mean.to(running.dtype), variance.to(running.dtype), torch.stack(deviations))

    @property
    def num_numbers(self) -> int:
        """How many numbers it is made of."""
        return self.mean.numel() * (2 + len(self.deviations))

    def sample(self, *, scale: float = 0.5, generator: torch.Generator) -> Float[Tensor, "param"]:
        """Return a sample, m + sqrt(s) (sqrt(v) z + D^T y / sqrt(K - 1)), with z and y of standard normal numbers.

        Args:
            scale: s.
            generator: Of these numbers.
        """
        mean, rank = self.mean, len(self.deviations)
        each = torch.randn(mean.shape, generator=generator, dtype=mean.dtype)
        along = torch.randn(rank, generator=generator, dtype=mean.dtype)
        spread = self.variance.sqrt() * each + (along @ self.deviations) / math.sqrt(rank - 1)
        return mean + math.sqrt(scale) * spread
