"""What is known about all units of a network: which are the same, which are products, which can't be exchanged."""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence

from modescape.weights.symmetry.degrees import NO_DEGREE, Degree, Degrees, added
from modescape.weights.symmetry.terms import (
    Atom,
    Dim,
    Run,
    Units,
    fixed,
    is_fixed,
    run_size,
    simple,
    size_of,
    units_in,
)


class Ledger:
    """Unification of dimensions, over several readings of a graph until nothing new is found.

    Attributes:
        changed: Whether this reading has found anything new.
        degrees: Equations between powers of scales, of this reading.
        guards: For each of the units, those that stand beside them in every tensor, of this reading.
        owners: The units that each free degree belongs to.
    """

    def __init__(self) -> None:
        self._bound: dict[Units, Dim] = {}
        self._known: dict[Hashable, Units] = {}
        self._num_units = 0
        self.start()
        self.changed = True

    def start(self) -> None:
        """Begin a new reading."""
        self.changed = False
        self.degrees = Degrees()
        self.guards: dict[Units, set[Units]] = {}
        self.owners: dict[int, Units] = {}

    # Making and looking up

    def dim(self, key: Hashable, size: int, *, scaled: bool) -> Dim:
        """Return a dimension of units of its own, the same ones for the same key in each reading.

        Args:
            key: Whatever tells it from others.
            size: Number of units.
            scaled: Whether its units may have any scale (else they have none).
        """
        if size <= 1:
            return fixed(size)
        if key not in self._known:
            self._known[key] = self._new(size)
        dim = self.resolved(((Atom(self._known[key]),),))
        return tuple(tuple(self._scaled(atom) for atom in run) for run in dim) if scaled else dim

    def resolved(self, dim: Dim) -> Dim:
        """Replace units by what they are known to be."""
        if not any(units in self._bound for units in units_in(dim)):
            return simple(dim)
        return self.resolved(simple([[self._looked_up(atom) for atom in run] for run in dim]))

    def _looked_up(self, atom: Atom) -> Atom:
        if isinstance(atom.what, int):
            return atom
        if isinstance(atom.what, Units):
            bound = self._bound.get(atom.what)
            if bound is None:
                return atom
            alias = len(bound) == 1 and len(bound[0]) == 1 and isinstance(bound[0][0].what, Units)
            return Atom(bound[0][0].what, atom.degree) if alias else Atom(bound)
        return Atom(tuple(tuple(self._looked_up(inner) for inner in run) for run in atom.what))

    def _scaled(self, atom: Atom) -> Atom:
        if isinstance(atom.what, int):
            return atom
        if isinstance(atom.what, tuple):
            return Atom(tuple(tuple(self._scaled(inner) for inner in run) for run in atom.what))
        degree = self.degrees.unknown()
        self.owners[next(iter(degree))] = atom.what
        return Atom(atom.what, degree)

    def _new(self, size: int) -> Units:
        self._num_units += 1
        return Units(self._num_units - 1, size)

    def _bind(self, units: Units, dim: Dim) -> None:
        self._bound[units] = dim
        self.changed = True

    # Making equal

    def freeze(self, dim: Dim) -> Dim:
        """Note that nothing in a dimension can be exchanged, and return it."""
        for units in units_in(self.resolved(dim)):
            self._bind(units, fixed(units.size))
        return self.resolved(dim)

    def same(self, first: Dim, second: Dim) -> None:
        """Note that two dimensions are made of the same units, place by place."""
        for _ in range(size_of(first) + 1):
            first, second = self.resolved(first), self.resolved(second)
            if self._alike(first, second):
                return
            self._match(list(first), list(second))
        self.freeze(first)
        self.freeze(second)

    def joined(self, dims: Sequence[Dim]) -> list[Dim]:
        """Note that dimensions are made of the same units, and return them in the same form."""
        for dim in dims[1:]:
            self.same(dims[0], dim)
        return [self.resolved(dim) for dim in dims]

    def cut(self, dim: Dim, places: Sequence[int]) -> list[Dim]:
        """Cut a dimension at places into pieces; freezes it where a place is inside of a unit."""
        pieces: list[Dim] = []
        rest, at = list(self.resolved(dim)), 0
        for place in [*places, size_of(dim)]:
            taken = self._taken(rest, place - at)
            if taken is None:
                self.freeze(dim)
                return self.cut(dim, places)
            pieces.append(simple(taken) if taken else fixed(0))
            at = place
        return pieces

    def factorised(self, dim: Dim, sizes: Sequence[int]) -> list[Dim]:
        """Write a dimension as a product of dimensions of given sizes, outer ones first; freezes it where it is none.

        One place is left for each size.
        """
        real = [size for size in sizes if size != 1]
        dim = self.resolved(dim)
        if len(real) <= 1:
            found = iter([dim])
            return [next(found) if size != 1 else fixed(1) for size in sizes]
        rest = 1
        for size in real[1:]:
            rest *= size
        pieces = [self._split_product(run, rest) for run in dim]
        if any(piece is None for piece in pieces):
            self.freeze(dim)
            pieces = [((Atom(real[0]),), (Atom(rest),))]
        outer = simple([piece[0] for piece in pieces if piece])
        inner = self.joined([(piece[1],) for piece in pieces if piece])[0]
        found = iter([outer, *self.factorised(inner, real[1:])])
        return [next(found) if size != 1 else fixed(1) for size in sizes]

    def _split_product(self, run: Run, rest: int) -> tuple[Run, Run] | None:
        """Split a product into an outer part and an inner one with `rest` places; None if that can't be done."""
        if run_size(run) % rest:
            return None
        outer: list[Atom] = []
        atoms, need = list(run), run_size(run) // rest
        while need > 1:
            first = atoms.pop(0)
            if need % first.size == 0:
                outer.append(first)
                need //= first.size
                continue
            split = self._as_product(first, need) if first.size % need == 0 else None
            if split is None:
                return None
            outer.append(split[0])
            atoms.insert(0, split[1])
            need = 1
        return tuple(outer) or (Atom(1),), tuple(atoms) or (Atom(1),)

    def _as_product(self, atom: Atom, outer: int) -> tuple[Atom, Atom] | None:
        """Write a factor as a product of two."""
        inner = atom.size // outer
        if isinstance(atom.what, int):
            return Atom(outer), Atom(inner)
        if isinstance(atom.what, tuple):
            return None
        pair = Atom(self._new(outer)), Atom(self._new(inner))
        self._bind(atom.what, (pair,))
        return pair

    def _taken(self, runs: list[Run], size: int) -> list[Run] | None:
        """Take so many places off the front of runs, which are changed; None if that would cut a unit."""
        taken: list[Run] = []
        while size > 0:
            run = runs.pop(0)
            if run_size(run) > size:
                split = self._as_sum(run, size)
                if split is None:
                    return None
                run, rest = split
                runs.insert(0, rest)
            taken.append(run)
            size -= run_size(run)
        return taken

    def _as_sum(self, run: Run, size: int) -> tuple[Run, Run] | None:
        """Cut a product after so many places, which is done in its first factor."""
        first, inner = run[0], run[1:]
        places, rest = divmod(size, run_size(inner))
        if rest:
            return None
        if isinstance(first.what, int):
            return (Atom(places), *inner), (Atom(first.what - places), *inner)
        assert isinstance(first.what, Units)  # noqa: S101 - a dimension inside is opened where it stands first
        pieces = self._new(places), self._new(first.size - places)
        self._bind(first.what, tuple((Atom(piece) if piece.size > 1 else Atom(1),) for piece in pieces))
        return (Atom(pieces[0]), *inner), (Atom(pieces[1]), *inner)

    def _match(self, first: list[Run], second: list[Run]) -> None:
        """Make runs the same from the front, up to the first one for which something new was found."""
        everything = tuple(first), tuple(second)
        while first and second:
            size = min(run_size(first[0]), run_size(second[0]))
            pieces = self._taken(first, size), self._taken(second, size)
            if pieces[0] is None or pieces[1] is None:
                self.freeze(everything[0])
                self.freeze(everything[1])
                return
            one, other = self.resolved(tuple(pieces[0])), self.resolved(tuple(pieces[1]))
            if not self._alike(one, other):
                self._match_products(one, other)
                return

    def _match_products(self, one: Dim, other: Dim) -> None:
        """Make two products the same in their first factor that differs."""
        if len(one) > 1 or len(other) > 1:
            return
        (first,), (second,) = ([list(run) for run in dim] for dim in (one, other))
        while first and second:
            if first[0].size == second[0].size:
                if self._match_atoms(first.pop(0), second.pop(0)):
                    return
                continue
            large, small = (first, second) if first[0].size > second[0].size else (second, first)
            split = self._as_product(large[0], small[0].size) if large[0].size % small[0].size == 0 else None
            if split is None:
                self.freeze(one)
                self.freeze(other)
                return
            large[:1] = split

    def _match_atoms(self, first: Atom, second: Atom) -> bool:
        """Make two factors of one size the same; say whether they were not."""
        one, other = self.resolved(((first,),)), self.resolved(((second,),))
        if self._alike(one, other):
            return False
        whats = sorted(
            (atom.what for atom in (first, second) if isinstance(atom.what, Units) and atom.what not in self._bound),
            key=lambda units: units.number,
        )
        if len(whats) == 2:
            self._bind(whats[1], ((Atom(whats[0]),),))
        elif whats:
            self._bind(whats[0], _plain(other if first.what is whats[0] else one))
        elif len(one) > 1 and len(other) > 1:
            self._match(list(one), list(other))
        else:
            self.freeze(one)
            self.freeze(other)
        return True

    def _alike(self, first: Dim, second: Dim) -> bool:
        return _plain(first) == _plain(second)

    # Scales

    def vanish(self, *dims: Dim) -> None:
        """Note that no unit of these dimensions has a scale."""
        for dim in dims:
            for atom in atoms_in(self.resolved(dim)):
                self.degrees.vanish(atom.degree)

    def equal_degrees(self, first: Dim, second: Dim) -> None:
        """Note that two dimensions of the same units have the same scales."""
        for one, other in zip(atoms_in(first), atoms_in(second), strict=False):
            self.degrees.vanish(added(one.degree, other.degree, -1))

    def summed_degrees(self, first: Dim, second: Dim, factor: int = 1) -> Dim:
        """Return a dimension whose scales are the products of those of two dimensions of the same units."""
        others = iter([atom.degree for atom in atoms_in(second)])
        return _with_degrees(first, others, factor)

    def without_degrees(self, dim: Dim) -> Dim:
        """Return a dimension whose units have no scales."""
        return _plain(self.resolved(dim))

    # Who stands beside whom

    def note(self, dims: Iterable[Dim]) -> None:
        """Note which units stand beside which in a tensor of these dimensions."""
        resolved = [self.resolved(dim) for dim in dims]
        beside = [_top_level(dim) for dim in resolved]
        for index, dim in enumerate(resolved):
            others = [units for place, found in enumerate(beside) if place != index for units in found]
            for units, siblings in _siblings(dim, []):
                count = Counter([*siblings, *others])
                guards = {guard for guard, times in count.items() if times == 1 and guard is not units}
                self.guards[units] = self.guards[units] & guards if units in self.guards else guards


def atoms_in(dim: Dim) -> Iterator[Atom]:
    """Yield all factors of a dimension that are units, outer ones first."""
    for run in dim:
        for atom in run:
            if isinstance(atom.what, Units):
                yield atom
            elif isinstance(atom.what, tuple):
                yield from atoms_in(atom.what)


def _plain(dim: Dim) -> Dim:
    """Return a dimension without its scales."""
    return tuple(
        tuple(Atom(_plain(atom.what) if isinstance(atom.what, tuple) else atom.what) for atom in run) for run in dim
    )


def _with_degrees(dim: Dim, others: Iterator[Degree], factor: int) -> Dim:
    return tuple(tuple(_atom_with_degree(atom, others, factor) for atom in run) for run in dim)


def _atom_with_degree(atom: Atom, others: Iterator[Degree], factor: int) -> Atom:
    if isinstance(atom.what, tuple):
        return Atom(_with_degrees(atom.what, others, factor))
    if isinstance(atom.what, int):
        return atom
    return Atom(atom.what, added(atom.degree, next(others, NO_DEGREE), factor))


def _top_level(dim: Dim) -> list[Units]:
    """Return the units that stand beside everything in other dimensions: those of a dimension that is one product."""
    return [atom.what for atom in dim[0] if isinstance(atom.what, Units)] if len(dim) == 1 else []


def _siblings(dim: Dim, around: list[Units]) -> Iterator[tuple[Units, list[Units]]]:
    """Yield all units of a dimension, each with those beside it in its product and in those around that one."""
    for run in dim:
        for index, atom in enumerate(run):
            beside = [other.what for place, other in enumerate(run) if place != index and isinstance(other.what, Units)]
            if isinstance(atom.what, Units):
                yield atom.what, [*around, *beside]
            elif isinstance(atom.what, tuple):
                yield from _siblings(atom.what, [*around, *beside])


def all_fixed(dims: Iterable[Dim]) -> bool:
    """Say whether nothing in any of these dimensions can be exchanged."""
    return all(is_fixed(dim) for dim in dims)
