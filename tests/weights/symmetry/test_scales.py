from functools import cache

import pytest
import torch
from scipy.optimize import minimize
from torch import nn
from torch.func import functional_call

from modescape.core.errors import ArgumentError
from modescape.weights.symmetry import balanced, balancing, permuted, random_permutation, scaled, symmetry_of
from modescape.weights.symmetry import scales as scales_module
from weights.symmetry.architectures import ARCHITECTURES, symmetry_and_weights, symmetry_named, tensors


def random_scales(symmetry, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.randn(symmetry.shape(scaling.group), generator=generator, dtype=torch.float64).exp()
        for name, scaling in symmetry.scalings.items()
    }


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_scaled_and_balanced_keep_the_function_and_balanced_forgets_scales(name):
    architecture = ARCHITECTURES[name]
    network = architecture.network()
    symmetry, weights = symmetry_and_weights(name)
    other = scaled(weights, symmetry, random_scales(symmetry))
    expected = network(architecture.inputs)
    forms = [balanced(tree, symmetry) for tree in (weights, other)]
    for tree in (other, *forms):
        result = functional_call(network, tree, (architecture.inputs,))
        torch.testing.assert_close(result, expected, rtol=1e-9, atol=1e-9)
    for tensor in weights:
        torch.testing.assert_close(forms[0][tensor], forms[1][tensor], rtol=1e-7, atol=1e-9)
    if symmetry.scalings:
        assert any(not torch.allclose(other[tensor], weights[tensor]) for tensor in weights)


@cache
def traced():
    torch.manual_seed(3)
    network = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 5), nn.LeakyReLU(0.3), nn.Linear(5, 2)).double()
    return network, symmetry_of(network, torch.rand(2, 3, dtype=torch.float64))


def relu_network():
    network, symmetry = traced()
    return network, symmetry, tensors(network)


def test_balanced_has_equal_norms_in_and_out():
    _, symmetry, weights = relu_network()
    found = balanced(weights, symmetry)
    for first, second in (("0", "2"), ("2", "4")):
        incoming = found[f"{first}.weight"].square().sum(1) + found[f"{first}.bias"].square()
        torch.testing.assert_close(incoming, found[f"{second}.weight"].square().sum(0), rtol=1e-9, atol=0)


def test_balanced_is_the_smallest_that_an_optimiser_finds():
    _, symmetry, weights = relu_network()

    def size(logarithms):
        scales = {"0": torch.tensor(logarithms[:4]).exp(), "2": torch.tensor(logarithms[4:]).exp()}
        return sum(float(tensor.square().sum()) for tensor in scaled(weights, symmetry, scales).values())

    smallest = minimize(size, [0.0] * 9, tol=1e-12)
    found = sum(float(tensor.square().sum()) for tensor in balanced(weights, symmetry).values())
    assert found == pytest.approx(smallest.fun, rel=1e-7)
    logarithms = torch.cat([scale.log() for scale in balancing(weights, symmetry).values()])
    torch.testing.assert_close(logarithms, torch.tensor(smallest.x), rtol=0, atol=1e-4)


def test_balanced_goes_along_with_a_permutation():
    _, symmetry, weights = relu_network()
    permutation = random_permutation(symmetry, generator=torch.Generator().manual_seed(1))
    first = permuted(balanced(weights, symmetry), symmetry, permutation)
    second = balanced(permuted(weights, symmetry, permutation), symmetry)
    assert all(torch.allclose(first[name], second[name], rtol=1e-9) for name in first)


def test_dead_units_get_norm_one():
    _, symmetry, weights = relu_network()
    weights["2.weight"][:, 1] = 0.0
    weights["0.weight"][2], weights["0.bias"][2] = 0.0, 0.0
    found = balanced(weights, symmetry)
    incoming = found["0.weight"].square().sum(1) + found["0.bias"].square()
    outgoing = found["2.weight"].square().sum(0)
    assert (float(incoming[1]), float(outgoing[1])) == pytest.approx((1.0, 0.0))
    assert (float(incoming[2]), float(outgoing[2])) == pytest.approx((0.0, 1.0))


def test_units_without_any_weights_keep_scale_one():
    _, symmetry, weights = relu_network()
    weights["0.weight"][2], weights["0.bias"][2], weights["2.weight"][:, 2] = 0.0, 0.0, 0.0
    found = balancing(weights, symmetry)
    assert float(found["0"][2]) == 1.0
    assert all(bool(scales.isfinite().all()) for scales in found.values())


def test_dead_units_forget_scales_too():
    _, symmetry, weights = relu_network()
    weights["2.weight"][:, 1] = 0.0
    weights["0.weight"][2], weights["0.bias"][2] = 0.0, 0.0
    forms = [balanced(tree, symmetry) for tree in (weights, scaled(weights, symmetry, random_scales(symmetry)))]
    for name in weights:
        torch.testing.assert_close(forms[1][name], forms[0][name], rtol=1e-7, atol=1e-9)


def test_batch_norm_keeps_statistics_and_what_comes_before():
    symmetry, weights = symmetry_and_weights("vgg")
    found = scaled(weights, symmetry, random_scales(symmetry))
    for name in ("0.weight", "0.bias", "1.running_mean", "1.running_var"):
        assert torch.equal(found[name], weights[name])
    factor = random_scales(symmetry)["0"]
    torch.testing.assert_close(found["1.weight"], weights["1.weight"] * factor)
    torch.testing.assert_close(found["4.weight"], weights["4.weight"] / factor[:, None, None])


def test_depthwise_units_can_be_scaled_twice():
    symmetry = symmetry_named("depthwise")
    before = {"0.weight": (1.0,), "0.bias": (1.0,), "2.bias": (1.0,), "4.weight": (-1.0,)}
    assert dict(symmetry.scalings["0"].exponents) == before
    assert dict(symmetry.scalings["0:2"].exponents) == {"2.weight": (1.0,), "2.bias": (1.0,), "4.weight": (-1.0,)}


class Squared(nn.Module):
    """A product of a layer with itself, whose scale counts twice."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(3, 4), nn.Linear(4, 2)

    def forward(self, inputs):
        hidden = self.first(inputs)
        return self.second(hidden * hidden)


def test_units_that_are_squared_scale_twice_as_fast():
    torch.manual_seed(1)
    network = Squared().double()
    inputs = torch.rand(5, 3, dtype=torch.float64)
    symmetry, weights = symmetry_of(network, inputs), tensors(network)
    assert symmetry.scalings["first"].exponents["second.weight"] == (-2.0,)
    other = scaled(weights, symmetry, random_scales(symmetry))
    forms = [balanced(tree, symmetry) for tree in (weights, other)]
    for tree in (other, *forms):
        torch.testing.assert_close(functional_call(network, tree, (inputs,)), network(inputs))
    assert all(torch.allclose(forms[0][name], forms[1][name]) for name in weights)
    incoming = forms[0]["first.weight"].square().sum(1) + forms[0]["first.bias"].square()
    torch.testing.assert_close(incoming, 2 * forms[0]["second.weight"].square().sum(0))


class Tied(nn.Module):
    """A layer that is used twice, so that each of its weights is multiplied by one scale and divided by another."""

    def __init__(self):
        super().__init__()
        self.first, self.twice, self.last = nn.Linear(3, 5), nn.Linear(5, 5, bias=False), nn.Linear(5, 2)

    def forward(self, inputs):
        return self.last(self.twice(self.twice(self.first(inputs).relu()).relu()).relu())


@cache
def tied_network():
    torch.manual_seed(0)
    network, inputs = Tied().double(), torch.rand(4, 3, dtype=torch.float64)
    return symmetry_of(network, inputs), tensors(network)


@pytest.mark.parametrize("uneven", [False, True])
def test_scales_of_one_group_that_depend_on_each_other_are_the_smallest_that_an_optimiser_finds(uneven):
    symmetry, weights = tied_network()
    if uneven:
        out = weights["last.weight"] * torch.tensor([1e-3, 1.0, 1.0, 1.0, 1.0])
        weights = {**weights, "twice.weight": weights["twice.weight"].triu(), "last.weight": out}

    def size(logarithms):
        found = scaled(weights, symmetry, {"first": torch.tensor(logarithms).exp()})
        return sum(float(tensor.square().sum()) for tensor in found.values())

    scales = balancing(weights, symmetry)
    smallest = minimize(size, scales["first"].log().numpy() + 0.3, tol=1e-12)
    assert size(scales["first"].log().tolist()) == pytest.approx(smallest.fun, rel=1e-7)
    other = balanced(scaled(weights, symmetry, random_scales(symmetry)), symmetry)
    for name, tensor in balanced(weights, symmetry).items():
        torch.testing.assert_close(other[name], tensor, rtol=1e-6, atol=1e-8)


def test_a_unit_that_only_reads_itself_on_is_dead():
    symmetry, weights = tied_network()
    twice, out = weights["twice.weight"].clone(), weights["last.weight"].clone()
    twice[:, 0], twice[0], twice[0, 0], out[:, 0] = 0.0, 0.0, 0.7, 0.0
    found = balanced({**weights, "twice.weight": twice, "last.weight": out}, symmetry)
    incoming = found["first.weight"][0].square().sum() + found["first.bias"][0].square()
    assert float(incoming) == pytest.approx(1.0)
    assert float(found["twice.weight"][0, 0]) == pytest.approx(0.7)


def test_too_few_rounds_are_said(monkeypatch):
    _, symmetry, weights = relu_network()
    monkeypatch.setattr(scales_module, "MAX_ROUNDS", 2)
    message = (
        r"^The smallest sum of squares of `weights` was not found in 2 rounds \(in the last one, a scale changed by "
        r"[0-9.e-]+ of itself\): the function is kept, but rescaled copies may stay different\.$"
    )
    with pytest.warns(RuntimeWarning, match=message):
        found = balancing(weights, symmetry)
    assert all(bool((scales > 0).all()) for scales in found.values())


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(wrong):
    _, symmetry, weights = relu_network()
    weights["2.bias"][1] = wrong
    with pytest.raises(ArgumentError, match=r"`weights` must be finite; got NaN or an infinity in '2.bias'. Leave out"):
        balancing(weights, symmetry)


@pytest.mark.parametrize("layer", [nn.GELU(), nn.Sigmoid(), nn.Tanh(), nn.ReLU6(), nn.Softplus(), nn.ELU()])
def test_what_is_not_homogeneous_has_no_scales(layer):
    symmetry = symmetry_of(nn.Sequential(nn.Linear(2, 3), layer, nn.Linear(3, 1)), torch.rand(2, 2))
    assert not symmetry.groups["0"].scalable
    assert not symmetry.scalings


def test_wrong_scales_are_refused():
    _, symmetry, weights = relu_network()
    with pytest.raises(ArgumentError, match=r"`scales` must be among 0, 2; got '1'. See symmetry.scalings"):
        scaled(weights, symmetry, {"1": torch.ones(4)})
    with pytest.raises(ArgumentError, match=r"`scales` must have shape \(4,\) for '0'; got shape \(3,\)"):
        scaled(weights, symmetry, {"0": torch.ones(3)})
    with pytest.raises(ArgumentError, match=r"`scales` must be positive for '0'; got -1.0. Pass positive numbers"):
        scaled(weights, symmetry, {"0": torch.tensor([1.0, -1.0, 1.0, 1.0])})
    with pytest.raises(ArgumentError, match=r"`weights` must hold '2.weight', which is scaled; got .* Pass all param"):
        balanced({name: weights[name] for name in ("0.weight", "0.bias")}, symmetry)
    with pytest.raises(ArgumentError, match="`weights` must have the names and shapes"):
        balanced({"0.weight": torch.ones(1)}, symmetry)
