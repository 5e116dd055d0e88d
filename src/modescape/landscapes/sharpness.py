"""How much the loss rises when the weights go a short way up its gradient."""

import torch
from torch import Tensor, nn

from modescape.core.errors import ArgumentError
from modescape.landscapes.risk import Batches, Loss, Risk, mean_gradient, mean_loss, placed, still

RADIUS = 0.05
"""Foret et al. (2021), section 3."""


def sharpness(network: nn.Module, loss: Loss, batches: Batches, *, radius: float = RADIUS) -> float:
    """Return the sharpness that SAM minimises: the rise of the loss one step up its gradient.

    L(w + radius * g / |g|) - L(w), with g the gradient of L at w and |.| the L2 norm over all parameters: to first
    order in the radius, the largest rise within that distance. 0 where the gradient is.

    Source: Foret et al. (2021), section 2, https://arxiv.org/abs/2010.01412. Differs from it in that the loss is the
    mean over all examples given, and in evaluation mode, not that of one batch in training.

    Args:
        network: The weights to look at; it is copied, not changed, and runs in evaluation mode.
        loss: Of outputs and targets: a mean over the batch, or one number an example.
        batches: Inputs as the network sees them, and targets; their sizes make no difference.
        radius: Length of the step in weight space.

    Returns:
        In the units of the loss; NaN where loss or gradient are not finite.

    Raises:
        ArgumentError: If the radius is not above 0, there is no example, or the loss is a sum.

    >>> network = nn.Linear(1, 1, bias=False)
    >>> nn.init.constant_(network.weight, 3.0).item()
    3.0
    >>> round(sharpness(network, nn.MSELoss(), [(torch.ones(1, 1), torch.zeros(1, 1))], radius=0.5), 4)
    3.25
    """
    if not 0.0 < radius < float("inf"):
        raise ArgumentError("radius", "be above 0 and finite", radius, f"Pass {RADIUS}")
    copied, risk = still(network), Risk(loss)
    examples = placed(batches, copied)
    before, gradients = mean_gradient(copied, risk, examples)
    length = _norm(gradients)
    if length == 0.0:
        return 0.0
    with torch.no_grad():
        for parameter, gradient in zip(copied.parameters(), gradients, strict=True):
            parameter.add_(gradient, alpha=radius / length)
    return mean_loss(copied, risk, examples) - before


def gradient_norm(network: nn.Module, loss: Loss, batches: Batches) -> float:
    """Return the L2 norm over all parameters of the gradient of the mean loss.

    Args:
        network: The weights to look at; it is copied, not changed, and runs in evaluation mode.
        loss: Of outputs and targets: a mean over the batch, or one number an example.
        batches: Inputs as the network sees them, and targets; their sizes make no difference.

    Raises:
        ArgumentError: If there is no example, or the loss is a sum.

    >>> network = nn.Linear(1, 1, bias=False)
    >>> nn.init.constant_(network.weight, 3.0).item()
    3.0
    >>> gradient_norm(network, nn.MSELoss(), [(torch.ones(1, 1), torch.zeros(1, 1))])
    6.0
    """
    copied = still(network)
    _, gradients = mean_gradient(copied, Risk(loss), placed(batches, copied))
    return _norm(gradients)


def _norm(tensors: list[Tensor]) -> float:
    """Return the L2 norm of several tensors together, in double precision."""
    squares = [torch.linalg.vector_norm(tensor, dtype=torch.float64).item() ** 2 for tensor in tensors]
    return sum(squares) ** 0.5
