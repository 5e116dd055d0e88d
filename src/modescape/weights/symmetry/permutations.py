"""Permutations of units: random ones, inverses, compositions, and weights in another order."""

from collections.abc import Mapping

import torch
from torch import Tensor

from modescape.core.errors import ArgumentError, Quoted
from modescape.core.trees import Tree
from modescape.weights.symmetry.groups import Permutation, Symmetry
from modescape.weights.symmetry.places import axis_places, names_in, unit_places


def identity(symmetry: Symmetry) -> Permutation:
    """Return the permutation that leaves every unit where it is.

    >>> from torch import nn
    >>> from modescape.weights.symmetry import symmetry_of
    >>> identity(symmetry_of(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)), torch.ones(1, 2)))
    {'0': tensor([0, 1, 2])}
    """
    return {
        name: torch.arange(group.size).expand(symmetry.shape(name)).clone() for name, group in symmetry.groups.items()
    }


def random_permutation(symmetry: Symmetry, *, generator: torch.Generator) -> Permutation:
    """Draw one of all permutations, each with the same probability.

    Args:
        symmetry: Of the network.
        generator: Source of the random numbers, on the CPU.

    >>> from torch import nn
    >>> from modescape.weights.symmetry import symmetry_of
    >>> symmetry = symmetry_of(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)), torch.ones(1, 2))
    >>> sorted(random_permutation(symmetry, generator=torch.Generator().manual_seed(0))["0"].tolist())
    [0, 1, 2]
    """
    # Double precision makes ties, which would not be broken evenly, too rare to matter.
    return {
        name: torch.rand(symmetry.shape(name), generator=generator, dtype=torch.float64).argsort(dim=-1)
        for name in symmetry.groups
    }


def composed(symmetry: Symmetry, first: Permutation, second: Permutation) -> Permutation:
    """Return the permutation that does the first and then the second.

    >>> from torch import nn
    >>> from modescape.weights.symmetry import symmetry_of
    >>> symmetry = symmetry_of(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)), torch.ones(1, 2))
    >>> composed(symmetry, {"0": torch.tensor([1, 2, 0])}, {"0": torch.tensor([1, 0, 2])})
    {'0': tensor([2, 1, 0])}
    """
    _check(symmetry, first, "first")
    _check(symmetry, second, "second")
    found: Permutation = {}
    for name, group in symmetry.groups.items():
        rows = first[name] if group.parent is None else first[name][second[group.parent]]
        found[name] = rows.gather(-1, second[name])
    return found


def inverse(symmetry: Symmetry, permutation: Permutation) -> Permutation:
    """Return the permutation that undoes another one.

    >>> from torch import nn
    >>> from modescape.weights.symmetry import symmetry_of
    >>> symmetry = symmetry_of(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)), torch.ones(1, 2))
    >>> inverse(symmetry, {"0": torch.tensor([1, 2, 0])})
    {'0': tensor([2, 0, 1])}
    """
    _check(symmetry, permutation, "permutation")
    back = {name: order.argsort(dim=-1) for name, order in permutation.items()}
    return {
        name: back[name] if group.parent is None else back[name][back[group.parent]]
        for name, group in symmetry.groups.items()
    }


def permuted(weights: Mapping[str, Tensor], symmetry: Symmetry, permutation: Permutation) -> Tree:
    """Return weights with units in another order: another point of weight space, the same function.

    Source: Hecht-Nielsen (1990), On the algebraic structure of feedforward network weight spaces; Entezari et al.
    (2022), section 2, https://arxiv.org/abs/2110.06296

    Args:
        weights: Parameters, and buffers where there are any (statistics of batch norm are permuted too).
        symmetry: Of the network.
        permutation: For each group, the old unit that stands at each place afterwards; groups that are missing stay.

    Raises:
        ArgumentError: If names or shapes do not fit the network, or something is no permutation.

    >>> from torch import nn
    >>> from modescape.weights.symmetry import symmetry_of
    >>> network = nn.Sequential(nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 1))
    >>> symmetry = symmetry_of(network, torch.ones(1, 1))
    >>> weights = dict(network.state_dict()) | {"0.bias": torch.tensor([5.0, 7.0])}
    >>> permuted(weights, symmetry, {"0": torch.tensor([1, 0])})["0.bias"]
    tensor([7., 5.])
    """
    _check(symmetry, permutation, "permutation")
    check_weights(weights, symmetry)
    moved = {
        name: order for name, order in permutation.items() if not bool((order == torch.arange(order.shape[-1])).all())
    }
    return {name: _moved(tensor, symmetry, name, moved) for name, tensor in weights.items()}


def _moved(tensor: Tensor, symmetry: Symmetry, name: str, permutation: Permutation) -> Tensor:
    """Put the units of one tensor into another order: a parent's units with what is inside, then what is inside."""
    tensor = tensor.detach().clone()
    inside: list[str] = []
    for dim, axis in enumerate(symmetry.axes[name]):
        groups = [group for group in names_in(axis) if group in permutation]
        inside += [group for group in groups if symmetry.groups[group].parent is not None]
        index = torch.arange(tensor.shape[dim])
        for group in groups:
            if symmetry.groups[group].parent is None:
                for places in axis_places(axis, symmetry.groups, symmetry.groups[group]):
                    index[places[0]] = index[places[0, permutation[group]]]
        if groups:
            tensor = tensor.index_select(dim, index.to(tensor.device))
    return _moved_inside(tensor, symmetry, name, {group: permutation[group] for group in inside})


def _moved_inside(tensor: Tensor, symmetry: Symmetry, name: str, permutation: Permutation) -> Tensor:
    """Put the units of groups with a parent into another order."""
    flat = tensor.reshape(-1)
    for group, order in permutation.items():
        for places in unit_places(symmetry, name, group):
            old = places.gather(1, order.unsqueeze(-1).expand_as(places))
            flat[places.reshape(-1).to(flat.device)] = flat[old.reshape(-1).to(flat.device)]
    return flat.reshape(tensor.shape)


def check_weights(weights: Mapping[str, Tensor], symmetry: Symmetry) -> None:
    """Raise unless all tensors have names and shapes of the network.

    Raises:
        ArgumentError: Naming the first that does not.
    """
    shapes = symmetry.graph.names()
    wrong = next((name for name in weights if tuple(weights[name].shape) != shapes.get(name)), None)
    if wrong is not None:
        raise ArgumentError(
            "weights",
            "have the names and shapes of the traced network",
            Quoted(f"{wrong!r} of shape {tuple(weights[wrong].shape)}, where it has {shapes.get(wrong)}"),
            "Pass weights of the same architecture",
        )


def _check(symmetry: Symmetry, permutation: Permutation, argument: str) -> None:
    for name, order in permutation.items():
        shape = symmetry.shape(name)
        whole = torch.arange(shape[-1]).expand(shape)
        if tuple(order.shape) != shape or not torch.equal(order.sort(dim=-1).values, whole):
            raise ArgumentError(
                argument,
                f"hold each of 0 to {shape[-1] - 1} once in every row of {name!r}, of shape {shape}",
                Quoted(f"shape {tuple(order.shape)}"),
                "Draw one with random_permutation, or start from identity",
            )
