"""Optimisers, which work alike on one member's tensors and on the stacked tensors of many."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.optim import SGD, Adam, AdamW, Optimizer

from modescape.core.trees import Tree
from modescape.train.settings import TrainSettings

REGISTER_ENTRIES = 16
"""Most float32 numbers that a vector register of a CPU holds (AVX-512)."""


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


class StackedOptimiser:
    """An optimiser of the stacked tensors of many members that updates each member as if it were alone.

    Fused kernels on CPUs update as many entries at once as a vector register holds, and round those left over at the
    end of a tensor differently. A stacked tensor is therefore updated as a whole only where each member's part fills
    whole registers, and member by member elsewhere (biases and other small tensors).

    Args:
        stacked: Parameters by name, (member, ...).
        settings: Which optimiser, and how.
        states: What each member's optimiser remembered, to go on from.

    >>> weights = {"w": torch.ones(2, 3, requires_grad=True)}
    >>> optimizer = StackedOptimiser(weights, TrainSettings(optimizer="sgd"))
    >>> weights["w"].sum().backward()
    >>> optimizer.step(0.5)
    >>> weights["w"].tolist()
    [[0.5, 0.5, 0.5], [0.5, 0.5, 0.5]]
    """

    def __init__(
        self, stacked: Mapping[str, Tensor], settings: TrainSettings, states: Sequence[Tree] | None = None
    ) -> None:
        self._stacked = stacked
        self._whole = {name: tensor for name, tensor in stacked.items() if _fills_registers(tensor)}
        split = {name: tensor.detach().unbind() for name, tensor in stacked.items() if name not in self._whole}
        num_members = len(next(iter(stacked.values())))
        self._single: list[Tree] = [
            {name: parts[index].requires_grad_() for name, parts in split.items()} for index in range(num_members)
        ]
        pieces = [*self._whole.values(), *(part for single in self._single for part in single.values())]
        self._optimizer = optimiser(pieces, settings)
        if states is not None:
            self._import(states)

    def zero_grad(self) -> None:
        """Drop the gradients."""
        for tensor in self._stacked.values():
            tensor.grad = None

    def step(self, rate: float) -> None:
        """Make one step along the gradients of the stacked tensors, with a learning rate."""
        for name in self._single[0]:
            gradient = self._stacked[name].grad
            for index, single in enumerate(self._single):
                single[name].grad = None if gradient is None else gradient[index]
        set_learning_rate(self._optimizer, rate)
        self._optimizer.step()

    def exported(self) -> list[Tree]:
        """Return copies of what the optimiser remembers of each member, as `exported_state` names it."""
        whole = exported_state(self._optimizer, self._whole)
        return [
            {key: (value if _is_count(key) else value[index]).clone() for key, value in whole.items()}
            | exported_state(self._optimizer, single)
            for index, single in enumerate(self._single)
        ]

    def _import(self, states: Sequence[Tree]) -> None:
        """Take up what `exported` gave."""
        whole = [key for key in states[0] if key.rpartition(":")[0] in self._whole]
        together = {k: states[0][k] if _is_count(k) else torch.stack([s[k] for s in states]) for k in whole}
        import_state(self._optimizer, self._whole, together)
        for single, state in zip(self._single, states, strict=True):
            own = {key: value for key, value in state.items() if key.rpartition(":")[0] in single}
            import_state(self._optimizer, single, own)


def _fills_registers(stacked: Tensor) -> bool:
    """Say whether a kernel that updates all members at once rounds as one that updates one."""
    return stacked.device.type != "cpu" or stacked[0].numel() % REGISTER_ENTRIES == 0


def _is_count(key: str) -> bool:
    """Say whether a remembered quantity is a count of steps, common to all members, and not a tensor for each."""
    return key.endswith(":step")


def clip_members(gradients: Sequence[Tensor], max_norm: float) -> None:
    """Scale the gradient of each member in place to at most a norm; tensors are stacked, (member, ...).

    g <- g * min(1, max_norm / (|g| + 1e-6)), |g| the Euclidean norm over all of the member's parameters.
    Source: PyTorch `clip_grad_norm_`, https://pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html

    >>> gradient = torch.tensor([[3.0, 4.0], [0.3, 0.4]])
    >>> clip_members([gradient], max_norm=1.0)
    >>> [round(norm, 3) for norm in gradient.norm(dim=1).tolist()]
    [1.0, 0.5]
    """
    squares = [gradient.reshape(len(gradient), -1).square().sum(dim=1) for gradient in gradients]
    norms = torch.stack(squares).sum(dim=0).sqrt()
    factors = (max_norm / (norms + 1e-6)).clamp(max=1.0)
    for gradient in gradients:
        gradient.mul_(factors.view(-1, *[1] * (gradient.ndim - 1)))
