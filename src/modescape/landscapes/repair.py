"""REPAIR: statistics of the units of a network between two others, set to what lies between those of both."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from modescape.core.errors import ArgumentError
from modescape.core.trees import Tree, check_same_structure
from modescape.weights.symmetry import Producer, Symmetry

SMALLEST_DEVIATION = 1e-6
"""A standard deviation below this share of the mean is rounding: such a unit is not rescaled."""


def between(first: Mapping[str, Tensor], second: Mapping[str, Tensor], share: float) -> Tree:
    """Return (1 - share) w_1 + share w_2; tensors of whole numbers, such as counts, are those of the first.

    Args:
        first: Parameters and buffers of one network.
        second: Those of another, of the same architecture.
        share: Of the way, 0 to 1.

    Raises:
        ArgumentError: If names or shapes differ.

    >>> between({"w": torch.tensor([0.0])}, {"w": torch.tensor([4.0])}, 0.25)["w"].item()
    1.0
    """
    check_same_structure([first, second])
    # Written so that either end is exact.
    return {
        name: (1.0 - share) * tensor + share * second[name] if tensor.is_floating_point() else tensor
        for name, tensor in first.items()
    }


def repaired(
    symmetry: Symmetry,
    first: Mapping[str, Tensor],
    second: Mapping[str, Tensor],
    share: float,
    batches: Sequence[Any],
) -> Tree:
    """Return the weights between two networks, with the statistics of their units repaired, as `Repair.at` does.

    >>> from modescape.weights.symmetry import symmetry_of
    >>> network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    >>> inputs, weights = torch.randn(20, 2), dict(network.state_dict())
    >>> found = repaired(symmetry_of(network, inputs), weights, weights, 0.5, [inputs])
    >>> torch.allclose(found["0.weight"], weights["0.weight"], atol=1e-5)
    True
    """
    return Repair(symmetry, first, second, batches).at(share)


def scaled_only(symmetry: Symmetry) -> tuple[str, ...]:
    """Return the weights of layers whose means REPAIR can't set, for they have no bias: only their deviation is set."""
    return tuple(layer.weight for layer in _layers(symmetry) if layer.bias is None)


class Repair:
    """Networks between two others, whose units have the means and standard deviations that lie between those of both.

    For the output x of each linear layer and convolution that writes hidden units, unit by unit, with a the share,

        mean(x) = (1 - a) mean(x_1) + a mean(x_2),    sd(x) = (1 - a) sd(x_1) + a sd(x_2),

    by rescaling its weight and its bias. Averaged weights of two networks have units that vary less, the more so the
    deeper they are; this brings them back. Layer after layer is set in one pass, so that each sees inputs that are set.

    Source: Jordan, Sedghi, Saukh, Entezari, Neyshabur (2023), section 4, https://arxiv.org/abs/2211.08403.
    Differs from it in that no layer of batch norm is put in: what it would do is done in a pass through the graph.

    Layers directly behind which batch norm stands are left alone: renew its statistics, which does the same. So is a
    layer whose weight is used twice, and one without a bias gets the deviation alone (`scaled_only` names them).

    Args:
        symmetry: Of the architecture.
        first: Parameters and buffers of the network at share 0.
        second: Those at share 1, aligned with the first.
        batches: Of training inputs as the network sees them, read several times. On the way through a pass each batch
            has the statistics that lie between those of both networks on this batch; what is set at the end is those
            of all, exactly so with a single batch.

    Raises:
        ArgumentError: If there is no batch, or names or shapes differ.
    """

    def __init__(
        self,
        symmetry: Symmetry,
        first: Mapping[str, Tensor],
        second: Mapping[str, Tensor],
        batches: Sequence[Any],
    ) -> None:
        check_same_structure([first, second])
        if not len(batches):
            raise ArgumentError(
                "batches", "hold at least one batch", 0, "Pass training inputs as the network sees them"
            )
        self._symmetry, self._batches = symmetry, batches
        self._first, self._second = dict(first), dict(second)
        self._layers = {layer.node: layer for layer in _layers(symmetry)}
        self._ends = [self._statistics(tree) for tree in (self._first, self._second)]

    def at(self, share: float) -> Tree:
        """Return the weights at a share of the way from the first network to the second.

        Args:
            share: 0 to 1; at either end the network is that end.
        """
        tree = between(self._first, self._second, share)
        ends = {node: zip(self._ends[0][node], self._ends[1][node], strict=True) for node in self._layers}
        wanted = {node: [_Statistics.between(*both, share) for both in pairs] for node, pairs in ends.items()}
        before = self._statistics(tree, wanted)
        for node, layer in self._layers.items():
            first, second = (_Statistics.joined(end[node]) for end in self._ends)
            then = _Statistics.between(first, second, share)
            factor, shift = _Statistics.joined(before[node]).to_become(then, has_bias=layer.bias is not None)
            shape = [1] * tree[layer.weight].ndim
            shape[_unit_dim(layer)] = len(factor)
            tree[layer.weight] = (tree[layer.weight] * factor.reshape(shape)).to(tree[layer.weight])
            if layer.bias is not None:
                tree[layer.bias] = (tree[layer.bias] * factor + shift).to(tree[layer.bias])
        return tree

    def _statistics(
        self, tree: Tree, wanted: Mapping[str, Sequence["_Statistics"]] | None = None
    ) -> dict[str, list["_Statistics"]]:
        """Return the statistics of all layers in each batch, before they are set to others, if they are."""
        found: dict[str, list[_Statistics]] = {node: [] for node in self._layers}

        def look(node: str, output: Tensor) -> Tensor | None:
            layer = self._layers.get(node)
            if layer is None:
                return None
            here = _Statistics.of(output.movedim(layer.dim, -1).flatten(end_dim=-2))
            found[node].append(here)
            if wanted is None:
                return None
            then = wanted[node][len(found[node]) - 1]
            shape = [1] * output.ndim
            shape[layer.dim] = output.shape[layer.dim]
            changes = here.to_become(then, has_bias=layer.bias is not None)
            factor, shift = (change.to(output).reshape(shape) for change in changes)
            return output * factor + shift

        with torch.no_grad():
            for batch in self._batches:
                self._symmetry.graph.run(tree, batch, on_node=look)
        return found


@dataclass(frozen=True)
class _Statistics:
    """Means and standard deviations of the units of a layer."""

    count: int
    mean: Float[Tensor, "unit"]
    deviation: Float[Tensor, "unit"]

    @classmethod
    def of(cls, rows: Float[Tensor, "row unit"]) -> "_Statistics":
        """Return those of some rows."""
        mean = rows.mean(dim=0)
        variance = (rows - mean).square().mean(dim=0, dtype=torch.float64)
        return cls(len(rows), mean.double(), variance.sqrt())

    @classmethod
    def joined(cls, parts: Sequence["_Statistics"]) -> "_Statistics":
        """Return those of all rows of several parts together."""
        shares = torch.tensor([part.count for part in parts], dtype=torch.float64)
        shares = (shares / shares.sum()).to(parts[0].mean.device)[:, None]
        means = torch.stack([part.mean for part in parts])
        mean = (shares * means).sum(dim=0)
        squares = torch.stack([part.deviation for part in parts]).square() + (means - mean).square()
        return cls(sum(part.count for part in parts), mean, (shares * squares).sum(dim=0).sqrt())

    @classmethod
    def between(cls, first: "_Statistics", second: "_Statistics", share: float) -> "_Statistics":
        """Return those on the way from one to another."""
        mean = (1.0 - share) * first.mean + share * second.mean
        return cls(first.count, mean, (1.0 - share) * first.deviation + share * second.deviation)

    def to_become(self, wanted: "_Statistics", *, has_bias: bool) -> tuple[Tensor, Tensor]:
        """Return the factor and the shift that turn these statistics into others."""
        varies = self.deviation > SMALLEST_DEVIATION * self.mean.abs()
        factor = torch.where(varies, wanted.deviation / torch.where(varies, self.deviation, 1.0), 1.0)
        shift = wanted.mean - factor * self.mean if has_bias else torch.zeros_like(factor)
        return factor, shift


def _layers(symmetry: Symmetry) -> list[Producer]:
    """Return the layers that are set: those that write hidden units, without batch norm behind them, used once."""
    layers = symmetry.graph.producers
    hidden = {site.node for site in symmetry.graph.sites if site.places}
    times = Counter(layer.weight for layer in layers)
    return [each for each in layers if each.node in hidden and not each.normalised and times[each.weight] == 1]


def _unit_dim(layer: Producer) -> int:
    """Return the dimension of a layer's weight that holds its units."""
    return 1 if "transpose" in layer.node else 0
