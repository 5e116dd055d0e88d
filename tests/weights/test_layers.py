"""Networks compared layer by layer."""

import numpy as np
import pytest
import torch
from torch import nn

from modescape.core.errors import ArgumentError
from modescape.core.trees import ravel
from modescape.weights import cosine_matrix, layer_geometry, layers_of


class Scaled(nn.Module):
    """Layers inside layers, and a parameter of the network's own."""

    def __init__(self, seed):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.temperature = nn.Parameter(torch.rand(1))
            self.body = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2, bias=False))
            self.attention = nn.MultiheadAttention(4, 2)


def tree(seed):
    return {name: tensor.detach() for name, tensor in Scaled(seed).named_parameters()}


def test_layers_are_the_modules_with_parameters_in_order():
    assert layers_of(tree(0)) == {
        "temperature": ["temperature"],
        "body.0": ["body.0.weight", "body.0.bias"],
        "body.1": ["body.1.weight", "body.1.bias"],
        "body.2": ["body.2.weight"],
        "attention": ["attention.in_proj_weight", "attention.in_proj_bias"],
        "attention.out_proj": ["attention.out_proj.weight", "attention.out_proj.bias"],
    }


def test_geometry_is_that_of_an_obvious_reference():
    trees = [tree(seed) for seed in range(3)]
    found = layer_geometry(trees)
    assert found.layers == tuple(layers_of(trees[0]))
    assert found.num_params.tolist() == [1, 16, 8, 8, 60, 20]
    for row, names in enumerate(layers_of(trees[0]).values()):
        vectors = [np.concatenate([each[name].double().numpy().ravel() for name in names]) for each in trees]
        for one in range(3):
            assert found.norm[row, one] == pytest.approx(np.linalg.norm(vectors[one]))
            for other in range(3):
                a, b = vectors[one], vectors[other]
                assert found.distance[row, one, other] == pytest.approx(np.linalg.norm(a - b))
                expected = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
                assert found.cosine[row, one, other] == pytest.approx(expected)


def test_squares_of_layers_add_up_to_those_of_the_whole_network():
    trees = [tree(seed) for seed in range(2)]
    found, whole = layer_geometry(trees), torch.stack([ravel(each) for each in trees]).double()
    np.testing.assert_allclose((found.norm**2).sum(axis=0), whole.norm(dim=1) ** 2)
    assert (found.distance[:, 0, 1] ** 2).sum() == pytest.approx((whole[0] - whole[1]).norm().item() ** 2)
    weighted = (found.cosine * found.norm[:, :, None] * found.norm[:, None, :]).sum(axis=0)
    expected = cosine_matrix(whole).numpy() * np.outer(whole.norm(dim=1), whole.norm(dim=1))
    np.testing.assert_allclose(weighted, expected)


def test_a_layer_of_zeros_has_no_angle():
    one, other = tree(0), tree(1)
    # Batch norm begins with equal scales and with shifts of zero: its layer lies along one direction.
    one["temperature"] = torch.zeros(1)
    found = layer_geometry([one, other])
    assert np.isnan(found.cosine[0]).tolist() == [[True, True], [True, False]]
    assert found.cosine[0, 1, 1] == 1.0
    assert found.norm[0].tolist() == [0.0, pytest.approx(other["temperature"].item())]
    assert found.cosine[2, 0, 1] == 1.0


def test_refuses_networks_that_can_not_be_compared():
    with pytest.raises(ArgumentError, match=r"`trees` must hold at least one network; got 0\. Pass the parameters"):
        layer_geometry([])
    with pytest.raises(ArgumentError, match=r"`trees` must have the same names and shapes"):
        layer_geometry([tree(0), {**tree(0), "temperature": torch.ones(2)}])
    with pytest.raises(ArgumentError, match=r"`parameters` must hold at least one tensor; got 0\. Pass dict\(network"):
        layers_of({})
    with pytest.raises(ArgumentError, match=r"`vectors\[1\]` must be finite; got nan"):
        layer_geometry([tree(0), {**tree(0), "temperature": torch.full((1,), torch.nan)}])
