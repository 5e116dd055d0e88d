"""Sums of squares of a tensor by the units that its entries belong to: all that the smallest sum of squares needs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Label:
    """Which unit of a scaling each entry of something belongs to.

    Attributes:
        scaling: Name of the scaling.
        units: For each entry its unit, and one behind the last unit where it belongs to none.
        num_units: How many units there are.
        power: Of the scale by which an entry is multiplied.
    """

    scaling: str
    units: Int[Tensor, "entry"]
    num_units: int
    power: float


@dataclass(frozen=True)
class Sums:
    """For each unit of a scaling, the sum of squares of entries that are multiplied by one power of its scale.

    Attributes:
        power: Of the scale.
        occurrences: How many units of this scaling such an entry may belong to.
        totals: The sums.
    """

    power: float
    occurrences: int
    totals: Float[Tensor, "unit"]


class Squares:
    """Sums of squares of one tensor, as a matrix: entries with the same units in all scalings are one element of it.

    A round of balancing then costs a product of a small matrix and a vector: the matrix of a linear layer has a row
    for each unit of the layer and a column for each unit before it, that of a convolution too, whatever its kernel.
    """

    def __init__(self, squares: Float[Tensor, "..."], labels: Iterable[Label]) -> None:
        """Sum squares.

        Args:
            squares: Of a tensor, in double precision on the CPU.
            labels: Of its entries in row-major order, for each time that a scaling occurs in it.
        """
        sides = (_Side.of(squares.numel()), _Side.of(squares.numel()))
        for label in _simplified(list(labels)):
            sides = min(((sides[0].split(label), sides[1]), (sides[0], sides[1].split(label))), key=_cost)
        rows, columns = sides
        found = torch.bincount(
            rows.keys * columns.size + columns.keys, squares.reshape(-1), minlength=rows.size * columns.size
        )
        self._matrix = found.reshape(rows.size, columns.size)
        self._labels = tuple(side.reduced() for side in sides)
        self._factors = [torch.ones(side.size, dtype=torch.float64) for side in sides]

    def scale(self, logarithms: dict[str, Float[Tensor, "unit"]], name: str) -> None:
        """Take over the logarithms of all scales after those of one scaling have changed."""
        for at, labels in enumerate(self._labels):
            if any(label.scaling == name for label in labels):
                self._factors[at] = torch.ones_like(self._factors[at])
                for label in labels:
                    by_unit = torch.exp(2 * label.power * logarithms[label.scaling])
                    self._factors[at] *= torch.cat([by_unit, by_unit.new_ones(1)])[label.units]

    def sums(self, name: str) -> Iterator[Sums]:
        """Yield the sums of squares by unit of a scaling, with the scales as they are."""
        occurrences = sum(label.scaling == name for labels in self._labels for label in labels)
        for at, labels in enumerate(self._labels):
            mine = [label for label in labels if label.scaling == name]
            along = self._along(at) if mine else None
            for label in mine:
                totals = torch.bincount(label.units, along, minlength=label.num_units + 1)[:-1]
                yield Sums(label.power, occurrences, totals)

    def _along(self, at: int) -> Float[Tensor, "side"]:
        """Return the sums of rows, or of columns, with the scales as they are."""
        rows, columns = self._factors
        return rows * (self._matrix @ columns) if at == 0 else columns * (rows @ self._matrix)


@dataclass(frozen=True, eq=False)
class _Side:
    """Rows, or columns: which of them each entry of the tensor is in.

    Attributes:
        keys: Row of each entry.
        size: Number of rows.
        labels: What tells the rows apart.
    """

    keys: Int[Tensor, "entry"]
    size: int
    labels: list[Label] = field(default_factory=list)

    @classmethod
    def of(cls, num: int) -> "_Side":
        """Return one row for all entries."""
        return cls(torch.zeros(num, dtype=torch.long), 1)

    def split(self, label: Label) -> "_Side":
        """Return rows in each of which all entries belong to the same unit of one more label."""
        keys, size = _numbered(self.keys * (label.num_units + 1) + label.units, self.size * (label.num_units + 1))
        return _Side(keys, size, [*self.labels, label])

    def reduced(self) -> list[Label]:
        """Return labels of rows instead of entries."""
        empty = torch.zeros(self.size, dtype=torch.long)
        return [replace(label, units=empty.scatter(0, self.keys, label.units)) for label in self.labels]


def _cost(sides: tuple[_Side, _Side]) -> tuple[int, int]:
    """Return the size of the matrix, and that of its sides where this decides nothing."""
    return sides[0].size * sides[1].size, sides[0].size + sides[1].size


def _numbered(keys: Int[Tensor, "entry"], bound: int) -> tuple[Int[Tensor, "entry"], int]:
    """Number the different keys from zero, and return the numbers and how many there are."""
    if bound > 8 * len(keys):
        different, numbers = torch.unique(keys, return_inverse=True)
        return numbers, len(different)
    # Marking what occurs needs no sorting, which takes most of the time where a tensor is large.
    numbers = torch.zeros(bound, dtype=torch.long)
    numbers[keys] = 1
    numbers = numbers.cumsum(0)
    return numbers[keys] - 1, int(numbers[-1])


def _simplified(labels: list[Label]) -> list[Label]:
    """Put together what one scaling multiplies alike, and drop what it multiplies and divides by the same scale."""
    found: list[Label] = []
    for label in labels:
        mine = label
        for at, other in enumerate(found):
            if other.scaling != mine.scaling:
                continue
            if torch.equal(other.units, mine.units):
                mine = replace(mine, power=mine.power + other.power)
                found[at] = replace(other, power=0.0)
            elif other.power + mine.power == 0:
                cancelled = other.units == mine.units
                found[at], mine = _without(other, cancelled), _without(mine, cancelled)
        found.append(mine)
    return [label for label in found if label.power]


def _without(label: Label, entries: Tensor) -> Label:
    """Return a label to which some entries do not belong."""
    return replace(label, units=torch.where(entries, label.num_units, label.units))
