"""The random subspace: one solution, moved in directions that are all equally likely."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from modescape.core.checks import check_at_least
from modescape.core.errors import ArgumentError
from modescape.weights.subspaces.protocol import Subspace, check_draw, standard_normal, uniform
from modescape.weights.vectors import checked_vector


@dataclass(frozen=True, eq=False)
class RandomSubspace:
    """Samples w + s u: a direction u uniform on the unit sphere, and a distance s.

    u = g / |g| with g ~ N(0, I). `draw` takes s ~ U[0, strength * largest_norm], as published, so that with P weights
    the covariance is I / P * (strength * largest_norm)^2 / 3; `at` takes s = strength * largest_norm.

    Source: Fort, Hu, Lakshminarayanan (2019), https://arxiv.org/abs/1912.02757, and the section
    "Random Sampling" of its notebook,
    https://github.com/google-deepmind/deepmind-research/tree/master/ensemble_loss_landscape. Samples that lose too
    much accuracy are refused there: see `accepted`.

    Args:
        centre: The solution w.
        largest_norm: Largest distance (L2) from it at strength 1; the notebook's is 10.

    Raises:
        ArgumentError: If the centre is no vector of finite weights, or the distance is not above 0.

    >>> subspace = RandomSubspace(torch.zeros(5), largest_norm=3.0)
    >>> round(subspace.at(0.5, generator=torch.Generator().manual_seed(0)).norm().item(), 5)
    1.5
    """

    centre: Float[Tensor, "param"]
    largest_norm: float = 10.0

    name: ClassVar[str] = "random"

    def __post_init__(self) -> None:
        object.__setattr__(self, "centre", checked_vector(self.centre, "centre"))
        if not 0.0 < self.largest_norm < math.inf:
            raise ArgumentError("largest_norm", "be finite and above 0", self.largest_norm, "Pass 10.0 as published")

    @property
    def strongest(self) -> float:
        """Infinity: any strength is allowed."""
        return math.inf

    def draw(self, *, strength: float = 1.0, generator: torch.Generator) -> Float[Tensor, "param"]:
        """Return a sample at a random distance up to strength * largest_norm."""
        check_draw(strength, self.strongest, generator)
        return self.at(strength * uniform(generator), generator=generator)

    def at(self, strength: float, *, generator: torch.Generator) -> Float[Tensor, "param"]:
        """Return a sample at the distance strength * largest_norm."""
        check_draw(strength, self.strongest, generator)
        gaussian = standard_normal(self.centre, generator)
        norm = torch.linalg.vector_norm(gaussian, dtype=torch.float64).clamp_min(torch.finfo(torch.float64).tiny)
        step = gaussian * (strength * self.largest_norm / norm.item())
        return (self.centre + step).to(self.centre.dtype)


def accepted(
    subspace: Subspace,
    *,
    is_accepted: Callable[[Float[Tensor, "param"]], bool],
    tries: int = 5,
    generator: torch.Generator,
) -> tuple[Float[Tensor, "param"] | None, int]:
    """Return the first sample that is accepted, or None, and the number of samples that were tried.

    The first try has strength 1, each later one half the strength of the try before.

    Source: section "Random Sampling" of the notebook of Fort, Hu, Lakshminarayanan (2019),
    https://github.com/google-deepmind/deepmind-research/tree/master/ensemble_loss_landscape, which keeps a sample
    when its validation accuracy reaches a threshold, and tries 5 times. Differs from it in the halving: the notebook
    draws every try from the same range, which leaves a solution in a narrow valley without samples. Accepted samples
    lie closer to the centre than `draw` alone would have them.

    Args:
        subspace: Where samples are drawn from.
        is_accepted: Says whether a sample is good enough, such as `accuracy on validation examples >= 0.7`.
        tries: Largest number of samples to try.
        generator: Where random numbers come from; it moves on with each try.

    Raises:
        ArgumentError: If there is no try.

    >>> near = RandomSubspace(torch.zeros(9), largest_norm=100.0)
    >>> start = torch.Generator().manual_seed(0)
    >>> vector, num_tries = accepted(near, is_accepted=lambda sample: sample.norm() < 10, generator=start)
    >>> bool(vector.norm() < 10), num_tries
    (True, 2)
    """
    check_at_least(tries, 1, "tries", "Pass 5 as published")
    for number in range(tries):
        sample = subspace.draw(strength=0.5**number, generator=generator)
        if is_accepted(sample):
            return sample, number + 1
    return None, tries
