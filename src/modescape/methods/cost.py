"""What an ensemble costs, counted the same way for all methods: in passes of the base network."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from modescape.functions.predictions import evaluating, kept_buffers

BACKWARD = 2
"""Forward passes that a backward pass counts for: it computes the gradients of inputs and of weights."""


@dataclass(frozen=True)
class Cost:
    """The cost of an ensemble; a pass is one of the base network over one example.

    A network of another size counts by its FLOPs, relative to those of the base network.

    Source of the weight of a backward pass: Kaplan et al. (2020), section 2.1, https://arxiv.org/abs/2001.08361

    Args:
        forward: Forward passes in training, those that prepare predictors (such as for batch norm) among them.
        backward: Backward passes in training.
        prediction: Forward passes to predict one example.
        parameters: Trainable numbers that have to be kept to predict.

    >>> Cost(forward=300, backward=300, prediction=3, parameters=10).training
    300.0
    """

    forward: float
    backward: float
    prediction: float
    parameters: int

    @property
    def training(self) -> float:
        """Training passes, forward and backward together: (forward + 2 backward) / 3."""
        return (self.forward + BACKWARD * self.backward) / (1 + BACKWARD)

    def with_forward(self, passes: float) -> "Cost":
        """Return the cost with further forward passes before prediction.

        >>> Cost(3, 3, 1, 10).with_forward(6).training
        5.0
        """
        return replace(self, forward=self.forward + passes)


def flops(network: nn.Module, inputs: Tensor) -> float:
    """Return the floating-point operations of a forward pass for one example, in evaluation mode.

    Only products and convolutions count, as in PyTorch's `FlopCounterMode`; networks without any count one operation.

    Args:
        network: Left as it was.
        inputs: Prepared examples, (example, ...).

    >>> flops(nn.Linear(4, 3), torch.zeros(2, 4))
    24.0
    """
    device = next((parameter.device for parameter in network.parameters()), inputs.device)
    with evaluating(network), kept_buffers(network), torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(inputs.to(device))
    return max(1.0, counter.get_total_flops() / len(inputs))


def num_parameters(network: nn.Module) -> int:
    """Return how many trainable numbers a network has.

    >>> num_parameters(nn.Linear(4, 3))
    15
    """
    return sum(parameter.numel() for parameter in network.parameters())
