"""The dropout subspace: one solution with some of its weights left out."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from modescape.core.errors import ArgumentError
from modescape.weights.subspaces.protocol import check_draw, uniform
from modescape.weights.vectors import checked_vector

HIGHEST_RATE = 0.999
"""Largest share of weights that is left out: the others are multiplied by 1,000 then, which no network survives."""


@dataclass(frozen=True, eq=False)
class DropoutSubspace:
    """Samples w * m / (1 - q): each single weight is zero with probability q, the others are scaled up.

    m_i ~ Bernoulli(1 - q), so that at rate q the mean is w and the variance of weight i is w_i^2 q / (1 - q). `draw`
    takes q ~ U[0, strength * largest_rate], as published; `at` takes q = strength * largest_rate. For one state of
    the generator, the weights left out at a rate are also left out at any higher one.

    Source: Fort, Hu, Lakshminarayanan (2019), https://arxiv.org/abs/1912.02757, and the section
    "Dropout Sampling" of its notebook,
    https://github.com/google-deepmind/deepmind-research/tree/master/ensemble_loss_landscape. Differs from dropout in
    training (Srivastava et al. 2014) in that it leaves out weights, not units.

    Args:
        centre: The solution w.
        largest_rate: Largest share of weights left out at strength 1; 0.1 as published.

    Raises:
        ArgumentError: If the centre is no vector of finite weights, or the rate is outside (0, 1).

    >>> subspace = DropoutSubspace(torch.ones(8), largest_rate=0.5)
    >>> subspace.at(1.0, generator=torch.Generator().manual_seed(0)).unique().tolist()
    [0.0, 2.0]
    """

    centre: Float[Tensor, "param"]
    largest_rate: float = 0.1

    name: ClassVar[str] = "dropout"

    def __post_init__(self) -> None:
        object.__setattr__(self, "centre", checked_vector(self.centre, "centre"))
        if not 0.0 < self.largest_rate < 1.0:
            advice = "Pass 0.1 as published"
            raise ArgumentError("largest_rate", "lie strictly between 0 and 1", self.largest_rate, advice)

    @property
    def strongest(self) -> float:
        """The strength at which 999 weights in 1,000 are left out; never below 1."""
        return max(1.0, HIGHEST_RATE / self.largest_rate)

    def draw(self, *, strength: float = 1.0, generator: torch.Generator) -> Float[Tensor, "param"]:
        """Return a sample at a random rate up to strength * largest_rate."""
        check_draw(strength, self.strongest, generator)
        return self.at(strength * uniform(generator), generator=generator)

    def at(self, strength: float, *, generator: torch.Generator) -> Float[Tensor, "param"]:
        """Return a sample at the rate strength * largest_rate."""
        check_draw(strength, self.strongest, generator)
        rate = strength * self.largest_rate
        numbers = torch.rand(len(self.centre), dtype=torch.float32, device=generator.device, generator=generator)
        kept = (numbers >= rate).to(self.centre.device)
        return torch.where(kept, self.centre / (1.0 - rate), 0.0)
