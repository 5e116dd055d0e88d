"""Wilson's interval and the bootstrap over examples."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, bootstrap

from modescape.core.errors import ArgumentError
from modescape.evaluate import (
    bootstrap_mean_interval,
    bootstrap_means,
    bootstrap_weights,
    intervals,
    percentile_interval,
    proportion_interval,
)


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.99])
def test_wilson_agrees_with_scipy(confidence):
    counts, totals = np.array([[0, 1, 7], [3, 499, 10_000]]), np.array([[4, 1, 20], [3, 500, 10_001]])
    low, high = proportion_interval(counts, totals, confidence=confidence)
    for place in np.ndindex(counts.shape):
        expected = binomtest(int(counts[place]), int(totals[place])).proportion_ci(confidence, method="wilson")
        assert (low[place], high[place]) == (pytest.approx(expected.low), pytest.approx(expected.high))


def test_wilson_uses_95_percent_broadcasts_and_takes_tensors():
    expected = binomtest(3, 20).proportion_ci(0.95, method="wilson")
    low, high = proportion_interval(torch.tensor([3, 20]), 20)
    assert (low[0], high[0]) == (pytest.approx(expected.low), pytest.approx(expected.high))
    assert low.shape == high.shape == (2,)
    assert high[1] == 1.0
    assert proportion_interval(0, 5)[0] == 0.0


@settings(max_examples=30, deadline=None)
@given(total=st.integers(1, 10**5), share=st.floats(0, 1), confidence=st.floats(0.01, 0.999))
def test_wilson_holds_the_fraction_and_is_symmetric(total, share, confidence):
    count = round(share * total)
    low, high = proportion_interval(count, total, confidence=confidence)
    assert 0 <= low <= count / total + 1e-15
    assert count / total - 1e-15 <= high <= 1
    other_low, other_high = proportion_interval(total - count, total, confidence=confidence)
    np.testing.assert_allclose([other_low, other_high], [1 - high, 1 - low], atol=1e-12)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95, -0.1, float("nan")])
def test_confidence_is_checked_everywhere(confidence):
    scores, weights = np.ones(2), np.ones((3, 2))
    for call in (
        lambda: proportion_interval(1, 2, confidence=confidence),
        lambda: percentile_interval(scores, confidence),
        lambda: bootstrap_mean_interval(scores, weights, confidence),
    ):
        with pytest.raises(ArgumentError, match=r"`confidence` must lie strictly between 0 and 1; got .*0\.95"):
            call()


def test_wilson_refuses_impossible_counts():
    with pytest.raises(ArgumentError, match=r"`count` must lie between 0 and total; got 6 of 5\."):
        proportion_interval([1, 6], 5)
    with pytest.raises(ArgumentError, match=r"`count` must lie between 0 and total; got -1 of 5\."):
        proportion_interval(-1, 5)
    with pytest.raises(ArgumentError, match=r"`count` must lie between 0 and total; got nan of 5\."):
        proportion_interval(np.nan, 5)
    with pytest.raises(ArgumentError, match=r"`total` must be above 0; got 0\."):
        proportion_interval(0, [5, 0])


def test_weights_are_resamples():
    weights = bootstrap_weights(40, num_resamples=3000, seed=5)
    assert weights.dtype == np.float32
    assert weights.shape == (3000, 40)
    assert (weights.sum(axis=1) == 40).all()
    assert np.array_equal(weights, np.round(weights))
    # Multinomial: mean 1, variance 1 - 1/N, covariance -1/N.
    np.testing.assert_allclose(weights.mean(axis=0), 1.0, atol=0.1)
    covariance = np.cov(weights.T)
    assert covariance.diagonal().mean() == pytest.approx(1 - 1 / 40, rel=0.02)
    assert covariance[~np.eye(40, dtype=bool)].mean() == pytest.approx(-1 / 40, rel=0.02)


def test_weights_depend_on_the_seed_alone():
    first = bootstrap_weights(9, num_resamples=4, seed=1)
    assert np.array_equal(first, bootstrap_weights(9, num_resamples=4, seed=1))
    assert not np.array_equal(first, bootstrap_weights(9, num_resamples=4, seed=2))


def test_weights_refuse_nothing_to_draw():
    with pytest.raises(ArgumentError, match=r"`num_examples` must be at least 1; got 0\."):
        bootstrap_weights(0, num_resamples=3, seed=0)
    with pytest.raises(ArgumentError, match=r"`num_resamples` must be at least 1; got 0\. Pass 1000"):
        bootstrap_weights(3, num_resamples=0, seed=0)
    with pytest.raises(ArgumentError, match=r"`seed` must be at least 0; got -1\."):
        bootstrap_weights(3, num_resamples=3, seed=-1)


@pytest.mark.parametrize("chunk", [1, 50, 2**22])
@pytest.mark.parametrize("shape", [(), (2,), (2, 3)])
def test_means_agree_with_drawing_the_examples(monkeypatch, chunk, shape):
    monkeypatch.setattr(intervals, "CHUNK_ENTRIES", chunk)
    scores = np.random.default_rng(0).standard_normal((*shape, 11))
    weights = bootstrap_weights(11, num_resamples=6, seed=2)
    found = bootstrap_means(scores, weights)
    assert found.shape == (*shape, 6)
    for resample, row in enumerate(weights.astype(int)):
        expected = np.repeat(scores, row, axis=-1).mean(axis=-1)
        np.testing.assert_allclose(found[..., resample], expected, rtol=1e-12)


def test_interval_agrees_with_percentiles_and_with_scipy():
    scores = np.random.default_rng(1).exponential(size=80)
    weights = bootstrap_weights(80, num_resamples=4000, seed=3)
    low, high = bootstrap_mean_interval(scores, weights, 0.8)
    means = [np.repeat(scores, row.astype(int)).mean() for row in weights]
    np.testing.assert_allclose([low, high], np.percentile(means, [10, 90]))
    expected = bootstrap((scores,), np.mean, n_resamples=4000, confidence_level=0.8, method="percentile", rng=0)
    np.testing.assert_allclose([low, high], expected.confidence_interval, atol=0.15 * (high - low))
    assert np.array_equal(bootstrap_mean_interval(scores, weights), bootstrap_mean_interval(scores, weights, 0.95))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), shift=st.floats(-5, 5))
def test_rows_are_paired(seed, shift):
    scores = np.random.default_rng(seed).standard_normal(30)
    weights = bootstrap_weights(30, num_resamples=50, seed=seed)
    first, second = bootstrap_means(np.stack([scores, scores + shift]), weights)
    np.testing.assert_allclose(second - first, shift, atol=1e-12)
    narrow, wide = (bootstrap_mean_interval(scores, weights, level) for level in (0.5, 0.9))
    assert wide[0] <= narrow[0] <= narrow[1] <= wide[1]


def test_interval_covers_a_known_mean_as_often_as_it_says():
    generator = np.random.default_rng(11)
    weights = bootstrap_weights(60, num_resamples=400, seed=4)
    low, high = bootstrap_mean_interval(generator.normal(2.0, 3.0, size=(800, 60)), weights, 0.9)
    assert 0.86 < np.mean((low <= 2.0) & (high >= 2.0)) < 0.93


def test_wilson_covers_a_known_fraction_as_often_as_it_says():
    low, high = proportion_interval(np.random.default_rng(12).binomial(50, 0.3, size=4000), 50, confidence=0.9)
    assert 0.87 < np.mean((low <= 0.3) & (high >= 0.3)) < 0.93


def test_scores_and_weights_are_checked():
    weights = bootstrap_weights(4, num_resamples=2, seed=0)
    with pytest.raises(ArgumentError, match=r"`scores` must have 4 examples along the last axis.*got shape \(3,\)"):
        bootstrap_means(np.ones(3), weights)
    with pytest.raises(ArgumentError, match=r"`scores` must be finite; got nan at \(1, 2\)\."):
        bootstrap_means(np.array([[0.0] * 4, [0, 0, np.nan, 0]]), weights)
    with pytest.raises(ArgumentError, match=r"`weights` must have the shape \(resample, example\).*got shape \(4,\)"):
        bootstrap_means(np.ones(4), weights[0])
    with pytest.raises(ArgumentError, match=r"`resampled` must have a last axis with at least one resample"):
        percentile_interval(np.ones((3, 0)))
