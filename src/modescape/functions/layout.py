"""The memory layout in which convolutions of images are fast."""

from typing import TypeVar

import torch
from torch import nn

Network = TypeVar("Network", bound=nn.Module)


def channels_last(network: Network) -> Network:
    """Lay the kernels of convolutions of images out with their channels last; all other weights stay as they are.

    `network.to(memory_format=torch.channels_last)` does the same, but refuses networks with 3D convolutions.

    Args:
        network: It is changed, and returned.

    >>> channels_last(nn.Conv2d(3, 4, 3)).weight.stride()
    (27, 1, 9, 3)
    """
    for tensor in (*network.parameters(), *network.buffers()):
        if tensor.ndim == 4:
            tensor.data = tensor.data.contiguous(memory_format=torch.channels_last)
    return network


def wants_channels_last(network: nn.Module) -> bool:
    """Say whether a network has kernels that run fastest on images with their channels last.

    Others, such as those that flatten images at once, would only put them back in order at each pass.

    >>> wants_channels_last(nn.Conv2d(3, 4, 3)), wants_channels_last(nn.Linear(3, 4))
    (True, False)
    """
    return any(tensor.ndim == 4 for tensor in network.parameters())
