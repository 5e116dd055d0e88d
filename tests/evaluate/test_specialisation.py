import numpy as np
import pytest

from modescape.core.errors import ArgumentError
from modescape.evaluate import class_accuracies, class_spread, exchanged_accuracies, specialisation


def drawn(seed=0, members=6, *, special=0.0, overall=0.0, examples=240, classes=3):
    """Examples of different difficulty; members that are better overall, or each at one class."""
    generator = np.random.default_rng(seed)
    truth = generator.integers(classes, size=examples)
    ease = generator.random(examples) * 0.8 + 0.1
    gift = special * (np.arange(members)[:, None] % classes == truth) + overall * np.linspace(-1, 1, members)[:, None]
    return generator.random((members, examples)) < np.clip(ease + gift - special / classes, 0, 1), truth


def spread(right, truth, classes=3, **changes):
    return class_spread(right, truth, **{"num_classes": classes, "num_resamples": 199, "seed": 4, **changes})


def test_accuracies_are_means_over_the_examples_of_a_class():
    right, truth = drawn()
    found = class_accuracies(right, truth, num_classes=4)
    for label in range(3):
        np.testing.assert_allclose(found[:, label], right[:, truth == label].mean(axis=1))
    assert np.isnan(found[:, 3]).all()


def test_exchanges_keep_how_many_are_right_and_treat_all_members_alike():
    right, truth = drawn(1, overall=0.3)
    found = np.stack(list(exchanged_accuracies(right, truth, num_classes=3, num_resamples=400, seed=2)))
    whole = class_accuracies(right, truth, num_classes=3)
    np.testing.assert_allclose(found.mean(axis=1), np.broadcast_to(whole.mean(axis=0), (400, 3)))
    np.testing.assert_allclose(found.mean(axis=0), np.broadcast_to(whole.mean(axis=0), (6, 3)), atol=0.01)
    again = next(exchanged_accuracies(right, truth, num_classes=3, num_resamples=1, seed=2))
    np.testing.assert_array_equal(found[0], again)
    assert not np.array_equal(again, next(exchanged_accuracies(right, truth, num_classes=3, num_resamples=1, seed=3)))


def test_spread_is_that_of_the_interaction():
    right, truth = drawn(2, special=0.3)
    accuracy = class_accuracies(right, truth, num_classes=3)
    left = np.zeros((6, 3))
    for m in range(6):
        for c in range(3):
            left[m, c] = accuracy[m, c] - accuracy[m].mean() - accuracy[:, c].mean() + accuracy.mean()
    np.testing.assert_allclose(spread(right, truth).spread, np.sqrt((left**2).sum(axis=0) / 5))


def test_chance_in_closed_form_is_the_mean_over_exchanges():
    right, truth = drawn(3, examples=90)
    exchanged = np.stack(list(exchanged_accuracies(right, truth, num_classes=3, num_resamples=3000, seed=2)))
    left = exchanged - exchanged.mean(axis=2, keepdims=True)
    variance = left.var(axis=1, ddof=1).mean(axis=0)
    np.testing.assert_allclose(spread(right, truth).expected ** 2, variance, rtol=0.08)


def test_members_that_specialise_are_told_from_those_that_are_only_better():
    gifted, better = spread(*drawn(4, special=0.4)), spread(*drawn(4, overall=0.15))
    assert gifted.ratio > 3 > gifted.chance_high
    assert gifted.ratio_low > 1
    assert gifted.ratio_p == pytest.approx(1 / 200)
    assert (gifted.spread > gifted.high).all()
    assert better.chance_low < better.ratio < better.chance_high
    assert better.ratio_p > 0.05
    assert gifted.chance == "exchanges"


def test_p_values_have_their_level_where_nobody_specialises():
    found = [spread(*drawn(seed, examples=60), num_resamples=39, seed=seed) for seed in range(80)]
    p = np.array([each.ratio_p for each in found])
    assert 0.0 <= (p <= 0.1).mean() < 0.2
    assert np.mean([each.ratio for each in found]) == pytest.approx(1.0, abs=0.15)


def test_with_very_many_members_chance_is_the_limit(monkeypatch):
    right, truth = drawn(5, members=8, special=0.1, examples=600)
    exact = spread(right, truth, num_resamples=1000)
    monkeypatch.setattr(specialisation, "MOST_DRAWS", 1)
    limit = spread(right, truth, num_resamples=1000)
    assert limit.chance == "chi-square"
    np.testing.assert_allclose(limit.low, exact.low, rtol=0.12)
    np.testing.assert_allclose(limit.high, exact.high, rtol=0.12)
    np.testing.assert_allclose(limit.p, exact.p, atol=0.06)
    assert limit.ratio == exact.ratio


def test_classes_without_examples_do_not_count():
    right, truth = drawn(6)
    found, reference = spread(right, truth, classes=4), spread(right, truth)
    np.testing.assert_allclose(found.spread[:3], reference.spread)
    np.testing.assert_allclose(found.expected[:3], reference.expected)
    assert np.isnan([found.spread[3], found.expected[3], found.low[3], found.p[3]]).all()
    assert found.ratio == pytest.approx(reference.ratio)


def test_where_there_is_nothing_to_compare_all_is_nan():
    right, truth = drawn(7)
    for found in (spread(right[:1], truth), spread(right, np.zeros_like(truth))):
        assert np.isnan([found.ratio, found.ratio_p]).all()
        assert np.isnan(found.spread).all()
    sure = spread(np.ones_like(right), truth)
    assert np.isnan(sure.ratio)
    assert (sure.spread < 1e-12).all()
    assert np.isnan(spread(right[:2], truth).ratio_low)


def test_bad_input():
    right, truth = drawn(8)
    rule = r"`correct` must be true or false, of the shape \(member, example\) with at least one of each"
    with pytest.raises(ArgumentError, match=rf"{rule}; got int64 of shape \(6, 240\). Compare the decisions"):
        class_accuracies(right.astype(int), truth, num_classes=3)
    with pytest.raises(ArgumentError, match=r"`labels` must lie in \[0, 2\)"):
        spread(right, truth, classes=2)
    with pytest.raises(ArgumentError, match=r"`num_resamples` must be at least 1; got 0"):
        spread(right, truth, num_resamples=0)
    with pytest.raises(ArgumentError, match=r"`num_classes` must be at least 1; got 0"):
        class_accuracies(right, truth, num_classes=0)
    with pytest.raises(ArgumentError, match=r"`confidence` must lie strictly between 0 and 1"):
        spread(right, truth, confidence=2.0)


def test_the_interval_of_the_ratio_is_the_jackknifes():
    right, truth = drawn(9, special=0.3)
    found = spread(right, truth, confidence=0.8)
    logs = [np.log(spread(np.delete(right, member, axis=0), truth, num_resamples=1).ratio) for member in range(6)]
    pseudo = 6 * np.log(found.ratio) - 5 * np.array(logs)
    half = 1.4758840488244815 * pseudo.std(ddof=1) / np.sqrt(6)
    ends = np.exp([pseudo.mean() - half, pseudo.mean() + half])
    assert (found.ratio_low, found.ratio_high) == pytest.approx(tuple(ends))
