"""Resamples of examples and percentiles of them."""

import numpy as np
import pytest

from modescape.core.errors import ArgumentError
from modescape.evaluate import bootstrap_means, bootstrap_weights, percentile_interval
from modescape.landscapes import resampling
from modescape.landscapes.resampling import interval_of, resampled_means


@pytest.mark.parametrize("rows", [1, 5, 64])
def test_resamples_are_those_of_the_room_for_evaluation(monkeypatch, rows):
    monkeypatch.setattr(resampling, "ROWS", rows)
    scores = np.random.default_rng(0).standard_normal((3, 17))
    expected = bootstrap_means(scores, bootstrap_weights(17, num_resamples=12, seed=5))
    np.testing.assert_allclose(resampled_means(scores, num_resamples=12, seed=5), expected, rtol=1e-12)


def test_interval_is_that_of_the_room_for_evaluation():
    values = np.random.default_rng(1).standard_normal((2, 101))
    for confidence in (0.5, 0.9):
        np.testing.assert_array_equal(interval_of(values, confidence), percentile_interval(values, confidence))


def test_what_is_undefined_may_lie_anywhere():
    values = np.arange(100.0)
    values[0] = np.nan
    low, high = interval_of(values, 0.9)
    assert (low, high) == (pytest.approx(4, abs=1), pytest.approx(95, abs=1))
    values[:10] = np.nan
    assert np.isnan(interval_of(values, 0.9)).all()
    assert np.isnan(interval_of(np.full((2, 5), np.nan), 0.5)).all()


def test_arguments_are_checked():
    with pytest.raises(ArgumentError, match=r"`num_resamples` must be at least 1; got 0\. Pass 1000"):
        resampled_means(np.ones((1, 2)), num_resamples=0, seed=0)
    with pytest.raises(ArgumentError, match=r"`seed` must be at least 0; got -1"):
        resampled_means(np.ones((1, 2)), num_resamples=1, seed=-1)
    for confidence in (0.0, 1.0, float("nan")):
        with pytest.raises(ArgumentError, match=r"`confidence` must lie strictly between 0 and 1; got .*Pass 0\.95"):
            interval_of(np.ones(3), confidence)
