"""The diagonal Gaussian subspace."""

import numpy as np
import pytest
import torch
from scipy import stats

from modescape.core.errors import ArgumentError
from modescape.core.seeds import torch_generator
from modescape.weights import DiagonalGaussian, average, averages
from weights.subspaces.covariances import check_moments, drawn


def checkpoints(num=7, params=5, dtype=torch.float64):
    return torch.randn(num, params, generator=torch_generator(0), dtype=torch.float64).to(dtype)


def test_covariance_converges_to_the_variances_of_the_checkpoints():
    rows = checkpoints()
    subspace, generator = DiagonalGaussian.fitted(rows), torch_generator(1)
    samples = drawn(lambda: subspace.draw(strength=1.7, generator=generator), 6000)
    check_moments(samples, rows.mean(dim=0), torch.diag(1.7**2 * rows.var(dim=0, correction=0)))


def test_each_weight_is_gaussian():
    subspace, generator = DiagonalGaussian(torch.tensor([2.0]), torch.tensor([0.3])), torch_generator(2)
    samples = drawn(lambda: subspace.at(2.0, generator=generator), 3000)
    assert stats.kstest(samples[:, 0].numpy(), stats.norm(2.0, 0.6).cdf).pvalue > 1e-3


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("chunk", [1, 3, 2**17])
def test_fit_agrees_with_numpy_for_any_chunk(monkeypatch, dtype, chunk):
    monkeypatch.setattr(averages, "CHUNK_ENTRIES", chunk)
    rows = checkpoints(dtype=dtype)
    found = DiagonalGaussian.fitted(iter(rows))
    exact = rows.double().numpy()
    np.testing.assert_allclose(found.mean.numpy(), exact.mean(axis=0), rtol=8 * torch.finfo(dtype).eps)
    np.testing.assert_allclose(found.deviation.numpy(), np.std(exact, axis=0), rtol=8 * torch.finfo(dtype).eps)
    assert found.deviation.dtype == dtype


def test_the_mean_is_the_average_of_the_weights():
    rows = checkpoints(dtype=torch.float32)
    assert torch.equal(DiagonalGaussian.fitted(rows).mean, average(rows))


def test_a_small_spread_far_from_zero_keeps_its_digits():
    # E[w^2] - E[w]^2 would have none left, even in double precision.
    rows = torch.tensor([[1e8 + 1], [1e8 + 2], [1e8 + 3]], dtype=torch.float64)
    assert DiagonalGaussian.fitted(rows).deviation.item() == pytest.approx((2 / 3) ** 0.5, rel=1e-12)


def test_weights_that_never_changed_never_vary():
    rows = checkpoints(dtype=torch.float32)
    rows[:, 3] = 0.1
    found = DiagonalGaussian.fitted(rows).draw(strength=100.0, generator=torch_generator(0))
    assert found[3] == rows[0, 3]
    assert (found != rows[0]).sum() == 4


def test_refuses_deviations_that_do_not_fit():
    with pytest.raises(ArgumentError, match=r"`deviation` must have 3 entries, as many as mean; got 2 entries"):
        DiagonalGaussian(torch.zeros(3), torch.ones(2))
    with pytest.raises(ArgumentError, match=r"`deviation` must be at least 0; got -0\.5\. Pass standard deviations"):
        DiagonalGaussian(torch.zeros(2), torch.tensor([1.0, -0.5]))
    with pytest.raises(ArgumentError, match=r"`deviation` must be finite; got nan"):
        DiagonalGaussian(torch.zeros(2), torch.tensor([1.0, float("nan")]))
