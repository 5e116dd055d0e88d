"""Initialisation of the built-in networks."""

from torch import nn


def initialise_xavier(network: nn.Module) -> None:
    """Draw the weights of linear and convolution layers from Xavier's uniform distribution and zero their biases.

    Each weight is uniform in [-b, b] with b = sqrt(6 / (fan_in + fan_out)).
    Source: Glorot and Bengio (2010), equation 16, https://proceedings.mlr.press/v9/glorot10a.html

    >>> layer = nn.Linear(3, 3)
    >>> initialise_xavier(layer)
    >>> bool(layer.weight.abs().max() <= 1.0)
    True
    """
    for layer in network.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
