"""Weight matching: the permutation of one network that brings its weights closest to those of another."""

from collections.abc import Collection, Iterable, Mapping

import torch
from torch import Tensor

from modescape.core.checks import check_at_least
from modescape.core.errors import ArgumentError, Quoted
from modescape.core.seeds import Stream, derived_seed, torch_generator
from modescape.core.trees import Tree, check_same_structure, is_finite
from modescape.weights.alignment.assignment import Gains, best
from modescape.weights.alignment.families import Family, Piece, families_of, pieces_of
from modescape.weights.symmetry import Permutation, Symmetry, composed, identity, permuted

SMALLEST_GAIN = 1e-6
"""Gains below this share of |first| |second| are rounding."""


def weight_matching(
    first: Mapping[str, Tensor], second: Mapping[str, Tensor], symmetry: Symmetry, *, starts: int = 3, seed: int
) -> Permutation:
    """Return the permutation of the second network's units that brings its weights closest to those of the first.

    It maximises <w_1, P(w_2)>, which is to minimise |w_1 - P(w_2)|, over all permutations P of a symmetry. Group by
    group, the best exchange of its units is found with all other groups held, until no group can gain; of several
    starts the best is taken. The sum never falls on the way.

    The first start goes from what is fixed (inputs and classes) inwards, and looks only at weights whose other units
    are placed already; so a network's own permuted copy is found. The others begin with the units where they are.

    Source: Ainsworth, Hayase, Srinivasa (2023), section 3.2 and algorithm 1, https://arxiv.org/abs/2209.04836.
    Differs from it in the first start, in units inside of units (those of attention heads), which are assigned for
    each pair of the outer ones, and in weights two of whose dimensions are of one group: an exchange is then sought
    with the other dimension held, and made only if the sum grows.

    Args:
        first: Weights of the network that stays, by name; tensors that do not hold floating-point numbers are left
            out. Pass the parameters alone: statistics of batch norm would count as weights.
        second: Those of the network whose units are exchanged.
        symmetry: Of the architecture.
        starts: How many starts, at least one.
        seed: Seed of the run; the order of the groups is drawn from it.

    Raises:
        ArgumentError: If the networks differ in names or shapes, hold NaN or an infinity, or there is no start.

    >>> network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    >>> from modescape.weights.symmetry import symmetry_of
    >>> symmetry, weights = symmetry_of(network, torch.ones(1, 2)), dict(network.named_parameters())
    >>> group, = symmetry.groups
    >>> copy = permuted(weights, symmetry, {group: torch.tensor([2, 0, 1])})
    >>> weight_matching(weights, copy, symmetry, seed=0)[group].tolist()
    [1, 2, 0]
    """
    check_at_least(starts, 1, "starts", "Pass 3")
    search = _Search(first, second, symmetry)
    found: list[tuple[float, Permutation]] = []
    for start in range(starts):
        generator = torch_generator(derived_seed(seed, Stream.ALIGNMENT, start))
        permutation = search.climbed(identity(symmetry) if start else search.inwards(), generator)
        found.append((search.product(permutation), permutation))
    return max(found, key=lambda pair: pair[0])[1]


def matched_by_weights(
    first: Mapping[str, Tensor],
    second: Mapping[str, Tensor],
    symmetry: Symmetry,
    permutation: Permutation,
    names: Collection[str],
) -> Permutation:
    """Return a permutation in which some groups are matched by weights, one after the other, and all others are held.

    Args:
        first: Weights of the network that stays.
        second: Those of the network whose units are exchanged.
        symmetry: Of the architecture.
        permutation: Of all groups.
        names: Groups that are matched, those without a parent.
    """
    search = _Search(first, second, symmetry)
    for family in search.families:
        if family.name in names:
            permutation = search.improved(permutation, family) or permutation
    return permutation


class _Search:
    """Two networks, and the search for the best exchange between them."""

    def __init__(self, first: Mapping[str, Tensor], second: Mapping[str, Tensor], symmetry: Symmetry) -> None:
        self._symmetry = symmetry
        self._first, self._second = _checked(first, second)
        self.families = families_of(symmetry)
        shapes = {name: tensor.shape for name, tensor in self._first.items()}
        self._pieces = pieces_of(symmetry, shapes, self.families)
        norms = [sum(float(tensor.double().square().sum()) for tensor in tree.values()) ** 0.5 for tree in self._trees]
        self._least = SMALLEST_GAIN * norms[0] * norms[1]

    @property
    def _trees(self) -> tuple[Tree, Tree]:
        """Both networks."""
        return self._first, self._second

    def product(self, permutation: Permutation, family: Family | None = None) -> float:
        """Return <w_1, P(w_2)>, over the tensors that hold a family, or over all."""
        names = list(self._first) if family is None else _tensors(self._pieces[family.name])
        moved = self._moved(permutation, names)
        return sum(float((self._first[name] * moved[name]).sum(dtype=torch.float64)) for name in names)

    def climbed(self, permutation: Permutation, generator: torch.Generator) -> Permutation:
        """Improve one family after the other, in a new random order each time, until none can be improved."""
        is_better = True
        while is_better:
            is_better = False
            for index in torch.randperm(len(self.families), generator=generator).tolist():
                found = self.improved(permutation, self.families[index])
                permutation, is_better = found or permutation, is_better or found is not None
        return permutation

    def improved(self, permutation: Permutation, family: Family) -> Permutation | None:
        """Return the permutation after the best exchange in a family; None where it gains nothing."""
        found = self._best(permutation, family, self._pieces[family.name])
        is_better = self.product(found, family) > self.product(permutation, family) + self._least
        return found if is_better else None

    def inwards(self) -> Permutation:
        """Place one family after the other, from what is fixed inwards, by the weights that lead to what is placed."""
        permutation, left = identity(self._symmetry), list(self.families)
        while left:
            missing = {family.name: {name for each in left if each != family for name in each.names} for family in left}
            family = max(left, key=lambda each: self._known_share(each, missing[each.name]))
            pieces = self._pieces[family.name]
            known = [piece for piece in pieces if _is_known(piece, missing[family.name])]
            permutation = self._best(permutation, family, known or pieces)
            left.remove(family)
        return permutation

    def _known_share(self, family: Family, missing: Collection[str]) -> float:
        """Return the share of the weights of a family, by the product of their norms, that lead to what is placed."""
        sizes = [(self._size(piece), _is_known(piece, missing)) for piece in self._pieces[family.name]]
        return sum(size for size, known in sizes if known) / (sum(size for size, _ in sizes) or 1.0)

    def _size(self, piece: Piece) -> float:
        """Return the product of the norms of a piece in both networks."""
        first, second = (float(tree[piece.tensor].reshape(-1)[piece.places].double().norm()) for tree in self._trees)
        return first * second

    def _best(self, permutation: Permutation, family: Family, pieces: Iterable[Piece]) -> Permutation:
        """Return the permutation with a family exchanged as is best for some pieces, all other groups being held."""
        pieces, gains = list(pieces), Gains.none(family, self._symmetry)
        moved = self._moved(permutation, _tensors(pieces))
        for piece in pieces:
            places = piece.places.flatten(end_dim=1)
            left, right = (tree[piece.tensor].reshape(-1)[places] for tree in (self._first, moved))
            gains.add(piece.group, left @ right.T)
        further = {**identity(self._symmetry), **best(gains, family)}
        return composed(self._symmetry, permutation, further)

    def _moved(self, permutation: Permutation, names: Iterable[str]) -> Tree:
        """Return some tensors of the second network after an exchange."""
        return permuted({name: self._second[name] for name in names}, self._symmetry, permutation)


def _tensors(pieces: Iterable[Piece]) -> list[str]:
    """Return the names of the tensors of pieces, each once."""
    return list(dict.fromkeys(piece.tensor for piece in pieces))


def _is_known(piece: Piece, missing: Collection[str]) -> bool:
    """Say whether a piece holds its family once, and beside it only what is placed."""
    return piece.is_alone and piece.others.isdisjoint(missing)


def _checked(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> tuple[Tree, Tree]:
    """Return the floating-point tensors of both networks, after checking that they are alike and finite."""
    trees = [
        {name: tensor.detach() for name, tensor in tree.items() if tensor.is_floating_point()}
        for tree in (first, second)
    ]
    check_same_structure(trees)
    for argument, tree in zip(("first", "second"), trees, strict=True):
        if not is_finite(tree):
            name = next(name for name, tensor in tree.items() if not tensor.isfinite().all())
            got = Quoted(f"NaN or an infinity in {name!r}")
            raise ArgumentError(argument, "be finite", got, "Leave out networks that diverged")
    return trees[0], trees[1]
