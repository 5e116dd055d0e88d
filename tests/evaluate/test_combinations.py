import numpy as np
import pytest
from scipy.stats import norm

from modescape.core.errors import ArgumentError
from modescape.evaluate import class_combinations


def drawn(gifts, seed=0, examples=600):
    """Members that are good at some of three classes."""
    generator = np.random.default_rng(seed)
    truth = generator.integers(3, size=examples)
    chance = np.array([[0.9 if label in gift else 0.6 for label in range(3)] for gift in gifts])
    return generator.random((len(gifts), examples)) < chance[:, truth], truth


def combined(right, truth, **changes):
    return class_combinations(right, truth, **{"num_classes": 3, "num_resamples": 199, "seed": 1, **changes})


def test_all_seven_combinations_are_named():
    found = combined(*drawn([(0,), (1,), (2,)]))
    assert found.combinations == ((), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2))


def test_gifts_are_found():
    gifts = [(0,), (0,), (1,), (1, 2), (0, 1), (2,), (0, 2)]
    found = combined(*drawn(gifts))
    for combination, count in zip(found.combinations, found.count, strict=True):
        assert count == gifts.count(combination)
    assert found.count.sum() == found.expected.sum().round(9) == 7
    assert found.expected[0] > 6
    assert found.p[1] < 0.05 < found.p_adjusted[1] <= 8 * found.p[1]
    assert found.p[0] == 1.0


def test_differences_and_their_intervals_are_those_of_a_loop():
    right, truth = drawn([(0,), (1,), (), (2,)], seed=3)
    found = combined(right, truth, confidence=0.8)
    z = norm.ppf(0.9)
    for label in range(3):
        rows = right[:, truth == label].astype(float)
        from_mean = rows - rows.mean(axis=0)
        error = np.sqrt((from_mean**2).sum(axis=1).mean()) / rows.shape[1]
        difference = rows.mean(axis=1) - rows.mean()
        np.testing.assert_allclose(found.accuracy[:, label], rows.mean(axis=1))
        np.testing.assert_allclose(found.difference[:, label], difference, atol=1e-12)
        np.testing.assert_allclose(found.difference_low[:, label], difference - z * error)
        np.testing.assert_allclose(found.difference_high[:, label], difference + z * error)


def test_by_chance_few_are_good_at_anything():
    right, truth = drawn([()] * 10, seed=5)
    found = combined(right, truth)
    assert found.count[0] >= 7
    assert found.expected[1] == pytest.approx(10 * 0.025, abs=0.2)
    assert (found.p_adjusted > 0.05).all()


def test_bad_input():
    right, truth = drawn([(0,), (1,)])
    with pytest.raises(ArgumentError, match=r"`num_classes` must lie in 2..6; got 7. Keep fewer classes"):
        combined(right, truth, num_classes=7)
    with pytest.raises(ArgumentError, match=r"`labels` must have examples of each class; got none of class 3"):
        combined(right, truth, num_classes=4)
    with pytest.raises(ArgumentError, match=r"`correct` must be true or false"):
        combined(right.astype(float), truth)
