"""Weights loaded into copies of networks."""

import pytest
import torch
from torch import nn

from modescape.core.errors import ArgumentError
from modescape.landscapes.weights import load


def tree():
    return {"0.weight": torch.ones(2, 3), "0.bias": torch.zeros(2), "1.weight": torch.ones(2), "1.bias": torch.ones(2)}


def network():
    return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))


def test_parameters_are_needed_and_buffers_are_taken():
    net = network()
    load(net, {**tree(), "1.running_mean": torch.full((2,), 7.0)}, "start")
    assert net[0].weight.tolist() == [[1.0] * 3] * 2
    assert net[1].running_mean.tolist() == [7.0, 7.0]
    assert net[1].running_var.tolist() == [1.0, 1.0]
    assert net[0].weight.requires_grad


def test_refuses_weights_of_another_network():
    short = {name: tensor for name, tensor in tree().items() if name != "0.bias"}
    with pytest.raises(ArgumentError, match=r"`end` must have the names of the network's parameters; got no '0.bias'"):
        load(network(), short, "end")
    with pytest.raises(ArgumentError, match=r"`end` must have the names .*; got the unknown 'more'\. Pass weights"):
        load(network(), {**tree(), "more": torch.ones(1)}, "end")
    with pytest.raises(ArgumentError, match=r"`end` must have the shape \(2,\) for '0.bias'; got \(3,\)"):
        load(network(), {**tree(), "0.bias": torch.ones(3)}, "end")
