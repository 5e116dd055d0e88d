"""AUROCs of resamples by the places of examples in the other sample."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from modescape.evaluate import bootstrap_weights, detection
from modescape.evaluate.placements import bootstrap_aurocs


def scores(num_known=70, num_foreign=50, seed=0):
    generator = np.random.default_rng(seed)
    # Rounded, so that there are ties within and between both.
    return generator.normal(0, 1, (3, num_known)).round(1), generator.normal(1, 1, (3, num_foreign)).round(1)


def weights(num_known=70, num_foreign=50, num_resamples=400):
    return [bootstrap_weights(n, num_resamples=num_resamples, seed=s) for s, n in enumerate((num_known, num_foreign))]


def test_values_are_those_of_scikit_learn():
    known, foreign = scores()
    value, _ = bootstrap_aurocs(known, foreign, *weights())
    truth = np.repeat([0, 1], [70, 50])
    expected = [roc_auc_score(truth, np.concatenate(pair)) for pair in zip(known, foreign, strict=True)]
    np.testing.assert_allclose(value, expected)


def test_resamples_are_those_of_scikit_learn_to_first_order():
    known, foreign = scores()
    known_weights, foreign_weights = weights(num_resamples=60)
    _, resampled = bootstrap_aurocs(known, foreign, known_weights, foreign_weights)
    truth = np.repeat([0, 1], [70, 50])
    both = np.concatenate([known, foreign], axis=1)
    exact = np.array(
        [
            [
                roc_auc_score(truth, row, sample_weight=np.concatenate(w))
                for w in zip(known_weights, foreign_weights, strict=True)
            ]
            for row in both
        ]
    )
    spread = exact.std(axis=1).mean()
    assert np.abs(resampled - exact).max() < 0.5 * spread
    np.testing.assert_allclose(resampled.std(axis=1), exact.std(axis=1), rtol=0.1)


def test_intervals_are_near_those_of_detection():
    known, foreign = scores(300, 200)
    _, resampled = bootstrap_aurocs(known, foreign, *weights(300, 200, 1000))
    exact = detection(known[0], foreign[0], seed=4)
    low, high = np.quantile(resampled[0], [0.025, 0.975])
    assert (low, high) == pytest.approx((exact.auroc_low, exact.auroc_high), abs=0.006)


def test_perfect_scores_stay_perfect():
    value, resampled = bootstrap_aurocs(np.zeros((1, 70)), np.ones((1, 50)), *weights())
    assert value[0] == 1.0
    assert (resampled == 1.0).all()
