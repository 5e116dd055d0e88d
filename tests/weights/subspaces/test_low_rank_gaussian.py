"""The low-rank Gaussian subspace."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from modescape.core.errors import ArgumentError
from modescape.core.seeds import torch_generator
from modescape.weights import LowRankGaussian, LowRankRandom, RandomSubspace, average
from modescape.weights.subspaces import low_rank_gaussian
from weights.subspaces.covariances import check_moments, drawn


def checkpoints(num=7, params=6, dtype=torch.float64):
    rows = torch.randn(num, params, generator=torch_generator(0), dtype=torch.float64)
    return (rows * torch.linspace(0.3, 3.0, params, dtype=torch.float64) + 1.0).to(dtype)


def covariance_of(gaussian):
    components = gaussian.components.double()
    return components.T @ torch.diag(gaussian.deviations.double() ** 2) @ components


def test_covariance_converges_to_the_sum_over_directions():
    components = torch.linalg.qr(checkpoints(3).T)[0].T
    deviations = torch.tensor([2.0, 0.5, 1.0], dtype=torch.float64)
    gaussian = LowRankGaussian(checkpoints()[0], components, deviations)
    slow = sum(d**2 * torch.outer(c, c) for d, c in zip(deviations, components, strict=True))
    generator = torch_generator(1)
    samples = drawn(lambda: gaussian.draw(strength=1.4, generator=generator), 6000)
    check_moments(samples, checkpoints()[0], 1.4**2 * slow)


def test_covariance_of_a_fit_converges_to_that_of_the_checkpoints():
    rows = checkpoints(num=4)
    gaussian, generator = LowRankGaussian.fitted(rows, rank=3), torch_generator(2)
    samples = drawn(lambda: gaussian.draw(generator=generator), 6000)
    check_moments(samples, rows.mean(dim=0), torch.from_numpy(np.cov(rows.T.numpy(), bias=True)))


def test_unit_variance_is_the_identity_in_the_basis():
    rows = checkpoints()
    gaussian, generator = LowRankGaussian.fitted(rows, rank=4, variance="unit"), torch_generator(3)
    assert gaussian.deviations.tolist() == [1.0] * 4
    steps = drawn(lambda: gaussian.draw(generator=generator), 6000) - rows.mean(dim=0)
    coefficients = steps @ gaussian.components.T
    check_moments(coefficients, torch.zeros(4), torch.eye(4))
    torch.testing.assert_close(coefficients @ gaussian.components, steps, rtol=0, atol=1e-12)


def test_low_rank_of_random_covers_what_the_random_samples_cover():
    subspace = RandomSubspace(torch.zeros(5, dtype=torch.float64), largest_norm=2.0)
    generator = torch_generator(4)
    rows = drawn(lambda: subspace.draw(generator=generator), 12)
    gaussian = LowRankRandom.fitted(rows, rank=5)
    samples = drawn(lambda: gaussian.draw(generator=generator), 6000)
    check_moments(samples, rows.mean(dim=0), torch.from_numpy(np.cov(rows.T.numpy(), bias=True)))
    assert isinstance(gaussian, LowRankRandom)


@pytest.mark.parametrize("chunk", [1, 20, 2**18])
@pytest.mark.parametrize(("num", "params", "rank"), [(7, 6, 3), (4, 30, 3), (12, 5, 5)])
def test_fit_agrees_with_scikit_learn_for_any_chunk(monkeypatch, chunk, num, params, rank):
    monkeypatch.setattr(low_rank_gaussian, "CHUNK_ENTRIES", chunk)
    rows = checkpoints(num, params)
    found = LowRankGaussian.fitted(rows, rank=rank)
    pca = PCA(n_components=rank, svd_solver="full").fit(rows.numpy())
    # scikit-learn divides by T - 1.
    wanted = (pca.explained_variance_ * (num - 1) / num) ** 0.5
    np.testing.assert_allclose(found.deviations.numpy(), wanted, rtol=1e-10)
    same_sign = np.sign((found.components.numpy() * pca.components_).sum(axis=1))
    np.testing.assert_allclose(found.components.numpy() * same_sign[:, None], pca.components_, atol=1e-9)


def test_all_directions_have_the_population_covariance_of_the_checkpoints():
    rows = checkpoints(num=5, params=30)
    found = covariance_of(LowRankGaussian.fitted(rows, rank=4))
    np.testing.assert_allclose(found.numpy(), np.cov(rows.T.numpy(), bias=True), rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_single_precision_is_only_that_of_the_result(dtype):
    # Far from zero: products of single precision would keep no digit of the deviations.
    rows = (checkpoints(params=500, dtype=torch.float32) * 1e-3 + 1.0).to(dtype)
    found = LowRankGaussian.fitted(list(rows), rank=3)
    exact = LowRankGaussian.fitted(rows.double(), rank=3)
    assert found.components.dtype == torch.float32
    assert found.mean.dtype == dtype
    torch.testing.assert_close(found.components.double(), exact.components, rtol=0, atol=1e-7)
    torch.testing.assert_close(found.deviations.double(), exact.deviations, rtol=1e-6, atol=0)
    assert torch.equal(found.mean, average(rows))


def test_directions_have_length_one_and_right_angles():
    components = LowRankGaussian.fitted(checkpoints(params=1000, dtype=torch.float32), rank=6).components.double()
    torch.testing.assert_close(components @ components.T, torch.eye(6, dtype=torch.float64), rtol=0, atol=1e-6)


def test_signs_do_not_depend_on_the_library():
    # Each checkpoint's part in a direction is <w_t - m, c>; the largest of them is positive.
    rows = checkpoints()
    parts = (rows - rows.mean(dim=0)) @ LowRankGaussian.fitted(rows, rank=4).components.T
    assert (parts.gather(0, parts.abs().argmax(dim=0, keepdim=True)) > 0).all()


@pytest.mark.parametrize("variance", ["fitted", "unit"])
def test_directions_that_do_not_exist_are_zero(variance):
    line = torch.linspace(-1, 1, 6)[:, None] * torch.tensor([3.0, 0.1, 4.0]) + 0.1
    found = LowRankGaussian.fitted(line, rank=3, variance=variance)
    assert (found.deviations > 0).tolist() == [True, False, False]
    assert not found.components[1:].any()
    assert found.components[0].norm().item() == pytest.approx(1.0)


def test_nothing_of_the_size_of_parameters_squared():
    rows = torch.randn(4, 200_000, generator=torch_generator(0))
    assert LowRankGaussian.fitted(rows, rank=3).draw(generator=torch_generator(1)).shape == (200_000,)


@pytest.mark.parametrize("rank", [0, 7, 30])
def test_refuses_a_rank_the_checkpoints_do_not_have(rank):
    message = rf"`rank` must lie in 1\.\.6, below the number of vectors \(7\); got {rank}\. Keep more checkpoints"
    with pytest.raises(ArgumentError, match=message):
        LowRankGaussian.fitted(checkpoints(), rank=rank)


def test_refuses_another_variance():
    with pytest.raises(ArgumentError, match=r"`variance` must be one of fitted, unit; got 'sample'"):
        LowRankGaussian.fitted(checkpoints(), variance="sample")


def test_refuses_parts_that_do_not_fit():
    mean, components = torch.zeros(3), torch.eye(3)[:2]
    with pytest.raises(ArgumentError, match=r"`components` must have the shape .*\(1, 3\); got shape \(2, 3\)"):
        LowRankGaussian(mean, components, torch.ones(1))
    with pytest.raises(ArgumentError, match=r"`deviations` must be at least 0; got -2\.0"):
        LowRankGaussian(mean, components, torch.tensor([1.0, -2.0]))
    with pytest.raises(ArgumentError, match=r"`components` must be finite; got NaN or an infinity"):
        LowRankGaussian(mean, components * float("nan"), torch.ones(2))
