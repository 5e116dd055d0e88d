"""The random subspace."""

import math

import pytest
import torch
from scipy import stats

from modescape.core.errors import ArgumentError
from modescape.core.seeds import torch_generator
from modescape.weights import RandomSubspace, accepted
from weights.subspaces.covariances import check_moments, drawn

CENTRE = torch.tensor([1.0, -2.0, 0.0, 0.5, 3.0], dtype=torch.float64)
SUBSPACE = RandomSubspace(CENTRE, largest_norm=3.0)


def test_covariance_of_draws_is_that_of_the_definition():
    # E[s^2] of s ~ U[0, L] is L^2 / 3.
    generator = torch_generator(1)
    samples = drawn(lambda: SUBSPACE.draw(strength=0.7, generator=generator), 6000)
    check_moments(samples, CENTRE, torch.eye(5) / 5 * (0.7 * 3.0) ** 2 / 3)


def test_covariance_at_a_norm_is_that_of_the_definition():
    generator = torch_generator(2)
    samples = drawn(lambda: SUBSPACE.at(0.7, generator=generator), 6000)
    check_moments(samples, CENTRE, torch.eye(5) / 5 * (0.7 * 3.0) ** 2)


def test_norms_of_draws_are_uniform_and_directions_are_uniform_on_the_sphere():
    generator = torch_generator(3)
    steps = drawn(lambda: SUBSPACE.draw(strength=2.0, generator=generator), 3000) - CENTRE
    norms = steps.norm(dim=1)
    assert stats.kstest(norms.numpy() / 6.0, "uniform").pvalue > 1e-3
    # On a sphere in 5 dimensions, (u_i + 1) / 2 ~ Beta(2, 2).
    for axis in (steps / norms[:, None]).T:
        assert stats.kstest((axis.numpy() + 1) / 2, stats.beta(2, 2).cdf).pvalue > 1e-3


@pytest.mark.parametrize(("dtype", "precision"), [(torch.float32, 1e-7), (torch.float64, 1e-13)])
def test_at_lies_exactly_at_its_norm_in_many_dimensions(dtype, precision):
    subspace = RandomSubspace(torch.zeros(300_000, dtype=dtype), largest_norm=10.0)
    norm = torch.linalg.vector_norm(subspace.at(7.0, generator=torch_generator(0)), dtype=torch.float64)
    assert abs(norm.item() - 70.0) < 70 * precision


@pytest.mark.parametrize("norm", [0.0, -1.0, math.nan, math.inf])
def test_refuses_a_wrong_norm(norm):
    with pytest.raises(ArgumentError, match=r"`largest_norm` must be finite and above 0; got .*Pass 10\.0"):
        RandomSubspace(CENTRE, largest_norm=norm)


def test_the_first_try_is_a_plain_draw():
    vector, tries = accepted(SUBSPACE, is_accepted=lambda _: True, generator=torch_generator(5))
    assert tries == 1
    assert torch.equal(vector, SUBSPACE.draw(generator=torch_generator(5)))


def test_each_try_has_half_the_strength_of_the_one_before():
    seen = []

    def refuse_three(vector):
        seen.append(vector)
        return len(seen) == 4

    vector, tries = accepted(SUBSPACE, is_accepted=refuse_three, generator=torch_generator(6))
    generator = torch_generator(6)
    expected = [SUBSPACE.draw(strength=strength, generator=generator) for strength in [1.0, 0.5, 0.25, 0.125]]
    assert tries == 4
    assert all(torch.equal(found, wanted) for found, wanted in zip(seen, expected, strict=True))
    assert torch.equal(vector, expected[3])


@pytest.mark.parametrize("tries", [1, 5, 7])
def test_gives_up_after_the_last_try(tries):
    seen = []
    found = accepted(SUBSPACE, is_accepted=seen.append, tries=tries, generator=torch_generator(0))
    assert found == (None, tries)
    assert len(seen) == tries


def test_refuses_no_try():
    with pytest.raises(ArgumentError, match=r"`tries` must be at least 1; got 0\. Pass 5 as published"):
        accepted(SUBSPACE, is_accepted=lambda _: True, tries=0, generator=torch_generator(0))
