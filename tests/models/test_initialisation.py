"""Xavier's uniform initialisation."""

import pytest
import torch
from scipy import stats
from torch import nn

from modescape.models import recipe
from modescape.models.initialisation import initialise_xavier


@pytest.mark.parametrize(
    ("layer", "fan_in", "fan_out"),
    [
        (nn.Linear(300, 200), 300, 200),
        (nn.Conv2d(30, 50, 3), 30 * 9, 50 * 9),
        (nn.Conv2d(40, 60, (5, 1), bias=False), 40 * 5, 60 * 5),
    ],
)
def test_weights_are_uniform_with_glorots_variance(layer, fan_in, fan_out):
    torch.manual_seed(3)
    initialise_xavier(nn.Sequential(layer))
    weights = layer.weight.detach().double().flatten()
    bound = (6 / (fan_in + fan_out)) ** 0.5
    assert weights.abs().max() <= bound
    assert weights.var().item() == pytest.approx(2 / (fan_in + fan_out), rel=0.03)
    assert stats.kstest(weights.numpy(), stats.uniform(-bound, 2 * bound).cdf).pvalue > 1e-3
    assert layer.bias is None or not layer.bias.any()


@pytest.mark.parametrize("name", ["mlp", "small-cnn", "medium-cnn", "resnet20"])
def test_every_built_in_network_is_initialised_so(name):
    network = recipe(name).build((1, 16, 16), 10, seed=5)
    for layer in network.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            area = layer.weight[0, 0].numel()
            bound = (6 / ((layer.weight.shape[0] + layer.weight.shape[1]) * area)) ** 0.5
            assert 0.9 * bound < layer.weight.abs().max() <= bound
            assert layer.bias is None or not layer.bias.any()
        if isinstance(layer, nn.BatchNorm2d):
            assert (layer.weight == 1).all()
            assert not layer.bias.any()
