"""Weights loaded into a copy of a network, after checking that they fit."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from modescape.core.errors import ArgumentError, Quoted


def load(network: nn.Module, tree: Mapping[str, Tensor], argument: str) -> None:
    """Copy the parameters of a tree, and the buffers it has, into a network.

    Args:
        network: It is changed.
        tree: Tensors by the names of `named_parameters` and, where wanted, `named_buffers`.
        argument: The name to use in errors.

    Raises:
        ArgumentError: If a parameter is missing, a name unknown, or a shape wrong.

    >>> network = nn.Linear(1, 1, bias=False)
    >>> load(network, {"weight": torch.full((1, 1), 3.0)}, "start")
    >>> network.weight.item()
    3.0
    """
    parameters, buffers = dict(network.named_parameters()), dict(network.named_buffers())
    named = {**parameters, **buffers}
    advice = "Pass weights of a network of the same architecture"
    missing, unknown = [name for name in parameters if name not in tree], [name for name in tree if name not in named]
    if missing or unknown:
        got = Quoted(f"no {missing[0]!r}" if missing else f"the unknown {unknown[0]!r}")
        raise ArgumentError(argument, "have the names of the network's parameters", got, advice)
    for name, tensor in tree.items():
        if tensor.shape != named[name].shape:
            got = Quoted(f"{tuple(tensor.shape)}")
            raise ArgumentError(argument, f"have the shape {tuple(named[name].shape)} for {name!r}", got, advice)
    with torch.no_grad():
        for name, tensor in tree.items():
            named[name].copy_(tensor)
