"""Parameter trees: the weights of a network as a flat mapping from name to tensor, and of many networks at once."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor

from modescape.core.errors import ArgumentError, Quoted

Tree: TypeAlias = dict[str, Tensor]
"""Weights of one network: name to tensor, in the order of the network's own `named_parameters`."""


def stack(trees: Sequence[Mapping[str, Tensor]]) -> Tree:
    """Stack the trees of several members into one tree whose tensors have a leading `member` axis.

    Args:
        trees: One tree a member, all with the same names and shapes.

    Raises:
        ArgumentError: If there is no tree, or names or shapes differ.

    >>> stack([{"w": torch.zeros(3)}, {"w": torch.ones(3)}])["w"].shape
    torch.Size([2, 3])
    """
    if not trees:
        raise ArgumentError("trees", "hold at least one member", 0, "Pass one tree for each member")
    check_same_structure(trees)
    return {name: torch.stack([tree[name] for tree in trees]) for name in trees[0]}


def unstack(tree: Mapping[str, Tensor]) -> list[Tree]:
    """Split a stacked tree into one tree (of copies) for each member.

    >>> [member["w"].tolist() for member in unstack({"w": torch.tensor([[1.0], [2.0]])})]
    [[1.0], [2.0]]
    """
    num_members = len(next(iter(tree.values()))) if tree else 0
    return [{name: tensor[index].detach().clone() for name, tensor in tree.items()} for index in range(num_members)]


def ravel(tree: Mapping[str, Tensor]) -> Float[Tensor, "param"]:
    """Flatten a tree into one vector, tensors in the order of the tree.

    >>> ravel({"w": torch.ones(2, 2), "b": torch.zeros(1)}).tolist()
    [1.0, 1.0, 1.0, 1.0, 0.0]
    """
    return torch.cat([tensor.reshape(-1) for tensor in tree.values()])


def unravel(vector: Float[Tensor, "param"], like: Mapping[str, Tensor]) -> Tree:
    """Cut a vector into the tensors of a tree: the inverse of `ravel`.

    Args:
        vector: One number for each parameter of `like`.
        like: A tree with the names, shapes and order to produce.

    Raises:
        ArgumentError: If the vector has the wrong length.

    >>> unravel(torch.arange(3.0), {"w": torch.ones(2), "b": torch.zeros(1)})["b"].tolist()
    [2.0]
    """
    num_params = sum(tensor.numel() for tensor in like.values())
    if vector.shape != (num_params,):
        raise ArgumentError(
            "vector",
            f"have {num_params} entries, as many as the tree has parameters",
            Quoted(f"shape {tuple(vector.shape)}"),
            "Flatten the tree with ravel",
        )
    pieces = vector.split([tensor.numel() for tensor in like.values()])
    return {name: piece.reshape(tensor.shape) for (name, tensor), piece in zip(like.items(), pieces, strict=True)}


def is_finite(tree: Mapping[str, Tensor]) -> bool:
    """Say whether every floating-point tensor of a tree is free of NaN and infinities.

    >>> is_finite({"w": torch.tensor([1.0, float("nan")])})
    False
    """
    return all(bool(tensor.isfinite().all()) for tensor in tree.values() if tensor.is_floating_point())


def check_same_structure(trees: Sequence[Mapping[str, Tensor]]) -> None:
    """Raise unless all trees have the same names and shapes.

    Raises:
        ArgumentError: Naming the first tensor that differs.
    """
    first = {name: tuple(tensor.shape) for name, tensor in trees[0].items()}
    for index, tree in enumerate(trees):
        shapes = {name: tuple(tensor.shape) for name, tensor in tree.items()}
        if shapes == first:
            continue
        name = next(name for name in [*first, *shapes] if first.get(name) != shapes.get(name))
        raise ArgumentError(
            "trees",
            "have the same names and shapes",
            Quoted(f"{name!r} of shape {first.get(name)} in member 0 and {shapes.get(name)} in member {index}"),
            "Compare members of one architecture",
        )
