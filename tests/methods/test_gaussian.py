"""The Gaussian of SWAG against its algorithm done slowly, and its samples against its covariance."""

import math

import pytest
import torch

from modescape.core.errors import ArgumentError
from modescape.methods.gaussian import VisitedGaussian


def slow(vectors, rank):
    """Do algorithm 1 of Maddox et al. (2019), in double precision."""
    mean, squares, columns = vectors[0].double(), vectors[0].double() ** 2, []
    for n, vector in enumerate(vectors[1:].double(), start=1):
        mean = (n * mean + vector) / (n + 1)
        squares = (n * squares + vector**2) / (n + 1)
        if len(columns) == rank:
            del columns[0]
        columns.append(vector - mean)
    return mean, squares - mean**2, torch.stack(columns)


@pytest.mark.parametrize(("num_vectors", "rank"), [(3, 2), (9, 4), (9, 8), (5, 20)])
def test_it_is_that_of_the_published_algorithm(num_vectors, rank):
    vectors = torch.randn(num_vectors, 7, generator=torch.Generator().manual_seed(rank)) + 3
    found = VisitedGaussian.fitted(vectors, rank=rank)
    mean, variance, columns = slow(vectors, rank)
    torch.testing.assert_close(found.mean.double(), mean, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(found.variance.double(), variance, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(found.deviations.double(), columns, rtol=1e-5, atol=1e-6)
    assert found.mean.dtype == torch.float32
    assert found.num_numbers == 7 * (2 + min(rank, num_vectors - 1))


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_samples_have_the_covariance_of_the_paper(scale):
    vectors = torch.randn(8, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    gaussian = VisitedGaussian.fitted(vectors * torch.tensor([0.1, 1.0, 3.0, 0.0]), rank=5)
    generator = torch.Generator().manual_seed(2)
    count = 6_000
    samples = torch.stack([gaussian.sample(scale=scale, generator=generator) for _ in range(count)])
    low_rank = gaussian.deviations.T @ gaussian.deviations / (5 - 1)
    expected = scale * (torch.diag(gaussian.variance) + low_rank)
    deviation = expected.diag().sqrt()
    error = (samples.mean(dim=0) - gaussian.mean).abs()
    assert (error <= 5 * deviation / math.sqrt(count) + 1e-12).all()
    # The standard error of a covariance is at most sqrt(2 / n) times the product of both deviations.
    allowed = 5 * math.sqrt(2 / count) * deviation.outer(deviation) + 1e-12
    assert ((samples.T.cov() - expected).abs() <= allowed).all()
    assert (expected - torch.diag(expected.diag())).abs().max() > 10 * allowed.min()


def test_without_scale_samples_are_the_mean_and_a_seed_gives_the_same_again():
    gaussian = VisitedGaussian.fitted(torch.randn(5, 3, generator=torch.Generator().manual_seed(0)), rank=3)
    assert torch.equal(gaussian.sample(scale=0.0, generator=torch.Generator()), gaussian.mean)
    first, again, other = (gaussian.sample(generator=torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_weights_that_stay_never_vary():
    gaussian = VisitedGaussian.fitted(torch.full((4, 2), 0.1), rank=2)
    assert torch.equal(gaussian.sample(generator=torch.Generator()), torch.full((2,), 0.1))


def test_too_few_weights_or_directions_are_refused():
    with pytest.raises(ArgumentError, match="`vectors` must hold at least 3 vectors of weights; got 2"):
        VisitedGaussian.fitted(torch.zeros(2, 3), rank=2)
    with pytest.raises(ArgumentError, match="`rank` must be at least 2; got 1"):
        VisitedGaussian.fitted(torch.zeros(4, 3), rank=1)
