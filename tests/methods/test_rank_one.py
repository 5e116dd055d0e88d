"""Members that share weights, against ordinary networks with the weights W * (s r^T) written out."""

import pytest
import torch
from torch import nn

from modescape.core.errors import ModelError
from modescape.methods.rank_one import MemberNorm, RankOneEnsemble, RankOneLayer

MEMBERS = 3


@pytest.fixture(autouse=True)
def seeded():
    """Draw the same weights in each test."""
    with torch.random.fork_rng():
        torch.manual_seed(4)
        yield


def normal(members, features):
    """Draw factors in which all rows and columns differ."""
    return 1.0 + 0.5 * torch.randn(members, features)


def as_ensemble(network, draw=normal):
    """Return an ensemble whose biases differ too."""
    ensemble = RankOneEnsemble(network, MEMBERS, draw)
    with torch.no_grad():
        for part in ensemble.modules():
            if isinstance(part, RankOneLayer) and part.bias is not None:
                part.bias.add_(torch.randn_like(part.bias))
    return ensemble


LAYERS = {
    "linear": (lambda: nn.Linear(4, 5), (4,)),
    "linear over tokens": (lambda: nn.Linear(4, 5, bias=False), (7, 4)),
    "conv1d": (lambda: nn.Conv1d(4, 6, 3, padding=1, groups=2), (4, 9)),
    "conv2d": (lambda: nn.Conv2d(4, 6, 3, stride=2, padding=1, padding_mode="circular"), (4, 8, 8)),
    "conv2d, depthwise": (lambda: nn.Conv2d(4, 8, 3, groups=4, bias=False), (4, 8, 8)),
    "conv3d": (lambda: nn.Conv3d(2, 3, 2, dilation=2), (2, 5, 5, 5)),
}


@pytest.mark.parametrize("case", LAYERS)
def test_a_row_has_the_weights_of_its_member(case):
    build, shape = LAYERS[case]
    layer = as_ensemble(build()).train()
    inputs = torch.randn(8, *shape)
    outputs = layer(inputs)
    for row in range(8):
        torch.testing.assert_close(layer.member(row % MEMBERS)(inputs[row : row + 1])[0], outputs[row])


def test_the_weights_of_a_member_are_the_shared_ones_times_the_outer_product():
    ensemble = as_ensemble(nn.Linear(4, 5))
    layer = ensemble.network
    for member in range(MEMBERS):
        expected = torch.empty(5, 4)
        for out in range(5):
            for into in range(4):
                factor = layer.output_factors[member, out] * layer.input_factors[member, into]
                expected[out, into] = layer.layer.weight[out, into] * factor
        torch.testing.assert_close(ensemble.member(member).weight, expected)
        torch.testing.assert_close(ensemble.member(member).bias, layer.bias[member])


def test_grouped_kernels_meet_the_factors_of_their_own_inputs():
    ensemble = as_ensemble(nn.Conv2d(4, 6, 1, groups=2, bias=False))
    layer, plain = ensemble.network, ensemble.member(1)
    for out in range(6):
        for into in range(2):
            factor = layer.output_factors[1, out] * layer.input_factors[1, 2 * (out // 3) + into]
            torch.testing.assert_close(plain.weight[out, into], layer.layer.weight[out, into] * factor)


def convolutional():
    """Return a network with batch norm, a grouped convolution and a shared layer."""
    shared = nn.Linear(6, 6)
    return nn.Sequential(
        nn.Conv2d(2, 6, 3, bias=False),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.Conv2d(6, 6, 3, groups=3),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        shared,
        nn.Tanh(),
        shared,
        nn.Linear(6, 3),
    )


def test_with_factors_of_one_all_members_are_the_base_network():
    network = convolutional().eval()
    inputs = torch.randn(5, 2, 8, 8)
    expected = network(inputs)
    found = RankOneEnsemble(network, MEMBERS, torch.ones).eval()(inputs)
    for member in range(MEMBERS):
        torch.testing.assert_close(found[:, member], expected)


@pytest.mark.parametrize("num_examples", [7, 9, 2])
def test_all_members_answer_in_evaluation_and_one_in_training(num_examples):
    ensemble = as_ensemble(convolutional().requires_grad_())
    inputs = torch.randn(num_examples, 2, 8, 8)
    ensemble.train()(torch.randn(12, 2, 8, 8))
    ensemble.eval()
    found = ensemble(inputs)
    assert found.shape == (num_examples, MEMBERS, 3)
    expected = torch.stack([ensemble.member(m).eval()(inputs) for m in range(MEMBERS)], dim=1)
    torch.testing.assert_close(found, expected)
    assert (found[:, 0] - found[:, 1]).abs().max() > 0.01
    assert ensemble.train()(inputs).shape == (num_examples, 3)


@pytest.mark.parametrize("num_examples", [6, 8, 10])
def test_batch_norm_knows_the_rows_of_its_member_only(num_examples):
    norm = MemberNorm(nn.BatchNorm1d(2, momentum=1.0), MEMBERS).train()
    inputs = torch.randn(num_examples, 2) * 3
    outputs = norm(inputs)
    for member in range(MEMBERS):
        own = inputs[member::MEMBERS]
        expected = (own - own.mean(dim=0)) / (own.var(dim=0, unbiased=False) + 1e-5).sqrt()
        torch.testing.assert_close(outputs[member::MEMBERS], expected)
        torch.testing.assert_close(norm.norms[member].running_mean, own.mean(dim=0))


def test_a_layer_in_several_places_stays_one():
    ensemble = as_ensemble(convolutional())
    assert ensemble.network[6] is ensemble.network[8]
    plain = ensemble.member(1)
    assert plain[6] is plain[8]


def test_gradients_of_factors_are_those_of_the_weights_of_the_member():
    ensemble = as_ensemble(nn.Linear(4, 5)).train()
    inputs = torch.randn(7, 4)
    ensemble(inputs).square().sum().backward()
    layer = ensemble.network
    plain = ensemble.member(2)
    plain(inputs[2::MEMBERS]).square().sum().backward()
    expected = (plain.weight.grad * layer.layer.weight * layer.output_factors[2].unsqueeze(1)).sum(dim=0)
    torch.testing.assert_close(layer.input_factors.grad[2], expected)


def test_what_has_other_weights_is_shared():
    class Attentive(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = nn.MultiheadAttention(4, 2, batch_first=True)
            self.encoder = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)
            self.normed = nn.utils.parametrizations.weight_norm(nn.Linear(4, 4))
            self.frozen = nn.Linear(4, 4).requires_grad_(requires_grad=False)
            self.head = nn.Linear(4, 3)

        def forward(self, inputs):
            hidden = self.attention(inputs, inputs, inputs)[0]
            return self.head(self.frozen(self.normed(self.encoder(hidden))).mean(dim=1))

    ensemble = as_ensemble(Attentive()).eval()
    assert [name for name, part in ensemble.named_modules() if isinstance(part, RankOneLayer)] == ["network.head"]
    inputs = torch.randn(4, 5, 4)
    with torch.no_grad():
        expected = torch.stack([ensemble.member(m)(inputs) for m in range(MEMBERS)], dim=1)
        torch.testing.assert_close(ensemble(inputs), expected)


def test_a_network_without_such_layers_is_refused():
    with pytest.raises(ModelError, match=r"must have nn\.Linear or convolution layers .* got Embedding without any"):
        RankOneEnsemble(nn.Embedding(3, 2), MEMBERS, torch.ones)
