"""The multilayer perceptron."""

import pytest
import torch
from torch import nn

from modescape.core.errors import ModelError
from modescape.models import mlp


@pytest.mark.parametrize("shape", [(5,), (1, 8, 8), (3, 4, 2, 2)])
@pytest.mark.parametrize("hidden", [[], [7], (9, 4, 6)])
def test_every_shape_passes(shape, hidden):
    assert mlp(shape, 3, hidden=hidden)(torch.rand(4, *shape)).shape == (4, 3)


def test_the_function_is_that_of_its_layers():
    network = mlp((2, 3), 4, hidden=[5, 8], dropout=0.2).eval().double()
    weights = list(network.parameters())
    hidden = torch.rand(7, 2, 3, dtype=torch.float64)
    inputs = hidden
    hidden = hidden.flatten(1)
    for weight, bias in zip(weights[0:4:2], weights[1:4:2], strict=True):
        hidden = (hidden @ weight.T + bias).clamp(min=0)
    torch.testing.assert_close(network(inputs), hidden @ weights[4].T + weights[5])


def test_parameters_and_dropout():
    network = mlp((1, 8, 8), 10, dropout=0.25)
    assert sum(parameter.numel() for parameter in network.parameters()) == 65 * 128 + 129 * 128 + 129 * 10
    assert [layer.p for layer in network if isinstance(layer, nn.Dropout)] == [0.25, 0.25]


def test_a_layer_without_units_is_refused():
    with pytest.raises(
        ModelError, match=r"`hidden` must leave at least one unit in each layer; got \[4, 0\]\. Raise it"
    ):
        mlp((3,), 2, hidden=[4, 0])
