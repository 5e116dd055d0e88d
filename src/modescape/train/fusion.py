"""Layers that are faster together: dropout and the max-pooling after it, in networks of ours and of users."""

from collections import Counter
from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import wrap_torch_function


@wrap_torch_function(lambda inputs, probability: (inputs,))  # noqa: ARG005
def dropout_max_pool(
    inputs: Float[Tensor, "example channel height width"], probability: float
) -> Float[Tensor, "example channel height_half width_half"]:
    """Return dropout in training, then 2x2 max-pooling: one call that an `Intercept` can run in one pass.

    >>> import torch
    >>> dropout_max_pool(torch.ones(1, 1, 2, 2), 0.0).item()
    1.0
    """
    return F.max_pool2d(F.dropout(inputs, probability), 2)


class DropoutMaxPool(nn.Module):
    """Does what a dropout layer and the max-pooling layer after it do.

    Args:
        dropout: Its probability and mode are read at every call.
        pool: Of 2x2 windows side by side.
    """

    def __init__(self, dropout: nn.Dropout, pool: nn.MaxPool2d) -> None:
        super().__init__()
        self.dropout = dropout
        self.pool = pool

    def forward(self, inputs: Float[Tensor, "example channel height width"]) -> Tensor:
        """Drop and pool at once in training; pool otherwise."""
        if not self.dropout.training or self.dropout.p == 0.0 or inputs.ndim != 4:
            return self.pool(self.dropout(inputs))
        return dropout_max_pool(inputs, self.dropout.p)


def fuse(network: nn.Module) -> nn.Module:
    """Put one layer in place of each dropout and max-pooling that follow each other in an `nn.Sequential`.

    Neither has parameters, so the names of the network's weights stay. Layers with hooks, or used in several places,
    are left alone. A network that uses parts of an `nn.Sequential` by themselves computes something else afterwards:
    compare the outputs of a pass.

    Args:
        network: It is changed, and returned.

    >>> fuse(nn.Sequential(nn.Dropout(0.1), nn.MaxPool2d(2), nn.ReLU()))[0].__class__.__name__
    'DropoutMaxPool'
    """
    uses = Counter(id(child) for part in network.modules() for child in part._modules.values())
    for part in network.modules():
        if type(part) is not nn.Sequential:
            continue
        for (name, first), (other, second) in pairwise(list(part._modules.items())):
            if uses[id(first)] > 1 or uses[id(second)] > 1:
                continue
            if isinstance(first, nn.Dropout) and isinstance(second, nn.MaxPool2d) and _drops(first) and _pools(second):
                setattr(part, name, DropoutMaxPool(first, second))
                setattr(part, other, nn.Identity())
    return network


def _drops(layer: nn.Dropout) -> bool:
    """Say whether a layer is plain dropout that no one watches."""
    return type(layer) is nn.Dropout and not layer.inplace and not _has_hooks(layer)


def _pools(layer: nn.MaxPool2d) -> bool:
    """Say whether a layer is max-pooling of 2x2 windows side by side that no one watches."""
    if type(layer) is not nn.MaxPool2d or layer.ceil_mode or layer.return_indices or _has_hooks(layer):
        return False
    sizes = [layer.kernel_size, layer.stride, layer.padding, layer.dilation]
    both = [tuple(size) if isinstance(size, tuple | list) else (size, size) for size in sizes]
    return both == [(2, 2), (2, 2), (0, 0), (1, 1)]


def _has_hooks(layer: nn.Module) -> bool:
    """Say whether anyone watches a layer."""
    return any(
        getattr(layer, name)
        for name in ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    )
