"""Power laws of size."""

import numpy as np
import pytest
from scipy.optimize import curve_fit

from modescape.core.errors import ArgumentError
from modescape.evaluate import fitted_power_law
from modescape.evaluate.power_law import HIGHEST_RATE, LOWEST_RATE

SIZES = np.array([1.0, 2.0, 3.0, 5.0, 8.0, 9.0])


def noisy_curves(number=6, seed=3):
    generator = np.random.default_rng(seed)
    rates = generator.uniform(0.6, 1.8, (number, 1))
    return 0.3 + 0.2 * SIZES**-rates + 0.004 * generator.standard_normal((number, len(SIZES)))


def test_fits_are_those_of_scipy():
    found = fitted_power_law(SIZES, noisy_curves().reshape(2, 3, -1))
    assert found.rate.shape == (2, 3)
    for place, curve in enumerate(noisy_curves()):
        expected, _ = curve_fit(
            lambda k, limit, scale, rate: limit + scale * k**-rate,
            SIZES,
            curve,
            p0=(0.3, 0.2, 1.0),
            sigma=SIZES**-1.5,
            bounds=([-9, -9, LOWEST_RATE], [9, 9, HIGHEST_RATE]),
        )
        ours = [part.ravel()[place] for part in (found.limit, found.scale, found.rate)]
        np.testing.assert_allclose(ours, expected, atol=2e-4)


@pytest.mark.parametrize("rate", [0.7, 1.0, 1.6])
def test_a_given_rate_is_kept_and_the_rest_is_least_squares(rate):
    curve = noisy_curves()[0]
    found = fitted_power_law(SIZES, curve, rate=rate)
    design = np.stack([np.ones_like(SIZES), SIZES**-rate], axis=1) * SIZES[:, None] ** 1.5
    expected = np.linalg.lstsq(design, curve * SIZES**1.5, rcond=None)[0]
    np.testing.assert_allclose([found.limit, found.scale], expected)
    assert found.rate == rate


@pytest.mark.parametrize(("true", "expected"), [(0.2, LOWEST_RATE), (5.0, HIGHEST_RATE)])
def test_rates_stay_within_their_bounds(true, expected):
    assert fitted_power_law(SIZES, 1.0 - SIZES**-true).rate == pytest.approx(expected)


def test_a_level_curve_is_its_limit():
    found = fitted_power_law(SIZES, np.full(len(SIZES), 0.25))
    np.testing.assert_allclose(found.at([1, 100]), 0.25)


@pytest.mark.parametrize("sizes", [[1, 2], [1, 1, 2], [0, 1, 2], [[1, 2, 3]]])
def test_too_few_sizes_are_refused(sizes):
    with pytest.raises(ArgumentError, match="`sizes` must hold at least 3 different sizes above 0; got"):
        fitted_power_law(sizes, np.zeros(3))


def test_values_must_fit_the_sizes():
    with pytest.raises(ArgumentError, match=r"`values` must have 3 sizes along the last axis; got shape \(2, 4\)"):
        fitted_power_law([1, 2, 3], np.zeros((2, 4)))
    with pytest.raises(ArgumentError, match=r"`rate` must be at least 0\.0; got -1"):
        fitted_power_law([1, 2], np.zeros(2), rate=-1)
