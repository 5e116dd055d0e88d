"""Activation matching: the permutation of one network whose units answer most like those of another."""

from collections.abc import Iterable, Mapping
from typing import Any

from torch import Tensor

from modescape.core.errors import ArgumentError, Quoted
from modescape.weights.alignment.assignment import Gains, best
from modescape.weights.alignment.families import families_of
from modescape.weights.alignment.moments import JointMoments
from modescape.weights.alignment.weight_matching import matched_by_weights
from modescape.weights.symmetry import Permutation, Symmetry, activations, identity

LEAST_ROWS = 2
"""Nothing is correlated in one."""


def activation_matching(
    first: Mapping[str, Tensor], second: Mapping[str, Tensor], symmetry: Symmetry, batches: Iterable[Any]
) -> Permutation:
    """Return the permutation of the second network's units whose activations go most along with those of the first.

    For each group it maximises sum_i corr(x_i, y_P(i)), with x and y the outputs of the layers that write the group,
    before the activation function, over examples and positions; where several layers write one group, as residual
    sums make them, their correlations are summed.

    Source: Li, Yosinski, Clune, Lipson, Hopcroft (2016), section 3, https://arxiv.org/abs/1511.07543, by one-to-one
    assignment; Ainsworth, Hayase, Srinivasa (2023), section 3.1, https://arxiv.org/abs/2209.04836. Differs from the
    latter in correlations instead of inner products, so that units of large scale do not decide.

    Args:
        first: Weights of the network that stays, by name, with the buffers of its evaluation mode.
        second: Those of the network whose units are exchanged.
        symmetry: Of the architecture.
        batches: Of inputs as the network sees them; read once. A group that no layer writes is matched by weights.

    Raises:
        ArgumentError: If there is no batch, less than two rows, or outputs are not finite.

    >>> import torch
    >>> network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    >>> from modescape.weights.symmetry import permuted, symmetry_of
    >>> inputs, weights = torch.randn(20, 2), dict(network.named_parameters())
    >>> symmetry = symmetry_of(network, inputs)
    >>> group, = symmetry.groups
    >>> copy = permuted(weights, symmetry, {group: torch.tensor([2, 0, 1])})
    >>> activation_matching(weights, copy, symmetry, [inputs])[group].tolist()
    [1, 2, 0]
    """
    sites = correlations(first, second, symmetry, batches)
    permutation, unseen = identity(symmetry), []
    for family in families_of(symmetry):
        # Units inside others tell these apart too; alone, rows of the outer units would mix inner ones.
        seen = [name for name in family.inner if sites.get(name)] or [family.name]
        gains = Gains.none(family, symmetry)
        for name in seen:
            for found in sites.get(name, ()):
                gains.add(name, found)
        if any(sites.get(name) for name in seen):
            permutation.update(best(gains, family))
        else:
            unseen.append(family.name)
    return matched_by_weights(first, second, symmetry, permutation, unseen) if unseen else permutation


def correlations(
    first: Mapping[str, Tensor], second: Mapping[str, Tensor], symmetry: Symmetry, batches: Iterable[Any]
) -> dict[str, list[Tensor]]:
    """Return for each group, one for each layer that writes it, how units of both networks are correlated.

    Args:
        first: Weights of one network.
        second: Those of the other.
        symmetry: Of the architecture.
        batches: Of inputs as the network sees them; read once.

    Returns:
        Matrices of shape (unit, unit of the other network); units inside others are numbered through all of these.

    Raises:
        ArgumentError: If there is no batch, less than two rows, or outputs are not finite.
    """
    found: dict[str, list[JointMoments]] | None = None
    for batch in batches:
        both = [activations(symmetry, dict(weights), batch) for weights in (first, second)]
        if found is None:
            found = {name: [JointMoments() for _ in rows] for name, rows in both[0].items()}
        for name, moments in found.items():
            for one, *rows in zip(moments, both[0][name], both[1][name], strict=True):
                one.add(*(each.flatten(start_dim=1) for each in rows))
    if found is None:
        raise ArgumentError("batches", "hold at least one batch", 0, "Pass inputs as the network sees them")
    for one in (one for moments in found.values() for one in moments):
        _check(one)
    return {name: [one.correlation for one in moments] for name, moments in found.items()}


def _check(moments: JointMoments) -> None:
    """Raise unless units can be told apart by what was gathered."""
    advice = "Pass inputs as the network sees them"
    if moments.count < LEAST_ROWS:
        got = Quoted(f"{moments.count} row{'s' * (moments.count != 1)}")
        raise ArgumentError("batches", f"hold at least {LEAST_ROWS} examples", got, advice)
    if not moments.is_finite:
        got = Quoted("NaN or an infinity")
        raise ArgumentError("batches", "give finite outputs in both networks", got, advice)
