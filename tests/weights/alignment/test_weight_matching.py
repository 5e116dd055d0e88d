from itertools import permutations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from modescape.core.errors import ArgumentError
from modescape.weights.alignment import weight_matching
from modescape.weights.alignment.weight_matching import _Search, matched_by_weights
from modescape.weights.symmetry import composed, identity, permuted, random_permutation, symmetry_of
from weights.alignment.networks import other, parameters, symmetry, weights

SMALL = symmetry_of(
    nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2)), torch.ones(2, 2)
)
SHAPES = {"0.weight": (4, 2), "0.bias": (4,), "2.weight": (3, 4), "2.bias": (3,), "4.weight": (2, 3), "4.bias": (2,)}


def drawn(seed):
    generator = torch.Generator().manual_seed(seed)
    return {name: torch.randn(shape, generator=generator) for name, shape in SHAPES.items()}


def product(first, second, permutation, of=SMALL):
    moved = permuted(second, of, permutation)
    return sum(float((first[name].double() * moved[name].double()).sum()) for name in first)


def only_parameters(name, tree):
    return {key: tree[key] for key in parameters(name)}


def test_the_best_of_all_permutations_is_found():
    for seed in range(2):
        first, second = drawn(seed), drawn(100 + seed)
        every = [
            {"0": torch.tensor(outer), "2": torch.tensor(inner)}
            for outer in permutations(range(4))
            for inner in permutations(range(3))
        ]
        best = max(product(first, second, each) for each in every)
        found = weight_matching(first, second, SMALL, starts=6, seed=0)
        assert product(first, second, found) == pytest.approx(best, abs=1e-5)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6))
def test_no_exchange_in_one_group_gains_any_more(seed):
    first, second = drawn(seed), drawn(seed + 1)
    found = weight_matching(first, second, SMALL, starts=2, seed=seed)
    here = product(first, second, found)
    # The second start begins there.
    assert here >= product(first, second, identity(SMALL)) - 1e-4
    for group, size in (("0", 4), ("2", 3)):
        for order in permutations(range(size)):
            further = {**identity(SMALL), group: torch.tensor(order)}
            assert product(first, second, composed(SMALL, found, further)) <= here + 1e-4


@pytest.mark.parametrize("name", ["resnet", "transformer"])
def test_the_sum_never_falls(name):
    search = _Search(only_parameters(name, weights(name)), only_parameters(name, other(name)), symmetry(name))
    permutation = random_permutation(symmetry(name), generator=torch.Generator().manual_seed(1))
    last, grown = search.product(permutation), 0
    for family in search.families * 2:
        found = search.improved(permutation, family)
        if found is not None:
            assert search.product(found) > last
            permutation, last, grown = found, search.product(found), grown + 1
    assert grown > 2


@pytest.mark.parametrize("name", ["mlp", "resnet", "vgg", "transformer"])
def test_the_product_is_that_of_all_weights(name):
    first, second = only_parameters(name, weights(name)), only_parameters(name, other(name))
    permutation = random_permutation(symmetry(name), generator=torch.Generator().manual_seed(3))
    found = _Search(first, second, symmetry(name)).product(permutation)
    assert found == pytest.approx(product(first, second, permutation, symmetry(name)), rel=1e-4, abs=1e-4)


def test_more_starts_are_never_worse():
    first, second = only_parameters("vgg", weights("vgg")), only_parameters("vgg", other("vgg"))
    values = [
        product(first, second, weight_matching(first, second, symmetry("vgg"), starts=starts, seed=4), symmetry("vgg"))
        for starts in (1, 3)
    ]
    assert values[1] >= values[0] - 1e-5


def test_the_same_seed_gives_the_same_permutation():
    first, second = drawn(0), drawn(1)
    found = [weight_matching(first, second, SMALL, starts=4, seed=7) for _ in range(2)]
    assert all(torch.equal(found[0][group], found[1][group]) for group in ("0", "2"))


class Square(nn.Module):
    """A network with a weight both of whose dimensions are of one group."""

    def __init__(self):
        super().__init__()
        self.first, self.square, self.out = nn.Linear(3, 5), nn.Linear(5, 5), nn.Linear(5, 2)

    def forward(self, inputs):
        hidden = self.first(inputs)
        return self.out(hidden + self.square(hidden).tanh())


def test_a_weight_with_one_group_in_both_dimensions_is_matched():
    torch.manual_seed(0)
    network = Square()
    symmetry = symmetry_of(network, torch.ones(2, 3))
    tree = {name: tensor.detach() for name, tensor in network.named_parameters()}
    [group] = symmetry.groups
    for seed in range(3):
        order = random_permutation(symmetry, generator=torch.Generator().manual_seed(seed))
        copy = permuted(tree, symmetry, order)
        found = permuted(copy, symmetry, weight_matching(tree, copy, symmetry, seed=0))
        assert all(torch.equal(found[name], tree[name]) for name in tree)
        search = _Search(tree, {name: torch.randn_like(tensor) for name, tensor in tree.items()}, symmetry)
        climbed = search.climbed(identity(symmetry), torch.Generator().manual_seed(seed))
        assert search.product(climbed) >= search.product(identity(symmetry))
    assert symmetry.groups[group].size == 5


def test_some_groups_can_be_matched_with_all_others_held():
    first = drawn(0)
    order = random_permutation(SMALL, generator=torch.Generator().manual_seed(5))
    copy = permuted(first, SMALL, order)
    right = weight_matching(first, copy, SMALL, seed=0)
    half = {**right, "2": torch.arange(3)}
    found = matched_by_weights(first, copy, SMALL, half, ["2"])
    assert torch.equal(found["2"], right["2"])
    assert torch.equal(matched_by_weights(first, copy, SMALL, half, ["0"])["2"], half["2"])


def test_what_does_not_fit_is_refused():
    first, second = drawn(0), drawn(1)
    with pytest.raises(ArgumentError, match=r"`starts` must be at least 1; got 0. Pass 3."):
        weight_matching(first, second, SMALL, starts=0, seed=0)
    with pytest.raises(ArgumentError, match=r"`trees` must have the same names and shapes"):
        weight_matching(first, {**second, "0.bias": torch.ones(3)}, SMALL, seed=0)
    broken = {**second, "2.bias": torch.tensor([0.0, float("nan"), 0.0])}
    with pytest.raises(ArgumentError, match=r"`second` must be finite; got NaN or an infinity in '2.bias'"):
        weight_matching(first, broken, SMALL, seed=0)
