"""The mean loss of a network over batches, as a function of its weights and of nothing else."""

import copy
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor, nn

from modescape.core.errors import ArgumentError, Quoted

Loss: TypeAlias = Callable[[Any, Any], Tensor]
"""Of the outputs for a batch and its targets: the mean over the batch, or one number an example."""

Batches: TypeAlias = Sequence[tuple[Tensor, Tensor]]
"""Inputs as the network sees them, and targets."""


class Risk(nn.Module):
    """A loss as one number a batch: what is one number an example is averaged.

    Args:
        loss: A loss of `torch.nn` or `torch.nn.functional`, or any other.

    Raises:
        ArgumentError: If the loss says that it is a sum over the batch.

    >>> Risk(nn.MSELoss(reduction="none"))(torch.tensor([1.0, 3.0]), torch.zeros(2)).item()
    5.0
    """

    reduction = "mean"

    def __init__(self, loss: Loss) -> None:
        super().__init__()
        if getattr(loss, "reduction", "mean") == "sum":
            got = Quoted("one with reduction='sum'")
            raise ArgumentError("loss", "be a mean over the batch", got, "Create it with reduction='mean'")
        self._loss = loss

    def forward(self, outputs: Any, targets: Any) -> Float[Tensor, ""]:
        """Return the mean loss of a batch."""
        return self._loss(outputs, targets).mean()


def still(network: nn.Module) -> nn.Module:
    """Return a copy of a network in evaluation mode, whose parameters all have gradients and lie contiguously.

    Dropout is off, and batch norm uses the statistics that it has: outputs are a function of parameters and inputs.
    Parameters that the caller has frozen are as free as the others.

    >>> still(nn.Dropout()).training
    False
    """
    copied = copy.deepcopy(network).eval().requires_grad_()
    for tensor in (*copied.parameters(), *copied.buffers()):
        # Group norm has no gradient for images whose channels lie last and do not need one.
        tensor.data = tensor.data.contiguous()
        tensor.grad = None
    copied.register_forward_pre_hook(_with_copies, prepend=True)
    return copied


def _with_copies(network: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Give a network copies of its inputs: it may write into them, and they are used again and again."""
    del network
    return tuple(value.clone() if isinstance(value, Tensor) else value for value in args)


def placed(batches: Batches, network: nn.Module) -> list[tuple[Tensor, Tensor]]:
    """Return batches on the device of a network, inputs contiguous, after checking that there is an example.

    Raises:
        ArgumentError: If there is none.

    >>> len(placed([(torch.ones(2, 1), torch.zeros(2))], nn.Linear(1, 1)))
    1
    """
    device = next((parameter.device for parameter in network.parameters()), None)
    found = [(inputs.to(device).contiguous(), targets.to(device)) for inputs, targets in batches if len(inputs)]
    if not found:
        advice = "Pass a list of (inputs, targets)"
        raise ArgumentError("batches", "hold at least one example", Quoted(f"{len(batches)} batches"), advice)
    return found


def mean_loss(network: nn.Module, risk: Risk, batches: Batches) -> float:
    """Return the mean loss over the examples of all batches, in double precision; networks run as they are.

    (1/N) sum over batches of (examples in the batch) * (loss of the batch)

    >>> batches = [(torch.ones(1, 1), torch.zeros(1, 1)), (torch.ones(3, 1), torch.full((3, 1), 2.0))]
    >>> mean_loss(nn.Identity(), Risk(nn.MSELoss()), batches)
    1.0
    """
    total, num_examples = 0.0, 0
    with torch.no_grad():
        for inputs, targets in batches:
            total += risk(network(inputs), targets).item() * len(inputs)
            num_examples += len(inputs)
    return total / num_examples


def mean_gradient(network: nn.Module, risk: Risk, batches: Batches) -> tuple[float, list[Tensor]]:
    """Return the mean loss and its gradient, one tensor a parameter; 0 for parameters that outputs do not depend on.

    >>> network = nn.Linear(1, 1, bias=False).requires_grad_()
    >>> _, (gradient,) = mean_gradient(network, Risk(lambda outputs, _: outputs.mean()), [(torch.ones(1, 1), None)])
    >>> gradient.item()
    1.0
    """
    parameters = list(network.parameters())
    totals = [torch.zeros_like(parameter) for parameter in parameters]
    num_examples, loss_total = sum(len(inputs) for inputs, _ in batches), 0.0
    for inputs, targets in batches:
        with torch.enable_grad():
            loss = risk(network(inputs), targets)
            gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
        share = len(inputs) / num_examples
        loss_total += loss.item() * share
        for total, gradient in zip(totals, gradients, strict=True):
            if gradient is not None:
                total.add_(gradient, alpha=share)
    return loss_total, totals
