import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from torch import nn

from landscapes.curved import batches_of, full_ggn, full_hessian, images, is_same, pooled, state_of
from modescape.core.errors import ArgumentError
from modescape.landscapes import curvature, spectral_density, top_eigenvalues, trace
from modescape.landscapes.operators import CurvatureMatrix

INPUTS, LABELS = images()
BATCHES = batches_of(INPUTS, LABELS)
LOSS = nn.CrossEntropyLoss()
MATRICES = ("hessian", "ggn")


def full(matrix):
    return full_ggn(pooled(), INPUTS, LABELS) if matrix == "ggn" else full_hessian(pooled(), LOSS, INPUTS, LABELS)


class Quadratic(nn.Module):
    """Outputs are the weights times the square roots of given curvatures: half their squares sum to a parabola."""

    def __init__(self, values):
        super().__init__()
        self.values = torch.tensor(values, dtype=torch.float64)
        self.weight = nn.Parameter(torch.ones(len(values), dtype=torch.float64))

    def forward(self, inputs):
        return (0.5 * self.values * self.weight**2).sum().expand(len(inputs))


PARABOLA = [(torch.zeros(3, 1, dtype=torch.float64), torch.zeros(3))]


def height(outputs, targets):
    """A loss that is the output itself."""
    del targets
    return outputs


@pytest.mark.parametrize("matrix", MATRICES)
def test_top_eigenvalues_are_those_of_the_full_matrix(matrix):
    found = top_eigenvalues(pooled(), LOSS, BATCHES, matrix=matrix, num=4, seed=3)
    expected = np.linalg.eigvalsh(full(matrix).numpy())[::-1][:4]
    np.testing.assert_allclose(found, expected, rtol=2e-3)
    assert (np.diff(found) < 0).all()


def test_the_largest_are_the_algebraically_largest():
    found = top_eigenvalues(Quadratic([-9.0, 2.0, 1.0, -5.0]), height, PARABOLA, num=3, seed=0)
    np.testing.assert_allclose(found, [2.0, 1.0, -5.0], rtol=1e-6)


def test_equal_eigenvalues_of_a_small_network_all_count():
    found = top_eigenvalues(Quadratic([3.0, 3.0, 1.0, 1.0]), height, PARABOLA, num=3, seed=0)
    np.testing.assert_allclose(found, [3.0, 3.0, 1.0], rtol=1e-6)


def test_the_ends_of_a_large_spectrum_are_found_without_writing_it_out():
    values = [*np.linspace(-1.0, 1.0, 500), 40.0, 60.0]
    found = top_eigenvalues(Quadratic(values), height, PARABOLA, num=2, seed=1)
    np.testing.assert_allclose(found, [60.0, 40.0], rtol=1e-4)
    density = spectral_density(Quadratic([-7.0, *values]), height, PARABOLA, num_samples=1, rank=10, seed=1)
    assert (density.smallest, density.largest) == pytest.approx((-7.0, 60.0), rel=1e-3)


def test_what_is_not_found_in_time_is_nan(monkeypatch):
    monkeypatch.setattr(curvature, "MAX_RESTARTS", 1)
    monkeypatch.setattr(curvature, "TOLERANCE", 1e-9)
    values = [*np.linspace(0.0, 10.0, 500), 500.0]
    found = top_eigenvalues(Quadratic(values), height, PARABOLA, num=4, seed=1)
    assert np.isnan(found[-1])
    assert all(np.isnan(value) or value == pytest.approx(500.0) for value in found[:1])


@pytest.mark.parametrize("matrix", MATRICES)
def test_the_trace_converges_to_that_of_the_full_matrix(matrix):
    found = trace(pooled(), LOSS, BATCHES, matrix=matrix, num_samples=120, seed=5)
    true = full(matrix).numpy()
    expected = np.trace(true)
    assert abs(found.value - expected) < 4 * found.error
    # The variance of a term with random signs: twice the squares off the diagonal.
    deviation = np.sqrt(2 * (np.sum(true**2) - np.sum(np.diag(true) ** 2)))
    assert found.error == pytest.approx(deviation / np.sqrt(120), rel=0.25)


def test_the_standard_error_of_the_trace_is_that_of_a_mean():
    few, many = (trace(pooled(), LOSS, BATCHES, num_samples=number, seed=2) for number in (15, 240))
    assert few.error / many.error == pytest.approx(4.0, rel=0.4)


def test_the_trace_of_a_diagonal_matrix_is_exact():
    found = trace(Quadratic([-9.0, 2.0, 1.0]), height, PARABOLA, num_samples=2, seed=0)
    assert found.value == pytest.approx(-6.0)
    assert found.error == pytest.approx(0.0, abs=1e-12)


def smoothed(true, at, rank):
    """The spectrum, each eigenvalue spread by a Gaussian: half of the width with its margins is 1."""
    deviation = (true.max() - true.min()) * 1.1 / 2 * 2 / (rank - 1) / np.sqrt(8 * np.log(3))
    expected = norm.pdf(at[:, None], true, deviation).mean(axis=1)
    return expected / (expected.sum() * (at[1] - at[0]))


def test_the_density_of_a_small_matrix_is_its_smoothed_spectrum():
    true = np.array([-3.0, -1.0, 0.0, 0.5, 1.0, 6.0])
    found = spectral_density(Quadratic(true.tolist()), height, PARABOLA, num_bins=200, seed=1)
    assert (found.smallest, found.largest) == pytest.approx((-3.0, 6.0))
    assert found.at[[0, -1]] == pytest.approx([-3.0 - 0.05 * 9, 6.0 + 0.05 * 9])
    np.testing.assert_allclose(found.density, smoothed(true, found.at, 6), rtol=1e-9)


def test_the_density_of_a_large_matrix_converges_to_its_smoothed_spectrum():
    true = np.concatenate([np.linspace(-1.0, 1.0, 90), np.linspace(4.0, 6.0, 30)])
    options = {"num_samples": 40, "rank": 30, "num_bins": 200}
    found = spectral_density(Quadratic(true.tolist()), height, PARABOLA, seed=1, **options)
    expected = smoothed(true, found.at, 30)
    assert np.abs(found.density - expected).mean() < 0.1 * expected.mean()


class Rounded:
    """A diagonal matrix in single precision whose products are rounded as those of a network are."""

    def __init__(self, values):
        self.values, self.size, self.shape = torch.tensor(values, dtype=torch.float32), len(values), (len(values),) * 2
        self.dtype, self.device = torch.float32, torch.device("cpu")
        self.products, self._generator = 0, torch.Generator().manual_seed(0)

    def times(self, columns):
        self.products += columns.shape[1]
        noise = torch.randn(columns.shape, generator=self._generator) / self.size**0.5
        return self.values[:, None] * columns + 1e-7 * self.values.max() * noise

    def __matmul__(self, vector):
        return self.times(vector[:, None])[:, 0]

    def normals(self, number, generator):
        return torch.randn(number, self.size, generator=generator)

    to_scipy = CurvatureMatrix.to_scipy


@pytest.mark.parametrize("smallest", [0.0, -1.5])
def test_a_spectrum_that_ends_at_zero_has_ends(smallest):
    # Asked for a share of the eigenvalue itself, ARPACK never finds one of 0, and the density would be NaN.
    bulk = 0.05 * np.random.default_rng(0).exponential(size=500)
    matrix = Rounded([566.0, 421.0, 160.0, 114.0, 90.0, *bulk, *np.linspace(smallest, 0.0, 500)])
    low, high = curvature._ends(matrix, seed=3)
    assert high == pytest.approx(566.0, rel=1e-4)
    assert low == pytest.approx(smallest, abs=1e-4 * 566.0)
    assert matrix.products < 100


@settings(max_examples=10, deadline=None)
@given(rank=st.integers(2, 4), num_bins=st.integers(5, 40), seed=st.integers(0, 100))
def test_a_density_is_positive_and_integrates_to_one(rank, num_bins, seed):
    network = Quadratic([-9.0, 2.0, 1.0, 1.0, 0.0, 0.0, 0.0])
    found = spectral_density(network, height, PARABOLA, num_samples=2, rank=rank, num_bins=num_bins, seed=seed)
    assert (found.density >= 0).all()
    assert found.density.sum() * (found.at[1] - found.at[0]) == pytest.approx(1.0, abs=1e-4)
    assert -9.0 - 1e-9 <= found.smallest < found.largest <= 2.0 + 1e-9


def test_the_mean_of_a_density_is_the_mean_eigenvalue():
    values = [-9.0, 2.0, 1.0, 1.0, 0.5, 0.0, 0.0]
    found = spectral_density(Quadratic(values), height, PARABOLA, num_samples=300, rank=4, num_bins=200, seed=1)
    mean = (found.at * found.density).sum() * (found.at[1] - found.at[0])
    assert mean == pytest.approx(np.mean(values), abs=0.25)


def test_a_matrix_of_one_eigenvalue_has_a_density():
    found = spectral_density(Quadratic([2.0, 2.0, 2.0]), height, PARABOLA, num_bins=11, seed=2)
    assert found.at[found.density.argmax()] == pytest.approx(2.0)
    assert np.isfinite(found.density).all()


def test_the_seed_decides_and_the_global_generator_does_not():
    for measure in (top_eigenvalues, trace, spectral_density):
        results = []
        for seed in (4, 4, 5):
            torch.rand(3)
            results.append(measure(pooled(), LOSS, BATCHES, seed=seed))
        as_text = [repr(result) for result in results]
        assert as_text[0] == as_text[1]
        assert measure is top_eigenvalues or as_text[0] != as_text[2]


@pytest.mark.parametrize("measure", [top_eigenvalues, trace, spectral_density])
def test_defect_the_model_is_changed(measure):
    network = pooled().requires_grad_(requires_grad=False)
    before = state_of(network)
    measure(network, LOSS, BATCHES, seed=0)
    assert is_same(before, state_of(network))


def test_a_network_that_diverged_has_nan():
    network = pooled()
    nn.init.constant_(network[0].weight, float("nan"))
    assert np.isnan(top_eigenvalues(network, LOSS, BATCHES, num=3, seed=0)).tolist() == [True] * 3
    assert np.isnan(trace(network, LOSS, BATCHES, seed=0).value)
    found = spectral_density(network, LOSS, BATCHES, num_bins=7, seed=0)
    assert np.isnan(found.density).tolist() == [True] * 7
    assert np.isnan(found.smallest)


def test_numbers_out_of_range_are_refused():
    seen = (Quadratic([1.0, 2.0]), height, PARABOLA)
    with pytest.raises(ArgumentError, match=r"^`num` must be at least 1; got 0. Pass 1 for the largest eigenvalue.$"):
        top_eigenvalues(*seen, num=0, seed=0)
    with pytest.raises(
        ArgumentError, match=r"^`num` must be at most 2, the number of parameters; got 3. Ask for fewer"
    ):
        top_eigenvalues(*seen, num=3, seed=0)
    with pytest.raises(ArgumentError, match=r"^`num_samples` must be at least 2; got 1. A standard error needs two"):
        trace(*seen, num_samples=1, seed=0)
    for name, least in (("num_samples", 1), ("rank", 2), ("num_bins", 2)):
        with pytest.raises(ArgumentError, match=f"^`{name}` must be at least {least}; got {least - 1}. Pass"):
            spectral_density(*seen, **{name: least - 1}, seed=0)
