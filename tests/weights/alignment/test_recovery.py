"""A network aligned to its own permuted copy is recovered exactly."""

import pytest
import torch

from modescape.core.errors import ArgumentError
from modescape.weights.alignment import aligned, balance
from modescape.weights.symmetry import scaled
from weights.alignment.networks import NAMES, network, other, outputs, parameters, permuted_copy, symmetry, weights


def align(name, copy, *, first=None, **options):
    options = {"seed": 0, "batches": network(name)[1].split(10), **options}
    return aligned(first or weights(name), copy, symmetry(name), parameters=parameters(name), **options)


def rescaled(name, tree, seed=2):
    generator = torch.Generator().manual_seed(seed)
    scales = {
        key: 0.3 + 2.0 * torch.rand(symmetry(name).shape(scaling.group), generator=generator)
        for key, scaling in symmetry(name).scalings.items()
    }
    return scaled(tree, symmetry(name), scales)


@pytest.mark.parametrize("method", ["weights", "activations"])
@pytest.mark.parametrize("name", NAMES)
def test_a_permuted_copy_is_recovered_exactly(name, method):
    copy = permuted_copy(name)
    found = align(name, copy, method=method, scale=False, starts=1)
    assert found.cosine_before < 0.9
    assert found.cosine_after == pytest.approx(1.0, abs=1e-12)
    for key, tensor in weights(name).items():
        assert torch.equal(found.weights[key], tensor), key


@pytest.mark.parametrize("method", ["weights", "activations"])
@pytest.mark.parametrize("name", ["mlp", "resnet", "vgg", "transformer"])
def test_a_permuted_and_rescaled_copy_is_recovered_up_to_rounding(name, method):
    copy = rescaled(name, permuted_copy(name))
    found = align(name, copy, method=method, starts=1)
    assert found.cosine_after == pytest.approx(1.0, abs=1e-10)
    for key, tensor in weights(name).items():
        torch.testing.assert_close(found.weights[key], tensor, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("method", ["none", "weights", "activations"])
@pytest.mark.parametrize("name", ["mlp", "resnet", "transformer-norm-first"])
def test_the_function_of_the_second_network_stays(name, method):
    second = other(name)
    found = align(name, second, method=method, starts=1)
    torch.testing.assert_close(outputs(name, found.weights), outputs(name, second), rtol=1e-3, atol=1e-4)


def test_without_exchanges_a_rescaled_copy_is_recovered_and_a_permuted_one_is_not():
    assert align("mlp", rescaled("mlp", weights("mlp")), method="none").cosine_after == pytest.approx(1.0, abs=1e-10)
    assert align("mlp", permuted_copy("mlp"), method="none").cosine_after < 0.5


def test_scales_of_a_network_with_zero_weights_are_found_too():
    tree = weights("mlp")
    for key in tree:
        if key.endswith("bias"):
            tree[key] = torch.zeros_like(tree[key])
    copy = rescaled("mlp", tree)
    found = aligned(tree, copy, symmetry("mlp"), parameters=parameters("mlp"), seed=0)
    assert found.cosine_after == pytest.approx(1.0, abs=1e-10)


def test_scales_of_dead_units_are_found_too():
    tree = weights("mlp")
    tree["4.weight"][:, 3] = 0.0
    tree["1.weight"][5], tree["1.bias"][5] = 0.0, 0.0
    found = align("mlp", rescaled("mlp", tree), first=tree, method="none")
    for key, tensor in tree.items():
        torch.testing.assert_close(found.weights[key], tensor, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("method", ["none", "weights"])
def test_what_balance_has_found_before_gives_the_same(method):
    second = other("mlp")
    before = balance(weights("mlp"), second, symmetry("mlp"))
    found, again = (align("mlp", second, method=method, scale=scale) for scale in (True, before))
    assert all(torch.equal(found.weights[key], again.weights[key]) for key in second)
    assert before.scales.keys() == symmetry("mlp").scalings.keys()


def test_the_networks_are_not_changed():
    first, second = weights("mlp"), rescaled("mlp", permuted_copy("mlp"))
    before = [{key: tensor.clone() for key, tensor in tree.items()} for tree in (first, second)]
    aligned(first, second, symmetry("mlp"), parameters=parameters("mlp"), seed=0)
    for tree, old in zip((first, second), before, strict=True):
        assert all(torch.equal(tree[key], old[key]) for key in tree)


def test_an_unknown_method_is_refused():
    with pytest.raises(ArgumentError, match="`method` must be one of none, weights, activations; got 'magic'"):
        align("mlp", permuted_copy("mlp"), method="magic")
