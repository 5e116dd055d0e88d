"""The diagonal Gaussian subspace: every weight varies on its own, as much as over the checkpoints."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Self

import torch
from jaxtyping import Float
from torch import Tensor

from modescape.core.errors import ArgumentError, Quoted
from modescape.weights.averages import RunningMoments
from modescape.weights.subspaces.protocol import check_draw, standard_normal
from modescape.weights.vectors import checked_vector, checked_vectors


@dataclass(frozen=True, eq=False)
class DiagonalGaussian:
    """Samples mean + strength * deviation * g with g ~ N(0, I), each weight on its own.

    Source: Fort, Hu, Lakshminarayanan (2019), https://arxiv.org/abs/1912.02757, and the section
    "Gaussian Sampling" of its notebook,
    https://github.com/google-deepmind/deepmind-research/tree/master/ensemble_loss_landscape

    Args:
        mean: Mean of each weight, the centre.
        deviation: Standard deviation of each weight, at least 0.

    Raises:
        ArgumentError: If one is no vector of finite numbers, they differ in length, or a deviation is below 0.

    >>> still = DiagonalGaussian(torch.ones(3), torch.tensor([0.0, 1.0, 0.0]))
    >>> (still.draw(generator=torch.Generator().manual_seed(0)) == 1).tolist()
    [True, False, True]
    """

    mean: Float[Tensor, "param"]
    deviation: Float[Tensor, "param"]

    name: ClassVar[str] = "diagonal-gaussian"

    def __post_init__(self) -> None:
        object.__setattr__(self, "mean", checked_vector(self.mean, "mean"))
        object.__setattr__(self, "deviation", checked_vector(self.deviation, "deviation"))
        if self.deviation.shape != self.mean.shape:
            got = Quoted(f"{len(self.deviation)} entries")
            raise ArgumentError("deviation", f"have {len(self.mean)} entries, as many as mean", got, "Use .fitted")
        if (self.deviation < 0).any():
            lowest = self.deviation.min().item()
            raise ArgumentError("deviation", "be at least 0", lowest, "Pass standard deviations, not variances")

    @property
    def strongest(self) -> float:
        """Infinity: any strength is allowed."""
        return math.inf

    @classmethod
    def fitted(cls, vectors: Iterable[Float[Tensor, "param"]]) -> Self:
        """Return the Gaussian with the mean and the standard deviation of each weight over checkpoints.

        deviation_i^2 = (1/T) sum_t (w_ti - mean_i)^2, in double precision; divided by T and not T - 1, as in the
        notebook published with the paper. Weights that are the same in all checkpoints never vary.

        Args:
            vectors: The last checkpoints of one network, 2 or more.

        Raises:
            ArgumentError: If there are fewer than 2, lengths or types differ, or one holds NaN or an infinity.

        >>> DiagonalGaussian.fitted(torch.tensor([[1.0, 5.0], [3.0, 5.0]])).deviation.tolist()
        [1.0, 0.0]
        """
        running = RunningMoments(with_squares=True)
        for vector in checked_vectors(vectors):
            running.add(vector)
        check_several(running.num_vectors)
        deviation = (running.squares / running.num_vectors).sqrt_()
        return cls(running.mean.to(running.dtype), deviation.to(running.dtype))

    def draw(self, *, strength: float = 1.0, generator: torch.Generator) -> Float[Tensor, "param"]:
        """Return a sample with strength times the deviations."""
        return self.at(strength, generator=generator)

    def at(self, strength: float, *, generator: torch.Generator) -> Float[Tensor, "param"]:
        """Return a sample with strength times the deviations: the same as `draw`."""
        check_draw(strength, self.strongest, generator)
        step = standard_normal(self.mean, generator) * self.deviation * strength
        return (self.mean + step).to(self.mean.dtype)


def check_several(num_vectors: int) -> None:
    """Raise unless there are vectors to fit a spread to.

    >>> check_several(2)
    """
    advice = "Keep more checkpoints, or average from an earlier epoch on"
    if num_vectors < 2:
        raise ArgumentError("vectors", "hold at least 2 vectors, to have a spread", num_vectors, advice)
