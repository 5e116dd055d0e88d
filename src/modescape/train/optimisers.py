"""Optimisers, which work alike on one member's tensors and on the stacked tensors of many."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.optim import SGD, Adam, AdamW, Optimizer

from modescape.core.trees import Tree
from modescape.train.settings import TrainSettings


def optimiser(parameters: Sequence[Tensor], settings: TrainSettings) -> Optimizer:
    """Return the optimiser that the settings name, over a list of tensors.

    Every update is elementwise, so that the members in a stacked tensor never mix.

    >>> type(optimiser([torch.zeros(2, requires_grad=True)], TrainSettings(optimizer="sgd"))).__name__
    'SGD'
    """
    fused = all(parameter.device.type in {"cpu", "cuda"} for parameter in parameters)
    rate, decay = settings.learning_rate, settings.weight_decay
    if settings.optimizer == "sgd":
        return SGD(parameters, lr=rate, momentum=settings.momentum, weight_decay=decay, fused=fused)
    family = AdamW if settings.optimizer == "adamw" else Adam
    return family(parameters, lr=rate, weight_decay=decay, fused=fused)


def set_learning_rate(optimizer: Optimizer, rate: float) -> None:
    """Set the learning rate of every parameter group."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def exported_state(optimizer: Optimizer, parameters: Mapping[str, Tensor]) -> Tree:
    """Return copies of what the optimiser remembers, named `parameter:quantity`."""
    state: Tree = {}
    for name, parameter in parameters.items():
        for quantity, value in optimizer.state.get(parameter, {}).items():
            if isinstance(value, Tensor):
                state[f"{name}:{quantity}"] = value.detach().clone()
    return state


def import_state(optimizer: Optimizer, parameters: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> None:
    """Give back to an optimiser what `exported_state` took from one."""
    for key, value in state.items():
        name, _, quantity = key.rpartition(":")
        parameter = parameters[name]
        if quantity == "step":
            device = parameter.device if optimizer.defaults["fused"] else value.device
            optimizer.state[parameter][quantity] = value.detach().clone().to(device)
        else:
            # Fused kernels walk through memory: the order in memory must be the parameter's, not the file's.
            optimizer.state[parameter][quantity] = torch.empty_like(parameter, requires_grad=False).copy_(value)


def clip_members(gradients: Sequence[Tensor], max_norm: float) -> None:
    """Scale the gradient of each member in place to at most a norm; tensors are stacked, (member, ...).

    g <- g * min(1, max_norm / (|g| + 1e-6)), |g| the Euclidean norm over all of the member's parameters.
    Source: PyTorch `clip_grad_norm_`, https://pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html

    >>> gradient = torch.tensor([[3.0, 4.0], [0.3, 0.4]])
    >>> clip_members([gradient], max_norm=1.0)
    >>> [round(norm, 3) for norm in gradient.norm(dim=1).tolist()]
    [1.0, 0.5]
    """
    squares = [gradient.flatten(start_dim=1).square().sum(dim=1) for gradient in gradients]
    norms = torch.stack(squares).sum(dim=0).sqrt()
    factors = (max_norm / (norms + 1e-6)).clamp(max=1.0)
    for gradient in gradients:
        gradient.mul_(factors.view(-1, *[1] * (gradient.ndim - 1)))
