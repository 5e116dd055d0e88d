"""The dropout subspace."""

import math

import pytest
import torch

from modescape.core.errors import ArgumentError
from modescape.core.seeds import torch_generator
from modescape.weights import DropoutSubspace
from weights.subspaces.covariances import check_moments, drawn

CENTRE = torch.tensor([1.0, -2.0, 0.0, 0.5], dtype=torch.float64)


def test_covariance_at_a_rate_is_that_of_the_definition():
    subspace, generator = DropoutSubspace(CENTRE, largest_rate=0.3), torch_generator(1)
    samples = drawn(lambda: subspace.at(1.5, generator=generator), 8000)
    check_moments(samples, CENTRE, torch.diag(CENTRE**2 * 0.45 / 0.55))


def test_covariance_of_draws_is_that_of_the_definition():
    # The mean of q / (1 - q) over q ~ U[0, Q] is (-ln(1 - Q) - Q) / Q.
    subspace, generator = DropoutSubspace(CENTRE, largest_rate=0.3), torch_generator(2)
    samples = drawn(lambda: subspace.draw(strength=2.0, generator=generator), 8000)
    check_moments(samples, CENTRE, torch.diag(CENTRE**2 * (-math.log(0.4) - 0.6) / 0.6))


def test_zeros_single_weights_at_the_rate_and_scales_the_others():
    subspace = DropoutSubspace(torch.full((40_000,), 3.0), largest_rate=0.1)
    found = subspace.at(2.0, generator=torch_generator(3))
    assert found.unique().tolist() == pytest.approx([0.0, 3.0 / 0.8])
    # Standard error of the share: 0.002.
    assert abs((found == 0).double().mean().item() - 0.2) < 0.01


def test_weights_left_out_stay_out_at_higher_rates():
    subspace = DropoutSubspace(torch.ones(500), largest_rate=0.1)
    low, high = (subspace.at(strength, generator=torch_generator(4)) == 0 for strength in [1.0, 3.0])
    assert (high | ~low).all()
    assert high.sum() > low.sum()


def test_weights_left_out_are_plain_zeros():
    found = DropoutSubspace(-torch.ones(50), largest_rate=0.5).at(1.0, generator=torch_generator(0))
    assert not torch.signbit(found[found == 0]).any()


@pytest.mark.parametrize("rate", [0.1, 0.37, 0.9, 0.9995])
def test_the_strongest_still_leaves_finite_weights(rate):
    subspace = DropoutSubspace(torch.ones(20_000), largest_rate=rate)
    found = subspace.at(subspace.strongest, generator=torch_generator(0))
    assert found.isfinite().all()
    assert 0 < (found != 0).sum() < 60
    with pytest.raises(ArgumentError, match=r"`strength` must lie in 0\.\.[0-9.]+; got .*Pass 1\.0"):
        subspace.at(subspace.strongest * 1.001, generator=torch_generator(0))


def test_a_centre_of_zeros_stays_zero():
    found = DropoutSubspace(torch.zeros(9), largest_rate=0.5).at(1.9, generator=torch_generator(0))
    assert torch.equal(found, torch.zeros(9))


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.1, math.nan])
def test_refuses_a_wrong_rate(rate):
    with pytest.raises(ArgumentError, match=r"`largest_rate` must lie strictly between 0 and 1; got .*Pass 0\.1"):
        DropoutSubspace(CENTRE, largest_rate=rate)
