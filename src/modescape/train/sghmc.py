"""Stochastic gradient Hamiltonian Monte Carlo: gradient descent with momentum whose noise makes it a sampler."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from modescape.core.seeds import torch_generator


class SGHMC(Optimizer):
    """Moves weights w by a velocity v that friction slows: v <- m v - r (g + d w), then w <- w + v.

    Here g is the gradient of the mean loss of a batch, noise included (`LangevinNoise`), m the momentum, r the
    learning rate and d the weight decay. With a constant rate and without noise it is `torch.optim.SGD`. Unlike there,
    the velocity is a displacement: when the rate rises at the start of a cycle, the velocity does not rise with it.

    Source: Chen, Fox and Guestrin (2014), equation 15, https://arxiv.org/abs/1402.4102

    Args:
        vectors: The weights; they are changed in place.
        lr: Learning rate of the mean loss; that of the sum over all N training examples is lr / N.
        momentum: In [0, 1); friction is 1 - momentum.
        weight_decay: Factor d; the prior is Gaussian with variance 1 / (N d) at temperature 1.

    >>> weight = torch.ones(1)
    >>> optimizer = SGHMC([weight], lr=0.5, momentum=0.5)
    >>> for _ in range(2):
    ...     weight.grad = torch.ones(1)
    ...     optimizer.step()
    >>> weight.item()
    -0.25
    """

    def __init__(self, vectors: Sequence[Tensor], lr: float, momentum: float, weight_decay: float = 0.0) -> None:
        defaults = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "fused": False}
        super().__init__(vectors, defaults)

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # noqa: ARG002 # pyright: ignore[reportIncompatibleMethodOverride]
        """Make one step along the gradients."""
        for group in self.param_groups:
            for vector in group["params"]:
                state = self.state[vector]
                if "velocity" not in state:
                    state["velocity"] = torch.zeros_like(vector)
                force = vector.grad.add(vector, alpha=group["weight_decay"])
                state["velocity"].mul_(group["momentum"]).add_(force, alpha=-group["lr"])
                vector.add_(state["velocity"])


@dataclass(frozen=True)
class LangevinNoise:
    """The noise of one step of SGHMC, as an addition to the gradients of some members.

    Standard normal numbers times sqrt(2 (1 - m) T / (r N)), with momentum m, temperature T, learning rate r and N
    training examples. The velocity then gets noise of variance 2 (1 - m) r T / N, so that weights are samples of
    exp(-U / T) as r goes to 0, where U is the loss summed over the training examples plus N d |w|^2 / 2.

    Source: Zhang et al. (2020), section 3, https://arxiv.org/abs/1902.03932, and its code, experiments/cifar_csghmc.py
    of https://github.com/ruqizhang/csgmcmc
    Differs from its code in the defaults: there T is 1 / N, and thus the variance of the noise 2 (1 - m) r / N^2, m is
    0.1, the last tenth of a cycle has noise and its last three epochs are samples. As there, the noise of the gradient
    itself is not subtracted.

    Args:
        seeds: One a member.
        deviation: Standard deviation.
    """

    seeds: tuple[int, ...]
    deviation: float

    def add_to(self, vectors: Sequence[Tensor], lengths: Sequence[int]) -> None:
        """Add noise in place.

        Args:
            vectors: Flat gradients, (member, param).
            lengths: How many numbers of each vector are gradients; the rest is padding.
        """
        for member, seed in enumerate(self.seeds):
            generator = torch_generator(seed, vectors[0].device)
            for vector, length in zip(vectors, lengths, strict=True):
                # Row by row: a member's numbers must not depend on the members beside it.
                drawn = torch.randn(length, generator=generator, dtype=vector.dtype, device=vector.device)
                vector[member, :length].add_(drawn, alpha=self.deviation)


def noise_deviation(*, rate: float, momentum: float, temperature: float, num_examples: int) -> float:
    """Return the standard deviation of the noise in the gradient of the mean loss, sqrt(2 (1 - m) T / (r N)).

    >>> noise_deviation(rate=0.5, momentum=0.5, temperature=1.0, num_examples=8)
    0.5
    """
    return sqrt(2 * (1 - momentum) * temperature / (rate * num_examples))
