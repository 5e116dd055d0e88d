import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from modescape.core.errors import ArgumentError
from modescape.weights.symmetry import composed, identity, inverse, permuted, random_permutation
from weights.symmetry.architectures import symmetry_and_weights

NAMES = ("vision transformer", "shared keys", "depthwise", "zero padded")
FEW = settings(max_examples=10, deadline=None)


def drawn(symmetry, seed):
    return random_permutation(symmetry, generator=torch.Generator().manual_seed(seed))


def is_same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@FEW
@given(st.sampled_from(NAMES), st.integers(0, 2**20), st.integers(0, 2**20))
def test_composed_is_one_after_the_other(name, one, other):
    symmetry, weights = symmetry_and_weights(name)
    first, second = drawn(symmetry, one), drawn(symmetry, other)
    twice = permuted(permuted(weights, symmetry, first), symmetry, second)
    assert is_same(permuted(weights, symmetry, composed(symmetry, first, second)), twice)


@FEW
@given(st.sampled_from(NAMES), st.integers(0, 2**20))
def test_inverse_undoes(name, seed):
    symmetry, weights = symmetry_and_weights(name)
    permutation = drawn(symmetry, seed)
    back = inverse(symmetry, permutation)
    assert is_same(permuted(permuted(weights, symmetry, permutation), symmetry, back), weights)
    assert is_same(composed(symmetry, permutation, back), identity(symmetry))
    assert is_same(composed(symmetry, back, permutation), identity(symmetry))


@pytest.mark.parametrize("name", NAMES)
def test_identity_changes_nothing(name):
    symmetry, weights = symmetry_and_weights(name)
    assert is_same(permuted(weights, symmetry, identity(symmetry)), weights)


def test_heads_are_permuted_as_a_slow_loop_says():
    symmetry, weights = symmetry_and_weights("vision transformer")
    permutation = drawn(symmetry, 5)
    stream, heads, keys, values = (permutation[name] for name in ("patches", "qkv", "qkv:2", "qkv:3"))
    old = weights["qkv.weight"].reshape(3, 3, 4, 12)
    expected = torch.empty_like(old)
    for kind, head, unit, column in itertools.product(range(3), range(3), range(4), range(12)):
        inside = values if kind == 2 else keys
        expected[kind, head, unit, column] = old[kind, heads[head], inside[head, unit], stream[column]]
    assert torch.equal(permuted(weights, symmetry, permutation)["qkv.weight"], expected.reshape(36, 12))


def test_pixels_of_a_channel_stay_together():
    symmetry, weights = symmetry_and_weights("vgg")
    permutation = drawn(symmetry, 6)
    expected = weights["9.weight"].reshape(10, 12, 4)[permutation["9"]][:, permutation["4"]].reshape(10, 48)
    moved = permuted(weights, symmetry, permutation)
    assert torch.equal(moved["9.weight"], expected)
    assert torch.equal(moved["5.running_var"], weights["5.running_var"][permutation["4"]])


def test_group_that_is_missing_stays():
    symmetry, weights = symmetry_and_weights("zero padded")
    order = torch.tensor([3, 1, 0, 2])
    moved = permuted({"first.bias": weights["first.bias"]}, symmetry, {"first": order})
    assert torch.equal(moved["first.bias"], weights["first.bias"][order])


def test_random_permutations_are_uniform():
    symmetry, _ = symmetry_and_weights("shared keys")
    generator = torch.Generator().manual_seed(0)
    counts = torch.zeros(2, 2)
    for _ in range(600):
        rows = random_permutation(symmetry, generator=generator)["q:2"]
        counts[int(rows[0, 0]), int(rows[1, 0])] += 1
    # Four outcomes of the same probability: 150 each, with a standard deviation of 10.6.
    assert bool(((counts - 150).abs() < 50).all())


def test_same_generator_gives_the_same_permutation():
    symmetry, _ = symmetry_and_weights("depthwise")
    assert is_same(drawn(symmetry, 9), drawn(symmetry, 9))
    assert not is_same(drawn(symmetry, 9), drawn(symmetry, 10))


@pytest.mark.parametrize("order", [[0, 0, 1, 2], [0, 1, 2], [0, 1, 2, 4]])
def test_what_is_no_permutation_is_refused(order):
    symmetry, weights = symmetry_and_weights("zero padded")
    wrong = {"first": torch.tensor(order)}
    message = r"must hold each of 0 to 3 once in every row of 'first', of shape \(4,\); got shape .* Draw one with"
    with pytest.raises(ArgumentError, match="`permutation` " + message):
        permuted(weights, symmetry, wrong)
    with pytest.raises(ArgumentError, match="`permutation` " + message):
        inverse(symmetry, wrong)
    with pytest.raises(ArgumentError, match="`first` " + message):
        composed(symmetry, wrong, wrong)


def test_unknown_group_is_refused():
    symmetry, weights = symmetry_and_weights("zero padded")
    with pytest.raises(ArgumentError, match=r"`group` must be one of first, second, second:2; got 'third'"):
        permuted(weights, symmetry, {"third": torch.arange(3)})


def test_weights_of_another_network_are_refused():
    symmetry, weights = symmetry_and_weights("zero padded")
    message = r"`weights` must have the names and shapes of the traced network; got 'first.bias' of shape \(2,\), where"
    with pytest.raises(ArgumentError, match=message):
        permuted({"first.bias": weights["first.bias"][:2]}, symmetry, identity(symmetry))
    with pytest.raises(ArgumentError, match=r"got 'other' of shape \(1,\), where it has None"):
        permuted({"other": torch.ones(1)}, symmetry, identity(symmetry))
