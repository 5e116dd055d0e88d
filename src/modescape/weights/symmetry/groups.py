"""What permutation symmetry is described by: groups of units, and what each dimension of each weight is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

from jaxtyping import Int
from torch import Tensor

from modescape.core.errors import ArgumentError
from modescape.weights.symmetry.tracing import TracedGraph

Factor: TypeAlias = "int | str | tuple[tuple[Factor, ...], ...]"
"""So many fixed places (a number), the units of a group (its name), or an axis inside an axis."""

Segment: TypeAlias = tuple[Factor, ...]
"""A row-major product: `("conv2", 16)` are 16 pixels for each unit of `conv2`."""

Axis: TypeAlias = tuple[Segment, ...]
"""One dimension of a tensor: segments, one behind the other."""

Permutation: TypeAlias = dict[str, Int[Tensor, "..."]]
"""For each group, the old unit that stands at each place afterwards.

Of shape `(size,)`, or `(size of parent, size)` for a group with a parent: row i belongs to the parent's unit that
stands at place i afterwards, and entry (i, j) says which of that unit's old units stands at place j.
"""


@dataclass(frozen=True)
class Group:
    """Units that may be exchanged without a change of the function.

    Attributes:
        name: The layer that writes it first, such as `layer1.0.conv1`.
        size: Number of units; with a parent, the number for each unit of it.
        parent: A group of which each unit has units of this group of its own, which are exchanged separately: heads of
            attention and what is inside of a head, groups of a norm or convolution and the channels inside.
        scalable: Each unit may be multiplied by a positive number of its own, since all that reads it undoes that.
    """

    name: str
    size: int
    parent: str | None = None
    scalable: bool = False


@dataclass(frozen=True)
class Scaling:
    """One way to multiply each unit of a group by a positive number s without a change of the function.

    Attributes:
        group: Name of the group.
        exponents: For each tensor that takes part, for each time that the group occurs in it (in the order of
            `unit_places`), the power of s by which those entries are multiplied.
    """

    group: str
    exponents: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True)
class Symmetry:
    """Which units of a network may be exchanged, and where they stand in its weights.

    Attributes:
        groups: By name; inputs, classes and rows of embedding tables are in none.
        axes: For each parameter and buffer, what each of its dimensions is made of.
        scalings: By name: that of the group, with a number behind it where a group has several ways.
        graph: The traced network, which runs with any weights.
    """

    groups: Mapping[str, Group]
    axes: Mapping[str, tuple[Axis, ...]]
    graph: TracedGraph = field(repr=False)
    scalings: Mapping[str, Scaling] = field(default_factory=lambda: MappingProxyType({}), repr=False)

    def group(self, name: str) -> Group:
        """Return a group by its name.

        Raises:
            ArgumentError: If there is none.
        """
        if name not in self.groups:
            raise ArgumentError("group", f"be one of {', '.join(self.groups)}", name, "Choose a group of the network")
        return self.groups[name]

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of a group's permutation: `(size,)` or `(size of parent, size)`."""
        group = self.group(name)
        return (group.size,) if group.parent is None else (self.groups[group.parent].size, group.size)
