import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from modescape.core.errors import ArgumentError
from modescape.evaluate import mean_interval, pair_mean_interval, paired_effect, rank_correlation

NUMBERS = st.lists(st.integers(-5, 5), min_size=4, max_size=9)


def runs(num_runs=12, num_groups=3, seed=0):
    """A measure that follows the outcome loosely, with groups that differ; some values are tied."""
    generator = np.random.default_rng(seed)
    groups = np.arange(num_runs) % num_groups
    outcome = np.round(generator.normal(size=num_runs) + 3 * groups, 1)
    return np.round(outcome + generator.normal(size=num_runs), 1), outcome, groups


def slow_within(measure, outcome, groups):
    """Pearson's correlation of ranks within each group, put together after centring."""
    ranks = [[], []]
    for group in np.unique(groups):
        for found, values in zip(ranks, (measure, outcome), strict=True):
            own = stats.rankdata(values[groups == group])
            found.extend(own - own.mean())
    return np.nan if 0 in np.ptp(ranks, axis=1) else stats.pearsonr(*ranks).statistic


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_a_mean_has_the_interval_of_student(confidence):
    values = np.random.default_rng(1).normal(size=(2, 3, 7))
    mean, low, high = mean_interval(values, confidence=confidence)
    expected = stats.ttest_1samp(values, 0.0, axis=-1).confidence_interval(confidence)
    np.testing.assert_allclose(mean, values.mean(axis=-1))
    np.testing.assert_allclose(low, expected.low)
    np.testing.assert_allclose(high, expected.high)


def test_a_member_that_is_not_known_is_left_out_of_a_mean():
    mean, low, high = mean_interval([[1.0, np.nan, 4.0], [2.0, np.nan, np.nan], [np.nan] * 3], confidence=0.9)
    assert mean[:2].tolist() == [2.5, 2.0]
    expected = stats.ttest_1samp([1.0, 4.0], 0.0).confidence_interval(0.9)
    assert (low[0], high[0]) == pytest.approx(tuple(expected))
    assert np.isnan([mean[2], *low[1:], *high[1:]]).all()


def test_means_of_samples_lie_in_their_intervals_as_often_as_is_said():
    samples = np.random.default_rng(2).normal(3.0, 2.0, size=(4000, 5))
    _, low, high = mean_interval(samples, confidence=0.9)
    assert np.mean((low <= 3.0) & (high >= 3.0)) == pytest.approx(0.9, abs=0.02)


def test_an_effect_is_that_of_a_paired_test():
    first, second = np.random.default_rng(3).normal(size=(2, 4, 3))
    effect = paired_effect(first, second, confidence=0.8)
    expected = stats.ttest_rel(second.ravel(), first.ravel()).confidence_interval(0.8)
    assert effect.value == pytest.approx((second - first).mean())
    assert (effect.low, effect.high) == pytest.approx(tuple(expected))
    assert effect.num_pairs == 12


def test_what_pairs_have_in_common_does_not_widen_an_effect():
    offsets = np.array([0.0, 100.0, -50.0, 7.0])
    effect = paired_effect(offsets, offsets + np.array([1.0, 1.1, 0.9, 1.0]))
    assert 0.8 < effect.low < 1.0 < effect.high < 1.2


def test_a_pair_of_which_one_is_not_known_is_left_out():
    effect = paired_effect([1.0, np.nan, 3.0, 4.0], [2.0, 5.0, np.nan, 7.0])
    assert (effect.value, effect.num_pairs) == (2.0, 2)
    empty = paired_effect([np.nan], [1.0])
    assert np.isnan([empty.value, empty.low, empty.high]).all()
    assert empty.num_pairs == 0


def test_a_mean_over_pairs_has_the_interval_of_the_jackknife():
    matrix = np.random.default_rng(4).random((5, 5))
    matrix += matrix.T
    upper = [matrix[i, j] for i in range(5) for j in range(i)]
    pseudo = []
    for left_out in range(5):
        rest = [matrix[i, j] for i in range(5) for j in range(i) if left_out not in {i, j}]
        pseudo.append(5 * np.mean(upper) - 4 * np.mean(rest))
    mean, low, high = pair_mean_interval(matrix, confidence=0.9)
    expected = stats.ttest_1samp(pseudo, 0.0).confidence_interval(0.9)
    assert mean == pytest.approx(np.mean(upper)) == pytest.approx(np.mean(pseudo))
    assert (low, high) == pytest.approx(tuple(expected))


def test_a_member_that_is_not_known_has_no_pairs():
    matrix = np.full((4, 4), np.nan)
    matrix[np.ix_([0, 1, 3], [0, 1, 3])] = [[9, 1, 2], [1, 9, 3], [2, 3, 9]]
    assert pair_mean_interval(matrix) == pair_mean_interval([[0, 1, 2], [1, 0, 3], [2, 3, 0]])


def test_two_members_have_a_mean_and_one_has_none():
    mean, *ends = pair_mean_interval([[0.0, 0.25], [0.25, 0.0]])
    assert mean == 0.25
    assert np.isnan(ends).all()
    assert np.isnan(pair_mean_interval([[0.0]])).all()


def test_correlation_across_groups_is_that_of_spearman():
    measure, outcome, groups = runs()
    found = rank_correlation(measure, outcome, groups, scope="across", num_resamples=50)
    assert found.value == pytest.approx(stats.spearmanr(measure, outcome).statistic)
    assert found.num_runs == 12
    assert found.low <= found.value <= found.high


def test_correlation_within_groups_is_of_ranks_in_each():
    measure, outcome, groups = runs()
    found = rank_correlation(measure, outcome, groups, scope="within", num_resamples=50)
    assert found.value == pytest.approx(slow_within(measure, outcome, groups))
    alone = rank_correlation(measure, outcome, np.zeros(12), scope="within", num_resamples=50)
    assert alone.value == pytest.approx(stats.spearmanr(measure, outcome).statistic)
    assert alone == rank_correlation(measure, outcome, np.zeros(12), scope="across", num_resamples=50)


def test_what_sets_groups_apart_has_no_influence_within_them():
    measure, outcome, groups = runs()
    shifted = rank_correlation(measure - 40 * groups, outcome + 90 * groups, groups, scope="within", num_resamples=20)
    assert shifted == rank_correlation(measure, outcome, groups, scope="within", num_resamples=20)
    across = rank_correlation(measure - 40 * groups, outcome + 90 * groups, groups, scope="across", num_resamples=20)
    assert across.value < -0.5


def test_concordance_counts_pairs_in_the_same_order():
    measure, outcome = np.array([3.0, 1.0, 4.0, 1.5, 5.0]), np.array([0.3, 0.1, 0.5, 0.2, 0.4])
    tau = stats.kendalltau(measure, outcome).statistic
    found = rank_correlation(measure, outcome, [0, 0, 0, 1, 1], scope="across", num_resamples=20)
    assert found.concordance == pytest.approx((tau + 1) / 2)
    within = rank_correlation(measure, outcome, [0, 0, 0, 1, 1], scope="within", num_resamples=20)
    assert within.concordance == pytest.approx(4 / 4)


def test_ties_in_the_measure_count_half_and_ties_in_the_outcome_not_at_all():
    found = rank_correlation([1.0, 1.0, 2.0], [0.1, 0.2, 0.2], [0, 0, 0], scope="across", num_resamples=20)
    assert found.concordance == pytest.approx((0.5 + 1.0) / 2)


def test_the_interval_is_of_resamples_drawn_within_groups():
    measure, outcome, groups = runs(num_runs=9)
    found = rank_correlation(measure, outcome, groups, scope="within", confidence=0.8, num_resamples=4000, seed=1)
    generator, values = np.random.default_rng(5), []
    for _ in range(2000):
        rows = np.concatenate([generator.choice(np.flatnonzero(groups == group), 3) for group in range(3)])
        values.append(slow_within(measure[rows], outcome[rows], groups[rows]))
    low, high = np.nanquantile(values, [0.1, 0.9])
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.05)


def test_across_groups_whole_groups_are_drawn():
    measure, outcome, groups = runs(num_runs=20, num_groups=5, seed=3)
    found = rank_correlation(measure, outcome, groups, scope="across", confidence=0.8, num_resamples=4000, seed=1)
    generator, values = np.random.default_rng(6), []
    for _ in range(2000):
        rows = np.concatenate([np.flatnonzero(groups == group) for group in generator.integers(5, size=5)])
        values.append(stats.spearmanr(measure[rows], outcome[rows]).statistic)
    low, high = np.nanquantile(values, [0.1, 0.9])
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.03)


def test_infinite_values_are_ranked_and_unknown_ones_left_out():
    measure = [1.0, np.inf, 3.0, np.nan, np.inf, 0.0]
    outcome = [0.2, 0.9, 0.3, 0.5, 0.8, np.nan]
    found = rank_correlation(measure, outcome, [0] * 6, scope="across", num_resamples=20)
    assert found.num_runs == 4
    assert found.value == pytest.approx(stats.spearmanr([1, 9, 3, 9], [2, 9, 3, 8]).statistic)


@pytest.mark.parametrize(
    ("measure", "groups", "scope"),
    [
        ([1.0, 2.0], [0, 1], "across"),
        ([1.0, 2.0, 4.0], [0, 0, 1], "within"),
        ([3.0, 3.0, 3.0], [0, 0, 0], "across"),
        ([], [], "across"),
        ([], [], "within"),
        ([np.nan, 1.0, 2.0], [0, 0, 0], "within"),
    ],
)
def test_too_few_runs_or_equal_ones_tell_nothing(measure, groups, scope):
    outcome = np.arange(len(measure)) / 10
    found = rank_correlation(measure, outcome, groups, scope=scope, num_resamples=20)
    assert np.isnan([found.value, found.low, found.high]).all()


@settings(max_examples=30, deadline=None)
@given(NUMBERS, NUMBERS, st.sampled_from(["within", "across"]))
def test_laws_of_rank_correlation(first, second, scope):
    number = min(len(first), len(second))
    x, y, groups = np.array(first[:number]), np.array(second[:number]), np.arange(number) % 2
    found = rank_correlation(x, y, groups, scope=scope, num_resamples=5)
    risen = rank_correlation(np.exp(x), y * 3.0 - 1, groups, scope=scope, num_resamples=5)
    turned = rank_correlation(-x, y, groups, scope=scope, num_resamples=5)
    order = np.random.default_rng(number).permutation(number)
    mixed = rank_correlation(x[order], y[order], groups[order], scope=scope, num_resamples=5)
    np.testing.assert_allclose([found.value, found.concordance], [risen.value, risen.concordance], atol=1e-12)
    np.testing.assert_allclose([found.value, found.concordance], [-turned.value, 1 - turned.concordance], atol=1e-12)
    np.testing.assert_allclose([found.value, found.concordance], [mixed.value, mixed.concordance], atol=1e-12)
    assert np.isnan(found.value) or -1 - 1e-12 <= found.value <= 1 + 1e-12


def test_wrong_arguments_are_refused():
    with pytest.raises(ArgumentError, match=r"`values` must have an axis of replicates; got shape \(\)"):
        mean_interval(3.0)
    with pytest.raises(ArgumentError, match=r"`confidence` must lie strictly between 0 and 1; got 1.5"):
        mean_interval([3.0], confidence=1.5)
    with pytest.raises(ArgumentError, match=r"`second` must have the shape \(2,\), as first has; got shape \(3,\)"):
        paired_effect([1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(ArgumentError, match=r"`matrix` must have the shape \(member, member_other\); got shape \(3,\)"):
        pair_mean_interval([1.0, 2.0, 3.0])
    with pytest.raises(ArgumentError, match="`scope` must be one of within, across; got 'inside'"):
        rank_correlation([1.0], [1.0], [0], scope="inside")
    with pytest.raises(
        ArgumentError, match=r"`groups` must hold one value for each of the 2 runs .*; got shape \(1,\)"
    ):
        rank_correlation([1.0, 2.0], [1.0, 2.0], [0], scope="across")
    with pytest.raises(ArgumentError, match="`outcome` must hold one value for each of the 2 runs of measure"):
        rank_correlation([1.0, 2.0], [1.0], [0, 1], scope="across")
    with pytest.raises(ArgumentError, match="`num_resamples` must be at least 1; got 0"):
        rank_correlation([1.0, 2.0], [1.0, 2.0], [0, 1], scope="across", num_resamples=0)
