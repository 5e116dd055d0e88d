"""Groups of units that are exchanged together with the units inside them, and where both stand in the weights."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor

from modescape.weights.symmetry import Symmetry, unit_places


@dataclass(frozen=True)
class Family:
    """Units that are exchanged, and the groups of units inside them: each of the former has its own of the latter.

    Attributes:
        name: Group of the units.
        inner: Groups of units inside them.
    """

    name: str
    inner: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All its groups."""
        return (self.name, *self.inner)


@dataclass(frozen=True, eq=False)
class Piece:
    """A part of a tensor in which the units of one group stand.

    Attributes:
        tensor: Name of the tensor.
        group: Name of the group.
        places: Where in the flattened tensor the entries of each unit are.
        others: Groups of other families that the part belongs to as well.
        is_alone: Whether each entry belongs to one unit of the family and not to two.
    """

    tensor: str
    group: str
    places: Int[Tensor, "parent unit entry"]
    others: frozenset[str]
    is_alone: bool


def families_of(symmetry: Symmetry) -> list[Family]:
    """Return the groups without a parent, each with those inside it.

    >>> from modescape.weights.symmetry import symmetry_of
    >>> network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    >>> len(families_of(symmetry_of(network, torch.ones(1, 2))))
    1
    """
    groups = symmetry.groups.items()
    inner = {name: [other for other, each in groups if each.parent == name] for name, _ in groups}
    return [Family(name, tuple(inner[name])) for name, group in groups if group.parent is None]


def pieces_of(
    symmetry: Symmetry, shapes: Mapping[str, torch.Size], families: Iterable[Family]
) -> dict[str, list[Piece]]:
    """Return for each family, by its name, the parts of the weights in which its units stand.

    Entries of units inside others are listed with these only.

    Args:
        symmetry: Of the network.
        shapes: Of the tensors to look at, by name.
        families: Of the symmetry.
    """
    families = list(families)
    found: dict[str, list[Piece]] = {family.name: [] for family in families}
    for tensor, shape in shapes.items():
        places = {name: unit_places(symmetry, tensor, name) for name in _named(symmetry.axes.get(tensor, ()))}
        held = {name: _held(each, shape.numel()) for name, each in places.items()}
        for family in families:
            for name in (name for name in family.names if name in places):
                found[family.name].extend(
                    piece for each in places[name] for piece in _split(tensor, name, each, family, held)
                )
    return found


def _split(
    tensor: str, name: str, places: Int[Tensor, "parent unit entry"], family: Family, held: Mapping[str, Tensor]
) -> list[Piece]:
    """Cut the places of a group's units by the other groups that stand there."""
    # All units are alike: the entries of the first one tell for all.
    rows = places[0, 0]
    others = [other for other in held if other not in family.names]
    codes = sum((held[other][rows].bool().long() << bit for bit, other in enumerate(others)), torch.zeros_like(rows))
    if name == family.name:
        inside = sum((held[other][rows] for other in family.inner if other in held), torch.zeros_like(rows))
        codes[inside > 0] = -1
    is_alone = bool((held[name][rows] == 1).all())
    return [
        Piece(
            tensor,
            name,
            places[:, :, codes == code],
            frozenset(other for bit, other in enumerate(others) if code >> bit & 1),
            is_alone,
        )
        for code in codes.unique().tolist()
        if code >= 0
    ]


def _held(places: Iterable[Tensor], num_entries: int) -> Int[Tensor, "entry"]:
    """Return how many units of a group each entry of a flattened tensor belongs to."""
    counts = torch.zeros(num_entries, dtype=torch.int64)
    for each in places:
        counts[each.reshape(-1)] += 1
    return counts


def _named(nested: object) -> list[str]:
    """Return the names of groups in nested tuples, each once.

    >>> _named(((("a", 2),), ((3,), ("b", "a"))))
    ['a', 'b']
    """
    if isinstance(nested, str):
        return [nested]
    if isinstance(nested, tuple):
        return list(dict.fromkeys(name for part in nested for name in _named(part)))
    return []
