import copy
import pickle

import pytest
import torch
from torch import nn
from torch.func import functional_call

from modescape.models import medium_cnn, resnet20, small_cnn
from modescape.weights.symmetry import UnsupportedGraphError, permuted, random_permutation, symmetry_of
from weights.symmetry.architectures import ARCHITECTURES, Recurrent, symmetry_named, tensors


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_unit_of_hidden_layers_is_in_the_expected_group(name):
    architecture, symmetry = ARCHITECTURES[name], symmetry_named(name)
    groups = {name: (group.size, group.parent, group.scalable) for name, group in symmetry.groups.items()}
    assert groups == dict(architecture.groups)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_permuted_network_computes_the_same_function(name):
    architecture, symmetry = ARCHITECTURES[name], symmetry_named(name)
    network = architecture.network()
    weights = tensors(network)
    moved = permuted(weights, symmetry, random_permutation(symmetry, generator=generator(3)))
    before, after = network(architecture.inputs), functional_call(network, moved, (architecture.inputs,))
    torch.testing.assert_close(after, before, rtol=1e-9, atol=1e-9)
    assert any(not torch.equal(moved[name], weights[name]) for name in weights)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_axes_have_the_sizes_of_the_tensors(name):
    architecture, symmetry = ARCHITECTURES[name], symmetry_named(name)
    weights = tensors(architecture.network())
    assert set(weights) <= set(symmetry.axes)
    for key, tensor in weights.items():
        assert [size(axis, symmetry.groups) for axis in symmetry.axes[key]] == list(tensor.shape)


def size(axis, groups):
    total = 0
    for segment in axis:
        product = 1
        for factor in segment:
            if isinstance(factor, tuple):
                product *= size(factor, groups)
            else:
                product *= factor if isinstance(factor, int) else groups[factor].size
        total += product
    return total


@pytest.mark.parametrize(
    ("network", "sizes"),
    [
        (lambda: small_cnn((3, 8, 8), 4), [16, 32, 32]),
        (lambda: medium_cnn((3, 16, 16), 4), [64, 128, 256, 256]),
        (lambda: resnet20((3, 8, 8), 4), [16] * 4 + [32] * 4 + [64] * 4),
    ],
)
def test_known_networks_keep_their_function_in_single_precision(network, sizes):
    torch.manual_seed(0)
    network = network().eval()
    images = torch.rand(2, 3, 16, 16) if sizes[0] == 64 else torch.rand(2, 3, 8, 8)
    symmetry = symmetry_of(network, images)
    assert [group.size for group in symmetry.groups.values()] == sizes
    moved = permuted(tensors(network), symmetry, random_permutation(symmetry, generator=generator()))
    torch.testing.assert_close(functional_call(network, moved, (images,)), network(images), rtol=1e-5, atol=1e-5)


def test_bert_of_the_transformers_library_keeps_its_function():
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=20, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=6
    )
    network = transformers.BertForSequenceClassification(config).eval()
    inputs = {"input_ids": torch.tensor([[3, 4, 5], [6, 7, 0]]), "attention_mask": torch.tensor([[1, 1, 1], [1, 1, 0]])}
    symmetry = symmetry_of(network, inputs)
    assert sorted(group.size for group in symmetry.groups.values()) == [2, 4, 4, 6, 8, 8]
    moved = permuted(tensors(network), symmetry, random_permutation(symmetry, generator=generator(1)))
    after = functional_call(network, moved, (), inputs).logits
    torch.testing.assert_close(after, network(**inputs).logits, rtol=1e-5, atol=1e-5)


def test_network_and_mode_and_attention_setting_are_left_alone():
    network = ARCHITECTURES["vgg"].build().double()
    before = copy.deepcopy(network.state_dict())
    fast = torch.backends.mha.get_fastpath_enabled()
    symmetry_of(network, ARCHITECTURES["vgg"].inputs)
    assert all(part.training for part in network.modules())
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert all(parameter.requires_grad for parameter in network.parameters())
    assert torch.backends.mha.get_fastpath_enabled() == fast


def test_axis_of_attention_names_heads_and_what_is_inside():
    symmetry = symmetry_named("vision transformer")
    keys, values = ("qkv", "qkv:2"), ("qkv", "qkv:3")
    assert symmetry.axes["qkv.weight"] == ((keys, keys, values), (("patches",),))
    assert symmetry.axes["out.weight"] == ((("patches",),), (values,))
    assert symmetry.axes["head.weight"] == (((3,),), (("patches",),))


def test_axis_of_thirds_of_heads_has_an_axis_inside():
    symmetry = symmetry_named("attention in thirds of heads")
    assert symmetry.axes["qkv.weight"][0] == ((("qkv"), (("qkv:2",), ("qkv:2",), ("qkv:3",))),)


def test_residual_sum_shares_one_group_with_the_shortcut():
    symmetry = symmetry_named("resnet8")
    for name in ("4.conv2.weight", "4.shortcut.0.weight", "4.norm2.running_mean", "4.shortcut.1.running_var"):
        assert symmetry.axes[name][0] == (("4.conv2",),)
    assert symmetry.axes["4.norm2.num_batches_tracked"] == ()


def test_unknown_operation_on_units_is_refused_by_name():
    with pytest.raises(
        UnsupportedGraphError,
        match=r"node 'gru' \(aten\.gru\) in module 'cell' \(.*architectures\.py, line \d+\) can't be read: modescape "
        r"does not know this operation, and the units of 'first' go into it\. Write it with operations such as linear",
    ) as caught:
        symmetry_of(Recurrent(), torch.rand(2, 4, 3))
    error = caught.value
    assert (error.node, error.operation, error.module) == ("gru", "aten.gru", "cell")
    assert isinstance(error, ValueError)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (str(again), again.node, again.module) == (str(error), "gru", "cell")


class Sorted(nn.Module):
    """An unknown operation on what has no units: inputs before, logits after."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 3))

    def forward(self, inputs):
        logits = self.layers(inputs.sort(dim=-1).values)
        return logits, logits.sort(dim=-1).values


def test_unknown_operation_without_units_passes():
    network = Sorted()
    symmetry = symmetry_of(network, torch.rand(2, 3))
    assert {name: group.size for name, group in symmetry.groups.items()} == {"layers.0": 4}


class Branching(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 2)

    def forward(self, inputs):
        return self.layer(inputs) if inputs.sum() > 0 else inputs


def test_network_that_cant_be_traced_is_refused():
    with pytest.raises(
        UnsupportedGraphError, match=r"the network can't be traced by torch\.export: .*Remove what depends on values"
    ):
        symmetry_of(Branching(), torch.rand(2, 2))


class Unused(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
        self.unused = nn.Linear(4, 5)

    def forward(self, inputs):
        return self.layers(inputs)


def test_unused_layer_has_no_units():
    symmetry = symmetry_of(Unused(), torch.rand(2, 2))
    assert list(symmetry.groups) == ["layers.0"]
    assert symmetry.axes["unused.weight"] == (((5,),), ((4,),))


def test_several_inputs_are_taken_in_order():
    symmetry = symmetry_of(nn.Bilinear(2, 3, 4), (torch.rand(5, 2), torch.rand(5, 3)))
    assert dict(symmetry.groups) == {}
