"""Scale symmetry: units multiplied by positive numbers that all that reads them undoes, and the form without it."""

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import prod

import torch
from jaxtyping import Float
from torch import Tensor

from modescape.core.errors import ArgumentError, Quoted
from modescape.core.trees import Tree
from modescape.weights.symmetry.groups import Symmetry
from modescape.weights.symmetry.permutations import check_weights
from modescape.weights.symmetry.places import names_in, unit_places
from modescape.weights.symmetry.squares import Label, Squares, Sums

MAX_ROUNDS = 10_000
"""Rounds over all scalings after which balancing gives up; linear convergence needs tens to hundreds."""

TOLERANCE = 1e-9
"""Largest change of a scale in the last round, relative to it."""


def scaled(weights: Mapping[str, Tensor], symmetry: Symmetry, scales: Mapping[str, Tensor]) -> Tree:
    """Multiply units by positive numbers, and divide by them what reads the units: the function stays the same.

    A unit of ReLU layers has its incoming weights and its bias multiplied, and its outgoing weights divided. Where
    batch norm follows, its weight and bias are multiplied instead of those of the layer before: with the stored
    statistics of evaluation, only this is exact for any number, since epsilon does not scale.

    Source: Neyshabur, Salakhutdinov, Srebro (2015), section 2, https://arxiv.org/abs/1506.02617; Dinh et al. (2017),
    section 3, https://arxiv.org/abs/1703.04933

    Args:
        weights: Parameters, and buffers, which are passed through.
        symmetry: Of the network.
        scales: By name of `symmetry.scalings`, one positive number for each unit, of the shape of the group's
            permutation.

    Raises:
        ArgumentError: If weights do not fit, or scales have other names or shapes or are not positive.

    >>> from torch import nn
    >>> from modescape.weights.symmetry import symmetry_of
    >>> network = nn.Sequential(nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 1))
    >>> symmetry = symmetry_of(network, torch.ones(1, 1))
    >>> weights = {name: torch.ones_like(tensor) for name, tensor in network.named_parameters()}
    >>> scaled(weights, symmetry, {"0": torch.tensor([2.0, 4.0])})["2.weight"]
    tensor([[0.5000, 0.2500]])
    """
    check_weights(weights, symmetry)
    for name, scale in scales.items():
        _check(symmetry, name, scale)
    flat = {name: tensor.detach().clone().reshape(-1) for name, tensor in weights.items()}
    for name, scale in scales.items():
        for part in _parts(symmetry, name, weights):
            factors = (scale.reshape(*part.places.shape[:2], 1) ** part.power).to(flat[part.name])
            flat[part.name][part.places] *= factors
    return {name: tensor.reshape(weights[name].shape) for name, tensor in flat.items()}


def balancing(weights: Mapping[str, Tensor], symmetry: Symmetry) -> dict[str, Float[Tensor, "... unit"]]:
    """Return the scales that bring weights into the form of `balanced`, in double precision.

    Args:
        weights: Parameters, all of them, and buffers, which are not looked at.
        symmetry: Of the network.

    Raises:
        ArgumentError: If weights do not fit, or one that has a scale is missing or not finite.

    Warns:
        RuntimeWarning: If the smallest sum of squares is not found; the function stays the same then too.

    >>> from torch import nn
    >>> from modescape.weights.symmetry import symmetry_of
    >>> network = nn.Sequential(nn.Linear(1, 2, bias=False), nn.ReLU(), nn.Linear(2, 1, bias=False))
    >>> weights = {"0.weight": torch.tensor([[8.0], [1.0]]), "2.weight": torch.tensor([[2.0, 1.0]])}
    >>> balancing(weights, symmetry_of(network, torch.ones(1, 1)))
    {'0': tensor([0.5000, 1.0000], dtype=torch.float64)}
    """
    check_weights(weights, symmetry)
    shapes = {name: symmetry.shape(scaling.group) for name, scaling in symmetry.scalings.items()}
    squares = _squares(weights, symmetry)
    found = {name: torch.zeros(prod(shape), dtype=torch.float64) for name, shape in shapes.items()}
    largest = 0.0
    for _ in range(MAX_ROUNDS):
        largest = max((_improve(squares[name], found, name) for name in found), default=0.0)
        if largest < TOLERANCE:
            break
    else:
        warnings.warn(
            f"The smallest sum of squares of `weights` was not found in {MAX_ROUNDS} rounds (in the last one, a scale "
            f"changed by {largest:.1g} of itself): the function is kept, but rescaled copies may stay different.",
            RuntimeWarning,
            stacklevel=2,
        )
    return {name: logarithms.exp().reshape(shapes[name]) for name, logarithms in found.items()}


def balanced(weights: Mapping[str, Tensor], symmetry: Symmetry) -> Tree:
    """Return the weights of the same function, up to the scales of its units, whose sum of squares is smallest.

    In it the incoming weights of each unit (with its bias) have the same norm as its outgoing ones, so that two
    networks that differ by scales alone become equal. Found by coordinate descent: for each unit, with A the sum of
    squares of what is multiplied by s and B of what is divided by it, s = (B / A)^(1/4). In the logarithm of the
    scales the sum is convex, so that the end does not depend on the start. A unit whose incoming or outgoing weights
    are all zero has no smallest sum: the norm of the other side becomes one.

    Source: Stock et al. (2019), section 3, https://arxiv.org/abs/1902.10416 (algorithm 1, for p = 2). Differs from it
    in that all scalings of the network are found by `symmetry_of` (also those of norms, gates and attention), in that
    biases belong to the incoming weights, and in that batch norm keeps what comes before it: only its own weight and
    bias are scaled.

    Args:
        weights: Parameters, all of them, and buffers, which are passed through.
        symmetry: Of the network.

    Raises:
        ArgumentError: If weights do not fit, or one that has a scale is missing or not finite.

    Warns:
        RuntimeWarning: If the smallest sum of squares is not found; the function stays the same then too.

    >>> from torch import nn
    >>> from modescape.weights.symmetry import symmetry_of
    >>> network = nn.Sequential(nn.Linear(1, 2, bias=False), nn.ReLU(), nn.Linear(2, 1, bias=False))
    >>> weights = {"0.weight": torch.tensor([[8.0], [1.0]]), "2.weight": torch.tensor([[2.0, 1.0]])}
    >>> found = balanced(weights, symmetry_of(network, torch.ones(1, 1)))
    >>> [tensor.reshape(-1).tolist() for tensor in found.values()]
    [[4.0, 1.0], [4.0, 1.0]]
    """
    return scaled(weights, symmetry, balancing(weights, symmetry))


@dataclass(frozen=True)
class _Part:
    """Entries of one tensor that a scaling multiplies by a power of its scales."""

    name: str
    places: Tensor
    power: float


def _parts(symmetry: Symmetry, name: str, weights: Mapping[str, Tensor], *, once: bool = False) -> Iterator[_Part]:
    """Yield all entries that a scaling changes; those of a tensor with several names under each, or once.

    Raises:
        ArgumentError: If their tensor is missing.
    """
    scaling = symmetry.scalings[name]
    for tensor, powers in scaling.exponents.items():
        same = [other for other in symmetry.graph.aliases(tensor) if other in weights]
        if not same:
            raise ArgumentError("weights", f"hold {tensor!r}, which is scaled", list(weights), "Pass all parameters")
        if tensor not in (same[:1] if once else same):
            continue
        for places, power in zip(unit_places(symmetry, tensor, scaling.group), powers, strict=True):
            if power:
                yield _Part(tensor, places.to(weights[tensor].device), power)


def _squares(weights: Mapping[str, Tensor], symmetry: Symmetry) -> dict[str, list[Squares]]:
    """Return, for each scaling, the sums of squares of all tensors that it changes; a tensor is the same in all."""
    sums, reduced = _summed(weights, symmetry)
    labels: dict[str, list[Label]] = {}
    for name in symmetry.scalings:
        for part in _parts(reduced, name, sums, once=True):
            places = part.places.reshape(-1, part.places.shape[-1])
            units = torch.full((sums[part.name].numel(),), len(places), dtype=torch.long)
            units[places] = torch.arange(len(places)).unsqueeze(-1)
            labels.setdefault(part.name, []).append(Label(name, units, len(places), part.power))
    found: dict[str, list[Squares]] = {name: [] for name in symmetry.scalings}
    for tensor, here in labels.items():
        squares = Squares(sums[tensor], here)
        for name in {label.scaling: 0 for label in here}:
            found[name].append(squares)
    return found


def _summed(weights: Mapping[str, Tensor], symmetry: Symmetry) -> tuple[Tree, Symmetry]:
    """Return squares of weights, summed over dimensions without units such as those of a kernel, and what is left.

    Raises:
        ArgumentError: If a weight is not finite.
    """
    sums, axes = dict(weights), dict(symmetry.axes)
    for name in {tensor: 0 for scaling in symmetry.scalings.values() for tensor in scaling.exponents}:
        if name in weights:
            kept = [dim for dim, axis in enumerate(axes[name]) if names_in(axis)]
            over = [dim for dim in range(weights[name].ndim) if dim not in kept]
            squares = weights[name].detach().to("cpu", torch.float64).square()
            if not bool(squares.isfinite().all()):
                got = Quoted(f"NaN or an infinity in {name!r}")
                raise ArgumentError("weights", "be finite", got, "Leave out networks whose training has diverged")
            sums[name] = squares.sum(dim=over) if over else squares
            axes[name] = tuple(axes[name][dim] for dim in kept)
    return sums, replace(symmetry, axes=axes)


def _improve(squares: list[Squares], logarithms: dict[str, Tensor], name: str) -> float:
    """Bring the scales of one scaling to where the sum of squares is smallest, and return the largest change."""
    change = _best_change([sums for each in squares for sums in each.sums(name)], logarithms[name])
    logarithms[name] = logarithms[name] + change
    for each in squares:
        each.scale(logarithms, name)
    return float(change.abs().max())


def _best_change(found: list[Sums], like: Tensor) -> Float[Tensor, "unit"]:
    """Return by how much to change the logarithm of the scale of each unit.

    An entry that belongs to several units of a scaling is shared out among them: with n of them, the sum of squares is
    at most that in which each unit alone multiplies 1 / n of it by the n-th power of its scale, since the exponential
    is convex. To make this bound smaller makes the sum smaller, and needs no other unit. With one power that grows and
    one that shrinks the change is the best one; with more, it goes part of the way and never beyond.
    """
    slopes, totals = ({sign: torch.zeros_like(like) for sign in (-1, 1)} for _ in range(2))
    largest = {-1: 0.0, 1: 0.0}
    for sums in found:
        sign, power = (1 if sums.power > 0 else -1), abs(sums.power)
        slopes[sign] += power * sums.totals
        totals[sign] += sums.totals
        largest[sign] = max(largest[sign], power * sums.occurrences)
    alive = (totals[1] > 0) & (totals[-1] > 0)
    ratios = torch.where(alive, slopes[-1], 1.0) / torch.where(alive, slopes[1], 1.0)
    best = ratios.log() / (2 * (largest[1] + largest[-1]) or 1.0)
    dead = _to_norm_one(totals[1], totals[-1]) / (max(largest.values()) or 1.0)
    return torch.where(alive, best, dead)


def _to_norm_one(grows: Tensor, shrinks: Tensor) -> Tensor:
    """Return the logarithm that makes the one side that is not zero have norm one."""
    one = torch.ones_like(grows)
    return torch.where(
        grows > 0, -torch.where(grows > 0, grows, one).log() / 2, torch.where(shrinks > 0, shrinks, one).log() / 2
    )


def _check(symmetry: Symmetry, name: str, scale: Tensor) -> None:
    if name not in symmetry.scalings:
        raise ArgumentError(
            "scales", f"be among {', '.join(symmetry.scalings) or 'none'}", name, "See symmetry.scalings"
        )
    shape = symmetry.shape(symmetry.scalings[name].group)
    if tuple(scale.shape) != shape:
        got = Quoted(f"shape {tuple(scale.shape)}")
        raise ArgumentError("scales", f"have shape {shape} for {name!r}", got, "Pass one number for each unit")
    if not bool(((scale > 0) & scale.isfinite()).all()):
        got = float(scale.min())
        raise ArgumentError("scales", f"be positive for {name!r}", got, "Pass positive numbers, 1 for no change")
