import torch
from torch import nn

from modescape.weights.symmetry import activations, permuted, random_permutation, symmetry_of
from weights.symmetry.architectures import ARCHITECTURES, symmetry_and_weights


def hooked(network, name, inputs):
    """Return the output of a module."""
    seen = []
    handle = network.get_submodule(name).register_forward_hook(lambda *args: seen.append(args[2].detach().clone()))
    network(inputs)
    handle.remove()
    return seen[0]


def test_convolutions_are_seen_behind_their_norm():
    architecture = ARCHITECTURES["resnet8"]
    network = architecture.network()
    found = activations(*symmetry_and_weights("resnet8"), architecture.inputs)
    for group, names in {"3.conv1": ["3.norm1"], "4.conv2": ["4.norm2", "4.shortcut.1"], "0": ["1", "3.norm2"]}.items():
        expected = [hooked(network, name, architecture.inputs).permute(0, 2, 3, 1).flatten(0, 2) for name in names]
        assert len(found[group]) == len(expected)
        for mine, theirs in zip(found[group], expected, strict=True):
            torch.testing.assert_close(mine, theirs)


def test_units_of_heads_have_a_dimension_for_the_head():
    architecture = ARCHITECTURES["vision transformer"]
    network = architecture.network()
    found = activations(*symmetry_and_weights("vision transformer"), architecture.inputs)
    keys_and_values = hooked(network, "qkv", architecture.inputs).reshape(-1, 3, 3, 4)
    torch.testing.assert_close(found["qkv:2"][0], keys_and_values[:, 0])
    torch.testing.assert_close(found["qkv:3"][0], keys_and_values[:, 2])
    assert len(found["patches"]) == 5


def test_activations_are_permuted_with_the_weights():
    architecture = ARCHITECTURES["transformer, norm first"]
    symmetry, weights = symmetry_and_weights("transformer, norm first")
    permutation = random_permutation(symmetry, generator=torch.Generator().manual_seed(2))
    before = activations(symmetry, weights, architecture.inputs)
    after = activations(symmetry, permuted(weights, symmetry, permutation), architecture.inputs)
    for group in ("table", "layers.layers.0.linear1"):
        for one, other in zip(before[group], after[group], strict=True):
            torch.testing.assert_close(other, one[:, permutation[group]], rtol=1e-9, atol=1e-9)
    heads, inside = (permutation[f"layers.layers.1.self_attn{end}"] for end in ("", ":3"))
    one, other = before["layers.layers.1.self_attn:3"][0], after["layers.layers.1.self_attn:3"][0]
    for head in range(2):
        torch.testing.assert_close(other[:, head], one[:, heads[head]][:, inside[head]], rtol=1e-9, atol=1e-9)


def test_another_batch_size_is_understood():
    network = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    symmetry = symmetry_of(network, torch.rand(2, 2))
    inputs = torch.rand(7, 2)
    found = activations(symmetry, dict(network.named_parameters()), inputs)["0"][0]
    torch.testing.assert_close(found, network[0](inputs).detach())
