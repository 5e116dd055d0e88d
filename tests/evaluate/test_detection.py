"""AUROC and FPR95."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score, roc_curve

from modescape.core.errors import ArgumentError
from modescape.core.seeds import Stream, derived_seed
from modescape.evaluate import bootstrap_weights, detection


def slow(known, foreign):
    scores = np.concatenate([known, foreign])
    auroc = roc_auc_score(np.repeat([0, 1], [len(known), len(foreign)]), scores)
    kept = np.repeat([1, 0], [len(known), len(foreign)])
    false, true, _ = roc_curve(kept, -scores, drop_intermediate=False)
    return auroc, min(f for f, t in zip(false, true, strict=True) if round(t * len(known)) * 20 >= 19 * len(known))


def make_scores(seed, num_known=37, num_foreign=52, decimals=1):
    generator = np.random.default_rng(seed)
    known, foreign = generator.normal(size=num_known), generator.normal(0.8, 1.3, size=num_foreign)
    return known.round(decimals), foreign.round(decimals)


@pytest.mark.parametrize("decimals", [0, 1, 9])
@pytest.mark.parametrize("num_known", [7, 20, 21, 300])
def test_agrees_with_scikit_learn(num_known, decimals):
    known, foreign = make_scores(num_known, num_known=num_known, decimals=decimals)
    found = detection(known, foreign, num_resamples=3, seed=0)
    assert (found.auroc, found.fpr95) == pytest.approx(slow(known, foreign), abs=1e-12)


@pytest.mark.parametrize("chunk", [1, 300, 2**21])
def test_intervals_agree_with_drawing_the_examples(monkeypatch, chunk):
    # The function hides its module of the same name.
    monkeypatch.setattr(sys.modules[detection.__module__], "CHUNK_ENTRIES", chunk)
    known, foreign = make_scores(1)
    found = detection(known, foreign, num_resamples=25, confidence=0.7, seed=6)
    drawn = [
        [np.repeat(scores, row.astype(int)) for row in bootstrap_weights(len(scores), num_resamples=25, seed=seed)]
        for scores, seed in (
            (known, derived_seed(6, Stream.BOOTSTRAP, 0)),
            (foreign, derived_seed(6, Stream.BOOTSTRAP, 1)),
        )
    ]
    low, high = np.quantile([slow(*pair) for pair in zip(*drawn, strict=True)], [0.15, 0.85], axis=0)
    assert (found.auroc_low, found.fpr95_low) == pytest.approx(low)
    assert (found.auroc_high, found.fpr95_high) == pytest.approx(high)
    assert (found.confidence, found.num_resamples) == (0.7, 25)


def test_known_and_foreign_are_drawn_apart():
    # Drawn with the same weights, equal scores in both sets would give exactly 1/2 in every resample.
    scores = np.arange(30.0)
    found = detection(scores, scores, num_resamples=100, seed=0)
    assert found.auroc == 0.5
    assert found.auroc_low < 0.45
    assert found.auroc_high > 0.55


def test_closed_forms():
    low, high = np.arange(10.0), np.arange(10.0, 30.0)
    found = detection(low, high, num_resamples=20, seed=0)
    assert (found.auroc, found.auroc_low, found.auroc_high) == (1.0, 1.0, 1.0)
    assert (found.fpr95, found.fpr95_low, found.fpr95_high) == (0.0, 0.0, 0.0)
    found = detection(high, low, num_resamples=20, seed=0)
    assert (found.auroc, found.fpr95, found.fpr95_high) == (0.0, 1.0, 1.0)
    found = detection(np.zeros(4), np.zeros(3), num_resamples=20, seed=0)
    assert (found.auroc, found.fpr95) == (0.5, 1.0)
    # 19 of 20 known examples are kept with the threshold at their 19th score: nothing of the foreign lies below.
    assert detection(np.arange(20.0), np.array([18.5, 30.0]), num_resamples=2, seed=0).fpr95 == 0.0
    assert detection(np.arange(19.0), np.array([17.5, 30.0]), num_resamples=2, seed=0).fpr95 == 0.5


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_laws(seed):
    known, foreign = make_scores(seed, num_known=15, num_foreign=11)
    found = detection(known, foreign, num_resamples=30, seed=seed)
    for low, value, high in (
        (found.auroc_low, found.auroc, found.auroc_high),
        (found.fpr95_low, found.fpr95, found.fpr95_high),
    ):
        assert 0 <= low <= high <= 1
        assert 0 <= value <= 1
    assert detection(foreign, known, num_resamples=1, seed=0).auroc == pytest.approx(1 - found.auroc)
    rising = detection(np.exp(known), np.exp(foreign), num_resamples=30, seed=seed)
    assert vars(rising) == vars(found)
    further = detection(known, foreign + 1, num_resamples=1, seed=0)
    assert further.auroc >= found.auroc
    assert further.fpr95 <= found.fpr95


def test_interval_covers_the_truth_as_often_as_it_says():
    generator = np.random.default_rng(5)
    truth, covered = 0.5 * (1 + 0.5204998778), []  # Phi(1 / sqrt 2) for unit Gaussians 1 apart
    for seed in range(200):
        found = detection(
            generator.normal(size=80), generator.normal(1, size=80), num_resamples=200, confidence=0.9, seed=seed
        )
        covered.append(found.auroc_low <= truth <= found.auroc_high)
    assert truth == pytest.approx(0.7602, abs=1e-4)
    assert 0.83 < np.mean(covered) < 0.97


def test_bad_input():
    fine = np.arange(3.0)
    with pytest.raises(ArgumentError, match=r"`known_scores` must hold one score for each example.*got shape \(0,\)"):
        detection(fine[:0], fine, seed=0)
    with pytest.raises(ArgumentError, match=r"`foreign_scores` must hold one score for each.*got shape \(1, 3\)"):
        detection(fine, fine[None], seed=0)
    with pytest.raises(ArgumentError, match=r"`foreign_scores` must be finite; got nan for example 1\. Look"):
        detection(fine, np.array([0.0, np.nan]), seed=0)
    with pytest.raises(ArgumentError, match=r"`confidence` must lie strictly between 0 and 1"):
        detection(fine, fine, confidence=95, seed=0)
    with pytest.raises(ArgumentError, match=r"`num_resamples` must be at least 1"):
        detection(fine, fine, num_resamples=0, seed=0)
    with pytest.raises(ArgumentError, match=r"`seed` must be at least 0"):
        detection(fine, fine, seed=-1)
