from itertools import permutations

import numpy as np
import pytest
import torch
from torch import nn

from modescape.core.errors import ArgumentError
from modescape.weights.alignment import activation_matching, correlations, unit_correlations
from modescape.weights.symmetry import permuted, random_permutation, symmetry_of
from weights.alignment.networks import network, other, permuted_copy, symmetry, weights


def hidden(tree, inputs):
    """Outputs of the two hidden layers of the multilayer perceptron, before ReLU."""
    first = inputs.flatten(1) @ tree["1.weight"].T + tree["1.bias"]
    return {"1": first, "4": first.relu() @ tree["4.weight"].T + tree["4.bias"]}


def test_correlations_are_those_of_the_outputs_of_the_layers():
    inputs = network("mlp")[1]
    found = correlations(weights("mlp"), other("mlp"), symmetry("mlp"), inputs.split(7))
    outputs = [hidden(tree, inputs) for tree in (weights("mlp"), other("mlp"))]
    for group, [matrix] in found.items():
        first, second = (each[group].double().numpy().T for each in outputs)
        expected = np.corrcoef(first, second)[: len(first), len(first) :]
        np.testing.assert_allclose(matrix, expected, atol=1e-4)


def test_the_sum_of_correlations_is_the_largest_of_all_permutations():
    torch.manual_seed(3)
    small = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 2))
    inputs = torch.randn(30, 3)
    symmetry_of_small = symmetry_of(small, inputs)
    first = {name: tensor.detach() for name, tensor in small.named_parameters()}
    second = {name: torch.randn_like(tensor) for name, tensor in first.items()}
    [[matrix]] = correlations(first, second, symmetry_of_small, [inputs]).values()
    best = max(sum(float(matrix[place, unit]) for place, unit in enumerate(order)) for order in permutations(range(5)))
    [order] = activation_matching(first, second, symmetry_of_small, [inputs]).values()
    assert float(matrix[torch.arange(5), order].sum()) == pytest.approx(best)


def test_layers_that_write_one_group_are_summed():
    found = correlations(weights("resnet"), other("resnet"), symmetry("resnet"), [network("resnet")[1]])
    assert max(len(each) for each in found.values()) > 1
    matched = activation_matching(weights("resnet"), other("resnet"), symmetry("resnet"), [network("resnet")[1]])
    for group, matrices in found.items():
        total = sum(matrices)
        places = torch.arange(len(total))
        generator = torch.Generator().manual_seed(0)
        best = float(total[places, matched[group]].sum())
        for _ in range(20):
            assert float(total[places, torch.randperm(len(total), generator=generator)].sum()) <= best + 1e-9


class Looked(nn.Module):
    """A network one of whose groups is only looked up, added to inputs that are multiplied by a parameter."""

    def __init__(self):
        super().__init__()
        self.scale, self.out = nn.Parameter(torch.randn(6)), nn.Linear(6, 2)

    def forward(self, inputs):
        return self.out((inputs * self.scale).tanh())


def test_a_group_that_no_layer_writes_is_matched_by_weights():
    torch.manual_seed(1)
    built, inputs = Looked(), torch.randn(8, 1)
    of_it = symmetry_of(built, inputs)
    tree = {name: tensor.detach() for name, tensor in built.named_parameters()}
    assert [group.size for group in of_it.groups.values()] == [6]
    copy = permuted(tree, of_it, random_permutation(of_it, generator=torch.Generator().manual_seed(2)))
    found = permuted(copy, of_it, activation_matching(tree, copy, of_it, [inputs]))
    assert all(torch.equal(found[name], tree[name]) for name in tree)


def test_units_at_their_places_go_along_with_themselves():
    inputs = network("vgg")[1]
    found = unit_correlations(weights("vgg"), weights("vgg"), symmetry("vgg"), inputs.split(12))
    assert list(found) == ["0.weight", "4.weight", "9.weight"]
    for each in found.values():
        torch.testing.assert_close(each, torch.ones_like(each), rtol=0, atol=1e-5)
    mixed = unit_correlations(weights("vgg"), permuted_copy("vgg"), symmetry("vgg"), [inputs])
    assert all(float(each.mean()) < 0.9 for each in mixed.values())


def test_unit_correlations_are_those_of_numpy():
    inputs = network("mlp")[1]
    found = unit_correlations(weights("mlp"), other("mlp"), symmetry("mlp"), inputs.split(5))
    outputs = [hidden(tree, inputs) for tree in (weights("mlp"), other("mlp"))]
    for group, name in (("1", "1.weight"), ("4", "4.weight")):
        pairs = zip(*(each[group].double().numpy().T for each in outputs), strict=True)
        expected = [np.corrcoef(first, second)[0, 1] for first, second in pairs]
        np.testing.assert_allclose(found[name], expected, atol=1e-4)


@pytest.mark.parametrize("function", [activation_matching, correlations, unit_correlations])
def test_no_batch_is_refused(function):
    with pytest.raises(ArgumentError, match=r"`batches` must hold at least one batch; got 0. Pass inputs"):
        function(weights("mlp"), other("mlp"), symmetry("mlp"), [])
