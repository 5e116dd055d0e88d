"""Networks with a common start, several trunks, and a common end."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase  # pyright: ignore[reportPrivateUsage]

from modescape.core.errors import ArgumentError, ModelError, Quoted
from modescape.methods.budgets import each_size
from modescape.methods.ensemble import Ensemble
from modescape.methods.joint import changed_task, fresh, joint_ensemble, recipe_from
from modescape.methods.protocol import Trainer
from modescape.models import Recipe
from modescape.train import Objective, TrainingTask

NORMS = (_NormBase, nn.GroupNorm, nn.LayerNorm)
"""Layers that belong to the one before."""

LARGEST = 5
"""Most trunks, unless told otherwise."""

Place = int | float | str
"""How far a common part reaches: layers with weights, a share of them, or the name of a layer."""


class Trunks(nn.Module):
    """A common start, whose outputs pass each trunk, whose outputs pass the common end: (example, head, class) logits.

    Source: Lee et al. (2015), the part on TreeNets, https://arxiv.org/abs/1511.06314

    Args:
        start: Passed once.
        trunks: Passed side by side.
        end: Passed by the outputs of each trunk.

    >>> Trunks(nn.Linear(4, 5), [nn.Linear(5, 6), nn.Linear(5, 6)], nn.Linear(6, 3))(torch.zeros(7, 4)).shape
    torch.Size([7, 2, 3])
    """

    def __init__(self, start: nn.Module, trunks: Sequence[nn.Module], end: nn.Module) -> None:
        super().__init__()
        self.start, self.trunks, self.end = start, nn.ModuleList(trunks), end

    def forward(self, inputs: Tensor) -> Tensor:
        """Answer with each trunk."""
        common = self.start(inputs)
        return torch.stack([self.end(trunk(common)) for trunk in self.trunks], dim=1)


def with_trunks(networks: Sequence[nn.Module], start: Place, end: Place) -> Trunks:
    """Return a network whose start and end are those of the first of some networks, and whose trunks are of each.

    Args:
        networks: Of one architecture, an `nn.Sequential`; their layers become parts of the result.
        start: How much is common at the start: a number of layers with weights, a share of them (rounded, at least one
            where it is above 0), or the name of the last layer.
        end: How much is common at the end: likewise, or the name of the first layer.

    Raises:
        ModelError: If the networks are no `nn.Sequential` of layers.
        ArgumentError: If nothing with weights is left for the trunks, or a name is unknown.

    >>> network = with_trunks([nn.Sequential(*[nn.Linear(2, 2) for _ in range(4)]) for _ in range(3)], 1, 0.25)
    >>> len(network.start), len(network.trunks), len(network.trunks[0]), len(network.end)
    (1, 3, 2, 1)
    """
    first = networks[0]
    if not isinstance(first, nn.Sequential) or type(first).forward is not nn.Sequential.forward:
        raise ModelError(
            f"`model` must be an nn.Sequential, to be cut into a start, trunks and an end; got {type(first).__name__}. "
            "Build it as nn.Sequential(start, ..., end), or leave multi-trunk networks out."
        )
    low, high = _cuts(first, start, end)
    return Trunks(first[:low], [network[low:high] for network in networks], first[high:])  # pyright: ignore[reportIndexIssue]


def trunk_recipe(base: Recipe, trunks: int, start: Place, end: Place) -> Recipe:
    """Return the recipe of a network with trunks; the weights of each are drawn by themselves."""

    def build(input_shape: tuple[int, ...], num_classes: int) -> nn.Module:
        return with_trunks([fresh(base, input_shape, num_classes) for _ in range(trunks)], start, end)

    return recipe_from("trunks", base, build, {"trunks": trunks, "start": start, "end": end})


def trunk_ensembles(
    method: str,
    task: TrainingTask,
    sizes: Sequence[int],
    trainer: Trainer,
    objective: Objective,
    *,
    start: Place,
    end: Place,
) -> dict[int, Ensemble]:
    """Train one network of as many trunks for each size; `start` and `end` are those of `with_trunks`.

    Args:
        method: Name of the method.
        task: How a member of the base network is trained.
        sizes: Budgets in members.
        trainer: Trains the networks.
        objective: What they minimise.
        start: How much is common at the start.
        end: How much is common at the end.
    """

    def make(size: int) -> Ensemble | None:
        joint = changed_task(task, trunk_recipe(task.recipe, size, start, end), objective=objective)
        return joint_ensemble(method, task, joint, size, trainer, heads=size)

    return each_size(sizes, make)


def _cuts(network: nn.Sequential, start: Place, end: Place) -> tuple[int, int]:
    """Return the positions of the first layer of the trunks and of the first layer of the end."""
    pieces, names = _pieces(network), list(network._modules)
    bounds = [0, *pieces[1:], len(names)]
    if isinstance(start, str):
        low = names.index(_known(start, names, "start")) + 1
    else:
        low = bounds[min(_count(start, len(pieces)), len(pieces))]
    if isinstance(end, str):
        high = names.index(_known(end, names, "end"))
    else:
        high = bounds[max(0, len(pieces) - _count(end, len(pieces)))]
    if not any(low <= position < high for position in pieces):
        rule = "leave the trunks at least one layer with weights"
        got = Quoted(f"start={start!r} and end={end!r} for a network that has {len(pieces)}")
        raise ArgumentError("start", rule, got, "Make one of them smaller, or take a deeper network")
    return low, high


def _pieces(network: nn.Sequential) -> list[int]:
    """Return the positions of layers with weights; layers without, and norms, belong to the one before."""
    return [
        position
        for position, layer in enumerate(network)
        if any(True for _ in layer.parameters()) and not isinstance(layer, NORMS)
    ]


def _count(place: float, available: int) -> int:
    """Return how many layers with weights a number of them, or a share, means."""
    if isinstance(place, int):
        return place
    return max(1, round(place * available)) if place else 0


def _known(name: str, names: Sequence[str], argument: str) -> str:
    """Return the name of a layer, or say which there are."""
    if name not in names:
        raise ArgumentError(argument, f"be a layer of the network: {', '.join(names)}", name, "Check the spelling")
    return name


def check_place(place: Place, argument: str) -> None:
    """Raise unless a number of layers is at least 0, or a share is in [0, 1).

    >>> check_place(0.5, "start")
    """
    if isinstance(place, bool) or (isinstance(place, int) and place < 0):
        raise ArgumentError(argument, "be at least 0", place, "Pass a number of layers with weights")
    if isinstance(place, float) and not 0.0 <= place < 1.0:
        raise ArgumentError(argument, "be a share in [0, 1)", place, "Pass 0.33, a number of layers, or a layer's name")
