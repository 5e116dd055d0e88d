"""What a dimension is made of, while that is being found out: units that are not told apart yet, and fixed places."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import TypeAlias

from modescape.weights.symmetry.degrees import NO_DEGREE, Degree


@dataclass(frozen=True, eq=False)
class Units:
    """Units that may turn out to be those of another layer, a product, a concatenation, or fixed places."""

    number: int
    size: int


@dataclass(frozen=True)
class Atom:
    """A factor of a product: fixed places, units, or a dimension inside the dimension.

    Attributes:
        what: Number of fixed places, or units, or runs one behind the other.
        degree: Power of the units' scale that the tensor carries along this factor.
    """

    what: "int | Units | Dim"
    degree: Degree = field(default_factory=lambda: NO_DEGREE)

    @property
    def size(self) -> int:
        """Number of places."""
        if isinstance(self.what, int):
            return self.what
        return self.what.size if isinstance(self.what, Units) else size_of(self.what)


Run: TypeAlias = tuple[Atom, ...]
"""A row-major product."""

Dim: TypeAlias = tuple[Run, ...]
"""Runs one behind the other."""


@dataclass(frozen=True)
class Value:
    """What each dimension of a tensor is made of."""

    dims: tuple[Dim, ...]


@dataclass(frozen=True)
class Stack:
    """A tensor whose entries along one dimension are made of different things, such as query, key and value.

    Attributes:
        dim: The dimension.
        parts: One for each entry; of size one in this dimension.
    """

    dim: int
    parts: tuple[Value, ...]


def fixed(size: int) -> Dim:
    """Return a dimension of fixed places."""
    return ((Atom(size),),)


def run_size(run: Sequence[Atom]) -> int:
    """Return the number of places of a product."""
    return prod(atom.size for atom in run)


def size_of(dim: Dim) -> int:
    """Return the number of places of a dimension.

    >>> size_of(((Atom(3), Atom(4)), (Atom(5),)))
    17
    """
    return sum(run_size(run) for run in dim)


def is_fixed(dim: Dim) -> bool:
    """Say whether nothing in a dimension can be exchanged."""
    return all(isinstance(atom.what, int) for run in dim for atom in run)


def units_in(dim: Dim) -> Iterator[Units]:
    """Yield all units in a dimension, outer ones first."""
    for run in dim:
        for atom in run:
            if isinstance(atom.what, Units):
                yield atom.what
            elif not isinstance(atom.what, int):
                yield from units_in(atom.what)


def simple(runs: Sequence[Sequence[Atom]]) -> Dim:
    """Bring a dimension into the one form by which dimensions are compared.

    Factors of one place vanish, neighbouring fixed places merge, and a dimension inside the dimension is opened where
    it stands first in its product.
    """
    opened = [piece for run in runs for piece in _opened(_product(run))]
    merged: list[Run] = []
    for run in opened:
        places, before = _places(run), _places(merged[-1]) if merged else None
        if places is not None and before is not None:
            merged[-1] = (Atom(before + places),)
        else:
            merged.append(run)
    return tuple(merged)


def _places(run: Run) -> int | None:
    """Return the number of places of a product that is nothing but fixed places."""
    what = run[0].what if len(run) == 1 else None
    return what if isinstance(what, int) else None


def _product(run: Sequence[Atom]) -> Run:
    """Drop factors of one place and merge neighbouring fixed places."""
    merged: list[Atom] = []
    for atom in _spliced(run):
        if atom.size == 1:
            continue
        last = merged[-1] if merged else None
        if last is not None and isinstance(atom.what, int) and isinstance(last.what, int):
            merged[-1] = Atom(last.what * atom.what)
        else:
            merged.append(atom)
    return tuple(merged) or (Atom(1),)


def _spliced(run: Sequence[Atom]) -> Iterator[Atom]:
    """Replace a dimension inside the dimension that is one product by its factors."""
    for atom in run:
        if isinstance(atom.what, tuple):
            inner = simple(atom.what)
            if len(inner) == 1:
                yield from inner[0]
            else:
                yield Atom(inner)
        else:
            yield atom


def _opened(run: Run) -> Iterator[Run]:
    """Turn (first + second) * rest into first * rest + second * rest."""
    if isinstance(run[0].what, tuple):
        for piece in run[0].what:
            yield from _opened(_product((*piece, *run[1:])))
    else:
        yield run
