"""Where the units of a group stand in a tensor."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod

import torch
from jaxtyping import Int
from torch import Tensor

from modescape.core.errors import ArgumentError
from modescape.weights.symmetry.groups import Axis, Factor, Group, Symmetry


@dataclass(frozen=True)
class Box:
    """Places along one dimension that are one product of factors: `start + sum of index x stride`.

    Attributes:
        start: The first place.
        factors: Each a name of a group or a number of places, its size, and its stride.
    """

    start: int
    factors: tuple[tuple[int | str, int, int], ...]

    def names(self) -> list[int | str]:
        """Return the names of the factors."""
        return [name for name, _, _ in self.factors]

    def places(self) -> Int[Tensor, "..."]:
        """Return all places, with one dimension for each factor."""
        found = torch.tensor(self.start)
        for _, size, stride in self.factors:
            found = found.unsqueeze(-1) + torch.arange(size) * stride
        return found


def unit_places(symmetry: Symmetry, name: str, group: str) -> tuple[Int[Tensor, "parent unit rest"], ...]:
    """Return where the entries of each unit stand in a tensor: one result for each time that the group occurs in it.

    `weights[name].reshape(-1)[places]` are the entries by unit; those of all units are in the same order. The first
    dimension counts the units of the parent, and is of size one for a group without one.

    Args:
        symmetry: Of the network.
        name: Name of a parameter or buffer.
        group: Name of a group.

    Raises:
        ArgumentError: If there is no such tensor or group.

    >>> from torch import nn
    >>> from modescape.weights.symmetry import symmetry_of
    >>> symmetry = symmetry_of(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)), torch.ones(1, 2))
    >>> [places.tolist() for places in unit_places(symmetry, "0.weight", "0")]
    [[[[0, 1], [2, 3], [4, 5]]]]
    """
    if name not in symmetry.axes:
        raise ArgumentError("name", "be a parameter or buffer of the network", name, "Choose one of symmetry.axes")
    found = symmetry.group(group)
    boxes = [boxes_of(axis, symmetry.groups) for axis in symmetry.axes[name]]
    return tuple(
        _entries(boxes, dim, box, index, found)
        for dim, here in enumerate(boxes)
        for box in here
        for index, factor in enumerate(box.names())
        if factor == group
    )


def names_in(axis: Axis) -> list[str]:
    """Return the names of all groups in a dimension, each once.

    >>> names_in((("a", 4), (2, (("b",), ("c",))), ("a",)))
    ['a', 'b', 'c']
    """
    found: dict[str, None] = {}
    for segment in axis:
        for factor in segment:
            if not isinstance(factor, int):
                found.update(dict.fromkeys([factor] if isinstance(factor, str) else names_in(factor)))
    return list(found)


def axis_places(axis: Axis, groups: Mapping[str, Group], group: Group) -> list[Int[Tensor, "parent unit rest"]]:
    """Return where units stand along one dimension, each time that the group occurs there together with its parent."""
    return [
        _entries([[Box(0, box.factors)]], 0, Box(0, box.factors), index, group) + box.start
        for box in boxes_of(axis, groups)
        for index, factor in enumerate(box.names())
        if factor == group.name and (group.parent is None or group.parent in box.names())
    ]


def boxes_of(axis: Axis, groups: Mapping[str, Group]) -> list[Box]:
    """Return the products that a dimension is made of, with those inside of products opened."""
    boxes, start = [], 0
    for segment in axis:
        size = prod(_size(factor, groups) for factor in segment)
        boxes += [Box(start + offset, factors) for offset, factors in _opened(segment, groups)]
        start += size
    return boxes


def _opened(
    segment: Sequence[Factor], groups: Mapping[str, Group]
) -> Iterator[tuple[int, tuple[tuple[int | str, int, int], ...]]]:
    """Yield offset and factors of each product without a dimension inside."""
    if not segment:
        yield 0, ()
        return
    first, rest = segment[0], segment[1:]
    stride = prod(_size(factor, groups) for factor in rest)
    for offset, factors in _opened(rest, groups):
        if not isinstance(first, tuple):
            yield offset, ((first, _size(first, groups), stride), *factors)
            continue
        for box in boxes_of(first, groups):
            inner = tuple((name, size, inside * stride) for name, size, inside in box.factors)
            yield offset + box.start * stride, (*inner, *factors)


def _size(factor: Factor, groups: Mapping[str, Group]) -> int:
    if isinstance(factor, int):
        return factor
    if isinstance(factor, str):
        return groups[factor].size
    return sum(prod(_size(inner, groups) for inner in segment) for segment in factor)


def _entries(boxes: list[list[Box]], dim: int, box: Box, index: int, group: Group) -> Int[Tensor, "parent unit rest"]:
    """Return places in the flattened tensor of the units that are one factor of a product in one dimension."""
    chosen = [here[0] if len(here) == 1 else None for here in boxes]
    chosen[dim] = box
    sizes = [_extent(here) for here in boxes]
    grid, names, at = torch.zeros((), dtype=torch.long), [], -1
    for place, (here, size) in enumerate(zip(chosen, sizes, strict=True)):
        along = torch.arange(size) if here is None else here.places()
        at = len(names) + index if place == dim else at
        names += [None] if here is None else here.names()
        grid = (grid * size)[(...,) + (None,) * along.ndim] + along
    if group.parent is None:
        return grid.movedim(at, 0).reshape(1, group.size, -1)
    parent = names.index(group.parent)
    return grid.movedim((parent, at), (0, 1)).reshape(grid.shape[parent], group.size, -1)


def _extent(boxes: list[Box]) -> int:
    """Return the number of places of a dimension."""
    return sum(prod(size for _, size, _ in box.factors) for box in boxes)
