import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, kstest
from torch import nn

from modescape.core.errors import ArgumentError
from modescape.weights.null import independent_cosine_quantiles, permutation_cosines
from modescape.weights.symmetry import permuted, random_permutation, symmetry_of


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 5000), st.floats(0.001, 0.999))
def test_quantiles_are_those_of_the_beta_distribution(num_params, share):
    half = (num_params - 1) / 2
    expected = 2 * beta.ppf(share, half, half) - 1
    assert float(independent_cosine_quantiles(num_params, share)) == pytest.approx(expected, abs=1e-9)


def test_directions_drawn_at_random_have_this_distribution():
    generator = np.random.default_rng(0)
    first, second = generator.normal(size=(2, 3000, 7))
    cosines = (first * second).sum(axis=1) / np.linalg.norm(first, axis=1) / np.linalg.norm(second, axis=1)
    assert kstest(2 * beta(3, 3).rvs(3000, random_state=1) - 1, cosines).pvalue > 0.01
    shares = np.linspace(0.1, 0.9, 9)
    np.testing.assert_allclose(np.quantile(cosines, shares), independent_cosine_quantiles(7, shares), atol=0.03)


def test_the_spread_is_one_over_the_root_of_the_dimension():
    shares = (np.arange(2000) + 0.5) / 2000
    assert independent_cosine_quantiles(10_000, shares).std() == pytest.approx(0.01, rel=0.01)
    assert independent_cosine_quantiles(50_000_000, 0.975) == pytest.approx(1.959964 / 50_000_000**0.5, rel=1e-4)


def test_the_ends_are_opposite_directions():
    assert independent_cosine_quantiles(5, [0.0, 1.0]).tolist() == [-1.0, 1.0]
    assert independent_cosine_quantiles(2, [0.25, 0.75]) == pytest.approx([-(0.5**0.5), 0.5**0.5])


def drawn_network():
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3))


def test_permuted_copies_are_compared_as_an_obvious_reference_does():
    network = drawn_network()
    symmetry = symmetry_of(network, torch.ones(4, 4))
    weights = {name: tensor.detach() for name, tensor in network.named_parameters()}
    found = permutation_cosines(
        weights,
        symmetry,
        buffers=dict(network.named_buffers()),
        num_samples=3,
        generator=torch.Generator().manual_seed(8),
    )
    assert found.layers == ("0", "1", "3", "5")
    generator = torch.Generator().manual_seed(8)
    for sample in range(3):
        copy = permuted(dict(network.state_dict()), symmetry, random_permutation(symmetry, generator=generator))
        one, other = (
            np.concatenate([tree[name].double().numpy().ravel() for name in weights]) for tree in (weights, copy)
        )
        assert found.cosine[sample] == pytest.approx(one @ other / (one @ one))
        for row, layer in enumerate(found.layers):
            names = [name for name in weights if name.startswith(f"{layer}.")]
            one, other = (
                np.concatenate([tree[name].double().numpy().ravel() for name in names]) for tree in (weights, copy)
            )
            assert found.layer_cosine[row, sample] == pytest.approx(one @ other / (one @ one))
    assert len(set(found.cosine.tolist())) == 3
    assert (abs(found.cosine) < 1).all()
    # All scales are 1 and all shifts are 0: exchanging them changes nothing.
    np.testing.assert_allclose(found.layer_cosine[1], 1.0)


def test_a_layer_of_zeros_has_no_cosine():
    network = drawn_network()
    with torch.no_grad():
        network[5].weight.zero_()
        network[5].bias.zero_()
    symmetry = symmetry_of(network, torch.ones(4, 4))
    weights = dict(network.named_parameters())
    buffers = dict(network.named_buffers())
    found = permutation_cosines(
        weights, symmetry, buffers=buffers, num_samples=2, generator=torch.Generator().manual_seed(0)
    )
    assert np.isnan(found.layer_cosine[3]).all()
    assert np.isfinite(found.cosine).all()
    zero = {name: torch.zeros_like(tensor) for name, tensor in weights.items()}
    with pytest.raises(ArgumentError, match=r"`weights` must be finite and not all 0; got 0"):
        permutation_cosines(zero, symmetry, buffers=buffers, num_samples=2, generator=torch.Generator())
    with pytest.raises(ArgumentError, match=r"`num_samples` must be at least 1; got 0"):
        permutation_cosines(weights, symmetry, buffers=buffers, num_samples=0, generator=torch.Generator())


def test_wrong_numbers_are_refused():
    with pytest.raises(ArgumentError, match=r"`num_params` must be at least 2; got 1"):
        independent_cosine_quantiles(1, 0.5)
    with pytest.raises(ArgumentError, match=r"`shares` must lie between 0 and 1; got 1.5"):
        independent_cosine_quantiles(3, 1.5)
