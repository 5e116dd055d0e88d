"""A multilayer perceptron for inputs of any shape."""

from collections.abc import Sequence
from itertools import pairwise
from math import prod

from torch import nn

from modescape.core.errors import ModelError
from modescape.models.initialisation import initialise_xavier


def mlp(
    input_shape: tuple[int, ...], num_classes: int, *, hidden: Sequence[int] = (128, 128), dropout: float = 0.1
) -> nn.Module:
    """Return a multilayer perceptron: flatten, then linear, dropout and ReLU for each hidden layer, then linear.

    Args:
        input_shape: Shape of one input; it is flattened.
        num_classes: Number of outputs (logits).
        hidden: Units of each hidden layer.
        dropout: Probability that a hidden unit is dropped in training.

    Raises:
        ModelError: If a hidden layer has no units.

    >>> sum(p.numel() for p in mlp((1, 8, 8), 10, hidden=[32]).parameters())
    2410
    """
    if min(hidden, default=1) < 1:
        raise ModelError(f"`hidden` must leave at least one unit in each layer; got {list(hidden)}. Raise it.")
    layers: list[nn.Module] = [nn.Flatten()]
    for wide_in, wide_out in pairwise([prod(input_shape), *hidden]):
        layers += [nn.Linear(wide_in, wide_out), nn.Dropout(dropout), nn.ReLU()]
    network = nn.Sequential(*layers, nn.Linear([prod(input_shape), *hidden][-1], num_classes))
    initialise_xavier(network)
    return network
