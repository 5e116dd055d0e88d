"""Products with second derivatives by going backwards twice, for layers that can't be differentiated forwards.

PyTorch has no forward derivatives of the backward passes of group norm, SiLU and attention, among others. Going
backwards twice is slower, because it takes one vector after the other.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd import grad
from torch.nn.attention import SDPBackend, sdpa_kernel

from modescape.landscapes.risk import Batches, Risk


def hessian_times(
    network: nn.Module, risk: Risk, batches: Batches, columns: Float[Tensor, "param run"]
) -> Float[Tensor, "param run"]:
    """Apply the Hessian of the mean loss to some vectors: d(g' v) / dw, with g the gradient.

    Source: Pearlmutter (1994), https://doi.org/10.1162/neco.1994.6.1.147

    >>> network = nn.Linear(1, 1, bias=False).requires_grad_()
    >>> batches = [(torch.tensor([[1.0], [3.0]]), torch.zeros(2, 1))]
    >>> hessian_times(network, Risk(nn.MSELoss()), batches, torch.ones(1, 2)).tolist()
    [[10.0, 10.0]]
    """
    parameters, total = list(network.parameters()), torch.zeros_like(columns)
    num_examples = sum(len(inputs) for inputs, _ in batches)
    for inputs, targets in batches:
        with torch.enable_grad(), sdpa_kernel(SDPBackend.MATH):
            loss = risk(network(inputs), targets)
            gradients = grad(loss, parameters, create_graph=True, materialize_grads=True)
            _check(gradients)
            products = [_derived(gradients, parameters, _cut(column, parameters)) for column in columns.T]
        total += torch.stack(products, dim=1) * (len(inputs) / num_examples)
    return total


def ggn_times(
    network: nn.Module, risk: Risk, batches: Batches, columns: Float[Tensor, "param run"]
) -> Float[Tensor, "param run"]:
    """Apply the generalised Gauss-Newton matrix of the mean loss to some vectors: J' (H_f (J v)).

    J v is the derivative of J' u by u, which is linear in u, applied to v.

    Source: Schraudolph (2002), https://doi.org/10.1162/08997660260028683

    >>> network = nn.Linear(1, 1, bias=False).requires_grad_()
    >>> batches = [(torch.tensor([[1.0], [3.0]]), torch.zeros(2, 1))]
    >>> ggn_times(network, Risk(nn.MSELoss()), batches, torch.ones(1, 2)).tolist()
    [[10.0, 10.0]]
    """
    parameters, total = list(network.parameters()), torch.zeros_like(columns)
    num_examples = sum(len(inputs) for inputs, _ in batches)
    for inputs, targets in batches:
        with torch.enable_grad(), sdpa_kernel(SDPBackend.MATH):
            outputs = network(inputs)
            dual = torch.zeros_like(outputs, requires_grad=True)
            pulled = grad(outputs, parameters, dual, create_graph=True, materialize_grads=True)
            _check(pulled)
            free = outputs.detach().requires_grad_()
            (slope,) = grad(risk(free, targets), free, create_graph=True)
            if not slope.requires_grad:
                # The loss is linear in the outputs.
                continue
            _check([slope])
            products = []
            for column in columns.T:
                pushed = grad(pulled, dual, _cut(column, parameters), retain_graph=True, materialize_grads=True)
                bent = grad(slope, free, pushed, retain_graph=True, materialize_grads=True)
                products.append(_derived([outputs], parameters, bent))
        total += torch.stack(products, dim=1) * (len(inputs) / num_examples)
    return total


def _derived(
    outputs: Sequence[Tensor], parameters: Sequence[Tensor], factors: Sequence[Tensor]
) -> Float[Tensor, "param"]:
    """Return the derivative of a weighted sum of outputs by all parameters, in one vector."""
    # What does not depend on any parameter has no graph to go through.
    pairs = [(one, factor) for one, factor in zip(outputs, factors, strict=True) if one.requires_grad]
    found = grad(
        [one for one, _ in pairs],
        parameters,
        [factor for _, factor in pairs],
        retain_graph=True,
        materialize_grads=True,
    )
    return torch.cat([part.reshape(-1) for part in found]).detach()


def _cut(column: Float[Tensor, "param"], parameters: Sequence[Tensor]) -> list[Tensor]:
    """Cut a vector into pieces of the shapes of parameters."""
    pieces = column.split([parameter.numel() for parameter in parameters])
    return [piece.reshape(parameter.shape) for piece, parameter in zip(pieces, parameters, strict=True)]


def _check(tensors: Sequence[Tensor]) -> None:
    """Raise if what tensors were made by can't be differentiated: else autograd would take its derivative to be 0.

    Raises:
        RuntimeError: If it can't.
    """
    waiting = [tensor.grad_fn for tensor in tensors if tensor.grad_fn is not None]
    seen = set(waiting)
    while waiting:
        node = waiting.pop()
        if node.name().rsplit(":", 1)[-1] in {"Error", "NotImplemented"}:
            raise RuntimeError("no derivative of the backward pass of a layer")
        following = {after for after, _ in node.next_functions if after is not None} - seen
        seen |= following
        waiting += following
