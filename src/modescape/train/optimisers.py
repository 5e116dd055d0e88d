"""Optimisers of flat parameters: one call a step, whatever the number of layers and members."""

from collections.abc import Mapping, Sequence
from itertools import zip_longest

import torch
from torch import Tensor
from torch.optim import SGD, Adam, AdamW, Optimizer

from modescape.core.trees import Tree
from modescape.train.flat import FlatParameters
from modescape.train.settings import TrainSettings
from modescape.train.sghmc import SGHMC, LangevinNoise


def optimiser(vectors: Sequence[Tensor], settings: TrainSettings) -> Optimizer:
    """Return the optimiser that the settings name, over a list of tensors.

    Every update is elementwise, so that the members in a tensor never mix.

    >>> type(optimiser([torch.zeros(2)], TrainSettings(optimizer="sgd"))).__name__
    'SGD'
    """
    fused = all(vector.device.type in {"cpu", "cuda"} for vector in vectors)
    rate, decay = settings.learning_rate, settings.weight_decay
    if settings.optimizer == "sgd":
        return SGD(vectors, lr=rate, momentum=settings.momentum, weight_decay=decay, fused=fused)
    if settings.optimizer == "sghmc":
        return SGHMC(vectors, lr=rate, momentum=settings.momentum, weight_decay=decay)
    family = AdamW if settings.optimizer == "adamw" else Adam
    return family(vectors, lr=rate, weight_decay=decay, fused=fused)


class MemberOptimiser:
    """An optimiser of the parameters of some members that updates each as if it were alone.

    Args:
        flat: The parameters; they are changed in place.
        settings: Which optimiser, and how.
        states: What each member's optimiser remembered, to go on from.

    >>> flat = FlatParameters({"w": torch.ones(2, 3)})
    >>> optimizer = MemberOptimiser(flat, TrainSettings(optimizer="sgd"))
    >>> optimizer.step([torch.ones(2, 3)], rate=0.5)
    >>> flat.values["w"].tolist()
    [[0.5, 0.5, 0.5], [0.5, 0.5, 0.5]]
    """

    def __init__(
        self, flat: FlatParameters, settings: TrainSettings, states: Sequence[Mapping[str, Tensor]] | None = None
    ) -> None:
        self._flat = flat
        self._clip_norm = settings.clip_norm
        self._optimizer = optimiser(flat.vectors, settings)
        for vector, gradient in zip(flat.vectors, flat.gradient_vectors, strict=True):
            vector.grad = gradient
        if states is not None:
            self._import(states)

    def step(self, gradients: Sequence[Tensor | None], *, rate: float, noise: LangevinNoise | None = None) -> None:
        """Make one step along gradients, (member, ...) in the order of the parameters, with a learning rate.

        A parameter without a gradient, which had no part in the loss, stays as it is. Noise is added last.
        """
        idle = self._flat.take_gradients(gradients)
        kept = {name: [part.clone() for part in self._parts(name)] for name in idle}
        if self._clip_norm is not None:
            clip_members(self._flat.gradient_vectors, self._clip_norm)
        if noise is not None:
            noise.add_to(self._flat.gradient_vectors, self._flat.lengths)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.step()
        for name, before in kept.items():
            for part, value in zip_longest(self._parts(name), before):
                part.copy_(value if value is not None else torch.zeros_like(part))

    def exported(self) -> list[Tree]:
        """Return copies of what the optimiser remembers of each member, named `parameter:quantity`, on the CPU."""
        states: list[Tree] = [{} for _ in range(self._flat.num_members)]
        for quantity, parts in self._remembered().items():
            for name, part in parts.items():
                for member, state in enumerate(states):
                    value = part if quantity == "step" else part[member]
                    state[f"{name}:{quantity}"] = value.detach().to("cpu", copy=True).contiguous()
        return states

    def _remembered(self) -> dict[str, Tree]:
        """Return what is remembered, by quantity and parameter: views (member, ...), and counts of steps."""
        states = [self._optimizer.state.get(vector, {}) for vector in self._flat.vectors]
        found: dict[str, Tree] = {}
        for quantity, value in states[0].items():
            if isinstance(value, Tensor):
                together = self._flat.views([state[quantity] for state in states]) if quantity != "step" else None
                found[quantity] = together or dict.fromkeys(self._flat.values, value)
        return found

    def _parts(self, name: str) -> list[Tensor]:
        """Return a parameter and what is remembered of it."""
        remembered = [parts[name] for quantity, parts in self._remembered().items() if quantity != "step"]
        return [self._flat.values[name], *remembered]

    def _import(self, states: Sequence[Mapping[str, Tensor]]) -> None:
        """Take up what `exported` gave."""
        for quantity in dict.fromkeys(key.rpartition(":")[2] for key in states[0]):
            if quantity == "step":
                self._import_steps(next(state for key, state in states[0].items() if key.endswith(":step")))
                continue
            vectors = [torch.zeros_like(vector) for vector in self._flat.vectors]
            for name, view in self._flat.views(vectors).items():
                for member, state in enumerate(states):
                    if f"{name}:{quantity}" in state:
                        view[member].copy_(state[f"{name}:{quantity}"])
            for vector, value in zip(self._flat.vectors, vectors, strict=True):
                self._optimizer.state[vector][quantity] = value

    def _import_steps(self, count: Tensor) -> None:
        """Take up the number of steps made, which is common to all parameters."""
        for vector in self._flat.vectors:
            device = vector.device if self._optimizer.defaults["fused"] else count.device
            self._optimizer.state[vector]["step"] = count.detach().clone().to(device)


def clip_members(gradients: Sequence[Tensor], max_norm: float) -> None:
    """Scale the gradient of each member in place to at most a norm; tensors are flat, (member, param).

    g <- g * min(1, max_norm / (|g| + 1e-6)), |g| the Euclidean norm over all of the member's parameters.
    Source: PyTorch `clip_grad_norm_`, https://pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html

    >>> gradient = torch.tensor([[3.0, 4.0], [0.3, 0.4]])
    >>> clip_members([gradient], max_norm=1.0)
    >>> [round(norm, 3) for norm in gradient.norm(dim=1).tolist()]
    [1.0, 0.5]
    """
    # Row by row: a reduction over several rows at once may add up in another order than over one.
    norms = torch.stack([torch.stack([row.norm() for row in gradient.unbind()]) for gradient in gradients])
    factors = (max_norm / (norms.norm(dim=0) + 1e-6)).clamp(max=1.0)
    for gradient in gradients:
        gradient.mul_(factors.to(gradient.dtype).unsqueeze(1))
