"""What all samplers of a subspace have in common, and what they draw."""

from typing import ClassVar, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from modescape.core.errors import ArgumentError, Quoted


@runtime_checkable
class Subspace(Protocol):
    """A neighbourhood of one solution in parameter space, from which weight vectors are drawn.

    A sample depends on nothing but the sampler, the strength and the state of the generator. Its random numbers are
    drawn on the generator's device and moved to the weights' device: a generator on the CPU gives the same sample
    wherever the weights lie. Samples are new tensors, in the precision of the centre.
    """

    name: ClassVar[str]
    """Name of the method, as in stored results."""

    @property
    def strongest(self) -> float:
        """The largest strength allowed."""
        ...

    def draw(self, *, strength: float = 1.0, generator: torch.Generator) -> Float[Tensor, "param"]:
        """Return one sample as the method is published, scaled by a strength; 0 gives the centre."""
        ...

    def at(self, strength: float, *, generator: torch.Generator) -> Float[Tensor, "param"]:
        """Return one sample exactly at a strength, where `draw` takes a random one below it."""
        ...


def check_draw(strength: float, strongest: float, generator: torch.Generator) -> None:
    """Raise unless a strength lies in [0, strongest] and is finite, and there is a generator to draw from.

    >>> check_draw(0.5, 2.0, torch.Generator())
    """
    if not 0.0 <= strength <= strongest or strength == float("inf"):
        rule = f"lie in 0..{strongest:g}" if strongest < float("inf") else "be finite and at least 0"
        raise ArgumentError("strength", rule, strength, "Pass 1.0 for the samples as published")
    if not isinstance(generator, torch.Generator):
        got = Quoted(type(generator).__name__)
        raise ArgumentError("generator", "be a torch.Generator", got, "Pass core.seeds.torch_generator(seed)")


def uniform(generator: torch.Generator) -> float:
    """Draw one number from U[0, 1).

    >>> 0 <= uniform(torch.Generator().manual_seed(0)) < 1
    True
    """
    return torch.rand((), dtype=torch.float64, device=generator.device, generator=generator).item()


def standard_normal(like: Float[Tensor, "param"], generator: torch.Generator) -> Float[Tensor, "param"]:
    """Draw one number from N(0, 1) for each entry, on the device of a vector and at least in single precision.

    >>> standard_normal(torch.zeros(3, dtype=torch.float16), torch.Generator().manual_seed(0)).dtype
    torch.float32
    """
    dtype = torch.promote_types(like.dtype, torch.float32)
    return torch.randn(len(like), dtype=dtype, device=generator.device, generator=generator).to(like.device)
