"""The curve of size and the gain of the next member."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student

from modescape.combine import mean_of_probabilities
from modescape.core.errors import ArgumentError
from modescape.evaluate import accuracy, bootstrap_weights, brier, fitted_power_law, nll, returns

OPTIONS = {"num_resamples": 40, "confidence": 0.8, "seed": 5}
ENDS = ("gain_low", "gain_high", "limit_low", "limit_high")


def softmax(logits):
    odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return odds / odds.sum(axis=-1, keepdims=True)


def drawn(generator, num_members, num_examples, num_classes=3):
    """Draw members of different quality, and the labels."""
    truth = 1.5 * generator.standard_normal((num_examples, num_classes))
    labels = (1.5 * truth + generator.gumbel(size=truth.shape)).argmax(axis=1)
    noise = np.exp(0.2 * generator.standard_normal((num_members, 1, 1)))
    return softmax(2.0 * (truth + 0.8 * noise * generator.standard_normal((num_members, *truth.shape)))), labels


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 10**6), num_members=st.integers(2, 5))
def test_the_brier_score_of_all_subsets_is_exactly_a_limit_and_a_spread_over_size(seed, num_members):
    members, labels = drawn(np.random.default_rng(seed), num_members, 12)
    found = returns(members, labels, ahead=2, num_resamples=2, seed=0)
    for size in range(1, num_members + 1):
        scores = [brier(members[list(s)].mean(axis=0), labels) for s in combinations(range(num_members), size)]
        assert found.value[2, size - 1] == pytest.approx(np.mean(scores))
        assert found.fit[2, size - 1] == pytest.approx(np.mean(scores))
    spread = members.var(axis=0, ddof=1).sum(axis=-1).mean()
    assert found.gain[2] == pytest.approx(-spread / (num_members * (num_members + 1)))


def test_values_and_fits_are_those_of_an_obvious_loop(make_members):
    members, labels = make_members(4, num_members=6, num_examples=50)
    found = returns(members, labels, ahead=3, **OPTIONS)
    assert found.sizes.tolist() == list(range(1, 10))
    for row, metric in enumerate((accuracy, nll)):
        means = [
            np.mean([metric(mean_of_probabilities(members[list(s)]), labels) for s in combinations(range(6), size)])
            for size in range(1, 7)
        ]
        np.testing.assert_allclose(found.value[row, :6], means)
        law = fitted_power_law(range(1, 7), means)
        np.testing.assert_allclose(found.fit[row], law.at(range(1, 10)))
        assert found.gain[row] == pytest.approx(law.at([7])[0] - law.at([6])[0])
        assert (found.limit[row], found.rate[row]) == pytest.approx((float(law.limit), float(law.rate)))
    assert np.isnan(found.value[:, 6:]).all()
    assert found.num_subsets.tolist() == [6, 15, 20, 15, 6, 1]


def test_intervals_of_the_brier_score_add_examples_and_members(make_members):
    members, labels = make_members(8, num_members=4, num_examples=40)
    found = returns(members, labels, ahead=1, **OPTIONS)

    def gain(some, rows):
        return -some[:, rows].var(axis=0, ddof=1).sum(axis=-1).mean() / 20

    drawings = bootstrap_weights(40, num_resamples=40, seed=5).astype(int)
    examples = np.var([gain(members, np.repeat(np.arange(40), row)) for row in drawings], ddof=1)
    without = [gain(np.delete(members, one, axis=0), np.arange(40)) for one in range(4)]
    others = 3 / 4 * ((without - np.mean(without)) ** 2).sum()
    freedom = (examples + others) ** 2 / (examples**2 / 39 + others**2 / 3)
    half = student.ppf(0.9, freedom) * np.sqrt(examples + others)
    assert (found.gain_low[2], found.gain_high[2]) == pytest.approx((found.gain[2] - half, found.gain[2] + half))


def test_intervals_of_the_nll_leave_out_members_at_the_rate_of_all(make_members):
    members, labels = make_members(8, num_members=5, num_examples=30)
    found = returns(members, labels, ahead=1, **OPTIONS)

    def curve(some, rows, largest):
        means = [
            np.mean([nll(some[list(s)].mean(axis=0)[rows], labels[rows]) for s in combinations(range(len(some)), size)])
            for size in range(1, largest + 1)
        ]
        return np.array(means)

    def gain(means, rate=None):
        after, before = fitted_power_law(range(1, len(means) + 1), means, rate=rate).at([6, 5])
        return after - before

    drawings = bootstrap_weights(30, num_resamples=40, seed=5).astype(int)
    examples = np.var([gain(curve(members, np.repeat(np.arange(30), row), 5)) for row in drawings], ddof=1)
    rows = np.arange(30)
    without = [gain(curve(np.delete(members, one, axis=0), rows, 4), found.rate[1]) for one in range(5)]
    others = 4 / 5 * ((without - np.mean(without)) ** 2).sum()
    freedom = (examples + others) ** 2 / (examples**2 / 29 + others**2 / 4)
    half = student.ppf(0.9, freedom) * np.sqrt(examples + others)
    assert found.gain_high[1] - found.gain_low[1] == pytest.approx(2 * half, rel=1e-3)


def test_intervals_of_the_gain_hold_the_truth_about_as_often_as_they_say():
    generator, confidence = np.random.default_rng(11), 0.8
    big, labels = drawn(generator, 360, 1200)
    sums = np.stack([big[start : start + 6] for start in range(0, 360, 6)])
    with_six = np.mean([nll(group.mean(axis=0), labels) for group in sums])
    with_five = np.mean([nll(np.delete(group, one, axis=0).mean(axis=0), labels) for group in sums for one in (0, 3)])
    truth = {1: with_six - with_five, 2: -big.var(axis=0, ddof=1).sum(axis=-1).mean() / 30}
    hits = np.zeros(3)
    for seed in range(60):
        found = returns(*drawn(generator, 5, 120), ahead=1, num_resamples=50, confidence=confidence, seed=seed)
        for row, gain in truth.items():
            hits[row] += found.gain_low[row] <= gain <= found.gain_high[row]
    # Three standard deviations of 60 tosses are 9.
    assert (hits[1:] >= 0.8 * 60 - 10).all()
    assert (hits[1:] < 60).all()


@pytest.mark.parametrize("num_members", [3, 4])
def test_few_members_allow_every_rate(make_members, num_members):
    members, labels = make_members(2, num_members=num_members, num_examples=40)
    found = returns(members, labels, **OPTIONS)
    assert f"With {num_members} members the rate" in found.notes[0]
    assert np.isfinite([getattr(found, end) for end in ENDS]).all()
    steps = []
    for rate in (0.5, 2.0):
        law = fitted_power_law(range(1, num_members + 1), found.value[1, :num_members], rate=rate)
        after, before = law.at([num_members + 1, num_members])
        steps.append(after - before)
    assert found.gain_low[1] < min(steps)
    assert found.gain_high[1] > max(steps)


def test_two_members_give_a_curve_without_intervals(make_members):
    members, labels = make_members(2, num_members=2)
    found = returns(members, labels, **OPTIONS)
    assert np.isfinite(found.gain).all()
    assert found.rate.tolist() == [1.0, 1.0, 1.0]
    assert np.isnan([getattr(found, end) for end in ENDS]).all()
    assert "Two members say nothing of how much members vary" in found.notes[0]


def test_one_member_gives_no_curve(make_members):
    members, labels = make_members(2, num_members=1)
    found = returns(members, labels, **OPTIONS)
    assert found.value[1, 0] == pytest.approx(nll(members[0], labels))
    assert np.isnan([found.gain, found.limit, found.rate]).all()
    assert np.isnan(found.fit).all()
    assert found.notes[0].startswith("One member says nothing of a second one")


def test_the_same_members_in_another_order_have_the_same_curve(make_members):
    members, labels = make_members(6, num_members=5)
    first, second = (returns(some, labels, **OPTIONS) for some in (members, members[[3, 1, 4, 0, 2]]))
    for name in ("value", "fit", "fit_low", "fit_high", "gain_low", "limit_high"):
        np.testing.assert_allclose(getattr(first, name), getattr(second, name), atol=1e-9)


def test_many_members_are_sampled_and_repeat(make_members):
    members, labels = make_members(6, num_members=20, num_examples=20)
    first, second = (returns(members, labels, max_subsets=20, **OPTIONS) for _ in range(2))
    np.testing.assert_array_equal(first.gain_low, second.gain_low)
    assert np.isfinite([getattr(first, end) for end in ENDS]).all()
    assert first.num_subsets.max() == 20


def test_equal_members_gain_nothing(make_members):
    members, labels = make_members(6, num_members=1)
    found = returns(np.repeat(members, 5, axis=0), labels, **OPTIONS)
    np.testing.assert_allclose([found.gain, found.gain_low, found.gain_high], 0.0, atol=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ahead": 0}, "`ahead` must be at least 1; got 0"),
        ({"max_subsets": 3}, "`max_subsets` must be at least 4; got 3"),
        ({"num_resamples": 1}, "`num_resamples` must be at least 2; got 1"),
        ({"confidence": 1.0}, "`confidence` must lie strictly between 0 and 1"),
    ],
)
def test_wrong_settings_are_refused(make_members, options, message):
    with pytest.raises(ArgumentError, match=message):
        returns(*make_members(0), **{"seed": 0, **options})
