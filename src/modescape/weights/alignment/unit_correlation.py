"""How much units at the same places of two networks go along, layer by layer."""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from modescape.core.errors import ArgumentError
from modescape.weights.alignment.moments import JointMoments
from modescape.weights.symmetry import Symmetry


def unit_correlations(
    first: Mapping[str, Tensor], second: Mapping[str, Tensor], symmetry: Symmetry, batches: Iterable[Any]
) -> dict[str, Float[Tensor, "unit"]]:
    """Return the correlation of the outputs of each unit with those of the unit at its place in another network.

    Over examples and positions, before norm and activation function, for each layer that writes hidden units.

    Source: Li, Yosinski, Clune, Lipson, Hopcroft (2016), section 3, https://arxiv.org/abs/1511.07543

    Args:
        first: Parameters and buffers of one network.
        second: Those of the other.
        symmetry: Of the architecture.
        batches: Of inputs as the network sees them; read once.

    Returns:
        For each layer, by the name of its weight, one number a unit; 0 where a unit never changes. Of a layer that is
        used twice, the uses are averaged.

    Raises:
        ArgumentError: If there is no batch.

    >>> network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    >>> from modescape.weights.symmetry import symmetry_of
    >>> inputs, weights = torch.randn(20, 2), dict(network.named_parameters())
    >>> found = unit_correlations(weights, weights, symmetry_of(network, inputs), [inputs])
    >>> found["0.weight"].shape, round(found["0.weight"].mean().item(), 4)
    (torch.Size([3]), 1.0)
    """
    hidden = {site.node for site in symmetry.graph.sites if site.places}
    layers = {layer.node: layer for layer in symmetry.graph.producers if layer.node in hidden or layer.normalised}
    dims = {node: layer.dim for node, layer in layers.items()}
    moments: dict[str, JointMoments] | None = None
    for batch in batches:
        both = [_outputs(weights, symmetry, batch, dims) for weights in (first, second)]
        moments = {node: JointMoments() for node in layers} if moments is None else moments
        for node, one in moments.items():
            one.add(both[0][node], both[1][node])
    if moments is None:
        raise ArgumentError("batches", "hold at least one batch", 0, "Pass inputs as the network sees them")
    found: dict[str, list[Tensor]] = {}
    for node, layer in layers.items():
        found.setdefault(layer.weight, []).append(moments[node].correlation.diagonal())
    return {name: torch.stack(each).mean(dim=0) for name, each in found.items()}


def _outputs(
    weights: Mapping[str, Tensor], symmetry: Symmetry, batch: Any, dims: Mapping[str, int]
) -> dict[str, Float[Tensor, "row unit"]]:
    """Return the outputs of some layers."""
    found: dict[str, Tensor] = {}

    def look(node: str, output: Tensor) -> None:
        if node in dims:
            found[node] = output.movedim(dims[node], -1).flatten(end_dim=-2)

    symmetry.graph.run(weights, batch, on_node=look)
    return found
