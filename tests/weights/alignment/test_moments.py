import numpy as np
import pytest
import torch

from modescape.weights.alignment.moments import JointMoments


def rows(seed, units, shift=0.0):
    generator = torch.Generator().manual_seed(seed)
    mixed = torch.randn(40, 3, generator=generator) @ torch.randn(3, units, generator=generator)
    return mixed + 0.3 * torch.randn(40, units, generator=generator) + shift


def moments_of(first, second, size):
    found = JointMoments()
    for left, right in zip(first.split(size), second.split(size), strict=True):
        found.add(left, right)
    return found.correlation


@pytest.mark.parametrize("size", [40, 7, 1])
def test_correlations_are_those_of_numpy_however_rows_are_split(size):
    first, second = rows(0, 4), rows(1, 5)
    expected = np.corrcoef(first.double().numpy().T, second.double().numpy().T)[:4, 4:]
    np.testing.assert_allclose(moments_of(first, second, size), expected, atol=1e-5)


def test_large_means_cost_no_digits():
    first, second = rows(0, 4, shift=500.0), rows(1, 5, shift=-300.0)
    expected = np.corrcoef(first.double().numpy().T, second.double().numpy().T)[:4, 4:]
    np.testing.assert_allclose(moments_of(first, second, 9), expected, atol=1e-4)


def test_a_unit_that_never_changes_has_no_correlation():
    first, second = rows(0, 2), rows(1, 2)
    first[:, 1] = 0.1
    assert moments_of(first, second, 11)[1].tolist() == [0.0, 0.0]
    assert moments_of(first, first, 11)[0, 0] == pytest.approx(1.0)
