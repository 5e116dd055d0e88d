"""Networks whose members share their weight matrices and differ by factors of rank one."""

from collections.abc import Callable
from copy import deepcopy

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm  # pyright: ignore[reportPrivateUsage]

from modescape.core.errors import ModelError

Draw = Callable[[int, int], Tensor]
"""Draws the factors of (members, features) from the global generator."""

KEPT_WHOLE = (nn.MultiheadAttention, nn.TransformerEncoderLayer)
"""Parts that read the weights of their layers past the layers themselves."""


class RankOneLayer(nn.Module):
    """A linear or convolution layer with the weights W * (s r^T) and a bias b for each member: s (W (r x)) + b.

    Row i of the inputs belongs to member i modulo the number of members.

    Source: Wen, Tran, Ba (2020), equations 3 to 5, https://arxiv.org/abs/2002.06715

    Args:
        layer: Keeps the shared weights; its bias becomes that of each member.
        members: How many there are.
        draw: Draws r and s.
    """

    def __init__(self, layer: "nn.Linear | nn.modules.conv._ConvNd", members: int, draw: Draw) -> None:
        super().__init__()
        wide_in, wide_out = _widths(layer)
        bias = layer.bias
        layer.register_parameter("bias", None)
        self.layer = layer
        self.input_factors = nn.Parameter(draw(members, wide_in))
        self.output_factors = nn.Parameter(draw(members, wide_out))
        self.bias = None if bias is None else nn.Parameter(bias.detach().repeat(members, 1))

    def forward(self, inputs: Tensor) -> Tensor:
        """Run each row with the weights of its member."""
        outputs = self.layer(inputs * self._of_rows(self.input_factors, inputs))
        outputs = outputs * self._of_rows(self.output_factors, outputs)
        return outputs if self.bias is None else outputs + self._of_rows(self.bias, outputs)

    def _of_rows(self, values: Float[Tensor, "member feature"], rows: Tensor) -> Tensor:
        """Return the values of each row's member, in a shape that is multiplied with the rows."""
        count = rows.shape[0]  # a number of Python, which `len` makes of it, would fix it in exported programs
        if self.training:
            own = values.repeat(-(-count // len(values)), 1)[:count]
        else:
            # All members answer each example; without a remainder, programs can be exported for any number of them.
            own = values.expand(count // len(values), *values.shape).flatten(0, 1)
        between = [1] * (rows.ndim - 2)
        is_linear = isinstance(self.layer, nn.Linear)
        return own.view(count, *between, -1) if is_linear else own.view(count, -1, *between)

    def plain(self, member: int) -> nn.Module:
        """Return an ordinary layer that does what this one does for a member."""
        layer = deepcopy(self.layer)
        with torch.no_grad():
            # Kernels are (out, in / groups, ...): each group of outputs meets its own inputs.
            wide_out, per_group = layer.weight.shape[:2]
            num_groups = len(self.input_factors[member]) // per_group
            own = self.input_factors[member].view(num_groups, 1, per_group)
            inputs = own.expand(-1, wide_out // num_groups, -1).reshape(wide_out, per_group)
            factors = self.output_factors[member].unsqueeze(1) * inputs
            layer.weight = nn.Parameter(layer.weight * factors.view(*factors.shape, *[1] * (layer.weight.ndim - 2)))
        bias = None if self.bias is None else nn.Parameter(self.bias[member].detach().clone())
        layer.register_parameter("bias", bias)
        return layer


class MemberNorm(nn.Module):
    """Batch norm of each member by itself: row i of the inputs belongs to member i modulo the number of members."""

    def __init__(self, norm: nn.Module, members: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList([deepcopy(norm) for _ in range(members)])

    def forward(self, inputs: Tensor) -> Tensor:
        """Normalise the rows of each member."""
        members = len(self.norms)
        if not self.training:
            rows = inputs.unflatten(0, (-1, members)).unbind(1)
            return torch.stack([norm(own) for norm, own in zip(self.norms, rows, strict=True)], dim=1).flatten(0, 1)
        pieces = [norm(inputs[member::members]) for member, norm in enumerate(self.norms) if member < len(inputs)]
        longest = len(pieces[0])
        even = [piece if len(piece) == longest else torch.cat([piece, piece[:1]]) for piece in pieces]
        return torch.stack(even, dim=1).flatten(0, 1)[: len(inputs)]

    def plain(self, member: int) -> nn.Module:
        """Return the batch norm of a member."""
        return deepcopy(self.norms[member])


class RankOneEnsemble(nn.Module):
    """A network whose linear and convolution layers and batch norm are given to each of some members.

    In training, example i of a batch belongs to member i modulo their number: (example, class) logits. In evaluation
    mode each example passes through all members: (example, head, class).

    What has other weights is shared as it is: embeddings, attention, parametrised and frozen layers.

    Args:
        network: It is changed.
        members: How many there are.
        draw: Draws the factors of a layer.

    Raises:
        ModelError: If no layer of the network can be given factors.

    >>> network = RankOneEnsemble(nn.Linear(4, 3), 2, torch.ones)
    >>> network.train()(torch.zeros(5, 4)).shape, network.eval()(torch.zeros(5, 4)).shape
    (torch.Size([5, 3]), torch.Size([5, 2, 3]))
    """

    def __init__(self, network: nn.Module, members: int, draw: Draw) -> None:
        super().__init__()
        self.members = members
        self.network = _replaced(network, lambda part: _given_members(part, members, draw))
        if not any(isinstance(part, RankOneLayer) for part in self.network.modules()):
            raise ModelError(
                "`model` must have nn.Linear or convolution layers with weights of their own, which batchensemble can "
                f"give factors; got {type(network).__name__} without any. Leave batchensemble out."
            )

    def forward(self, inputs: Tensor) -> Tensor:
        """Answer with the member whose turn it is, or with all."""
        if self.training:
            return self.network(inputs)
        return self.network(inputs.repeat_interleave(self.members, dim=0)).unflatten(0, (-1, self.members))

    def member(self, index: int) -> nn.Module:
        """Return an ordinary network that answers as a member does.

        >>> RankOneEnsemble(nn.Sequential(nn.Linear(4, 3)), 2, torch.ones).member(1)
        Sequential(
          (0): Linear(in_features=4, out_features=3, bias=True)
        )
        """

        def plain(part: nn.Module) -> nn.Module | None:
            return part.plain(index) if isinstance(part, RankOneLayer | MemberNorm) else None

        return _replaced(deepcopy(self.network), plain)


def _given_members(part: nn.Module, members: int, draw: Draw) -> nn.Module | None:
    """Return what stands for a part of a network: itself where it stays whole, nothing where its parts are meant."""
    if isinstance(part, KEPT_WHOLE):
        return part
    if isinstance(part, _BatchNorm):
        return MemberNorm(part, members)
    if type(part) in {nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d}:
        weight = part._parameters.get("weight")
        # Weights that are no parameter are computed from others by a hook, such as those of weight norm.
        return part if weight is None or not weight.requires_grad else RankOneLayer(part, members, draw)  # pyright: ignore[reportArgumentType]
    return None


def _replaced(network: nn.Module, change: Callable[[nn.Module], nn.Module | None]) -> nn.Module:
    """Put others in place of the parts of a network; one that is used in several places stays one.

    Args:
        network: It is changed, and returned unless it is itself replaced.
        change: Returns what stands for a part, or nothing where its own parts are to be looked at.
    """
    known: dict[int, nn.Module] = {}

    def of(part: nn.Module) -> nn.Module:
        if id(part) not in known:
            found = change(part)
            known[id(part)] = part if found is None else found
            for name, child in [*part._modules.items()] if found is None else ():
                if child is not None:
                    part._modules[name] = of(child)
        return known[id(part)]

    return of(network)


def _widths(layer: "nn.Linear | nn.modules.conv._ConvNd") -> tuple[int, int]:
    """Return the features of a layer's inputs and outputs."""
    if isinstance(layer, nn.Linear):
        return layer.in_features, layer.out_features
    return layer.in_channels, layer.out_channels
