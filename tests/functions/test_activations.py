import pytest
import torch
from torch import nn

from modescape.core.errors import ArgumentError
from modescape.functions.activations import layer_outputs


class Twice(nn.Module):
    """Calls one layer twice, and holds a scale of its own, an unused layer and one that gives a pair."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.layer, self.unused = nn.Linear(3, 3), nn.Linear(3, 3)
        self.memory = nn.GRU(3, 2, batch_first=True)
        self.total = Total()

    def forward(self, inputs):
        found, _ = self.memory(self.layer(self.layer(inputs))[:, None])
        return found[:, 0] * self.scale + self.total(inputs)


class Total(nn.Module):
    """Its output is one row for all examples."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, inputs):
        return inputs.sum() * self.weight.reshape(1, 1)


def test_outputs_are_those_before_what_follows_writes_into_them():
    network = nn.Sequential(nn.Linear(2, 3), nn.ReLU(inplace=True), nn.Linear(3, 1))
    inputs = torch.randn(5, 2, generator=torch.Generator().manual_seed(0))
    found = layer_outputs(network, None, inputs, ["2", "0"])
    torch.testing.assert_close(found["0"], network[0](inputs))
    torch.testing.assert_close(found["2"], network(inputs))
    assert list(found) == ["2", "0"]
    assert float(found["0"].min()) < 0


def test_other_weights_and_what_is_kept():
    network = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    weights = {name: torch.full_like(tensor, 2.0) for name, tensor in network.state_dict().items()}
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    found = layer_outputs(network, weights, torch.ones(4, 2), ["0", "1"], keep=lambda rows: rows.sum(dim=1))
    assert found["0"].tolist() == [18.0] * 4
    assert found["1"].tolist() == pytest.approx([3 * ((6 - 2) / (2 + 1e-5) ** 0.5 * 2 + 2)] * 4)
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, before[name])
    assert network.training
    assert not any(module._forward_hooks for module in network.modules())


def test_the_last_call_counts_and_what_gives_no_rows_is_left_out():
    network = Twice()
    inputs = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    found = layer_outputs(network, None, inputs, ["scale", "layer", "unused", "memory", "total"])
    assert list(found) == ["layer", "memory"]
    torch.testing.assert_close(found["layer"], network.layer(network.layer(inputs)))
    assert found["memory"].shape == (4, 1, 2)


def test_hooks_are_taken_away_when_the_network_fails():
    network = nn.Sequential(nn.Linear(2, 3))
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        layer_outputs(network, None, torch.ones(4, 5), ["0"])
    assert not network[0]._forward_hooks


def test_a_transformer_is_looked_into():
    layer = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)
    network = nn.Sequential(nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), nn.Flatten(), nn.Linear(12, 2))
    names = ["0.layers.0.self_attn", "0.layers.0.linear1", "0.layers.1.norm2", "2"]
    found = layer_outputs(network, None, torch.randn(5, 3, 4), names)
    assert list(found) == names
    assert found["0.layers.0.linear1"].shape == (5, 3, 8)


def test_unknown_layers_are_refused():
    with pytest.raises(ArgumentError, match=r"`layers` must be names of modules of the network; got '7'"):
        layer_outputs(nn.Sequential(nn.Linear(2, 3)), None, torch.ones(4, 2), ["0", "7"])
