import warnings

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, jaccard_score, matthews_corrcoef
from statsmodels.stats.contingency_tables import Table2x2
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import proportion_confint

from modescape.core.errors import ArgumentError
from modescape.evaluate import kappa, kappa_interval, pair_measures
from modescape.functions import pair_counts


def drawn(seed=0, members=3, examples=300, classes=4):
    """Members of different accuracy, with errors in common and classes of different size."""
    generator = np.random.default_rng(seed)
    truth = generator.choice(classes, size=examples, p=[0.5, 0.3, 0.1, 0.1])
    hard, lure = generator.random(examples) < 0.3, generator.integers(classes, size=examples)
    chance = np.linspace(0.1, 0.3, members)[:, None]
    slips, habits = generator.random((members, examples)) < chance, generator.integers(classes, size=(members, 1))
    answers = np.where(slips, habits, truth)
    return np.where(hard & (generator.random((members, examples)) < 0.7), lure, answers), truth


def measured(answers, truth, confidence=0.9, classes=4):
    return pair_measures(pair_counts(answers, truth, num_classes=classes), answers, confidence=confidence).measures


def by_hand(first, second, truth):
    """Each measure in words of sets of examples."""
    a, b, differ = first == truth, second == truth, first != second
    none = ~a & ~b
    return {
        "disagreement": differ.mean(),
        "one_right": (differ & (a | b)).mean(),
        "both_wrong": (differ & none).mean(),
        "same_error": (~differ & none).mean(),
        "double_fault": none.mean(),
        "oracle_accuracy": (a | b).mean(),
        "error_overlap": jaccard_score(~a, ~b),
        "conditional_disagreement": differ[~(a & b)].mean(),
        "same_error_share": (~differ)[none].mean(),
        "error_correlation": matthews_corrcoef(a, b),
        "q_statistic": ((a & b).sum() * none.sum() - (a & ~b).sum() * (~a & b).sum())
        / ((a & b).sum() * none.sum() + (a & ~b).sum() * (~a & b).sum()),
        "kappa": cohen_kappa_score(first, second),
        "diversity": differ.mean() / (1 - b.mean()),
        "accuracy_difference": a.mean() - b.mean(),
    }


def test_values_are_those_of_scikit_learn_and_of_sets():
    answers, truth = drawn()
    found = measured(answers, truth)
    for i in range(3):
        for j in range(3):
            expected = by_hand(answers[i], answers[j], truth)
            assert set(found) == set(expected)
            for name, value in expected.items():
                assert found[name].value[i, j] == pytest.approx(value, abs=1e-12), name


def test_the_parts_make_up_the_whole():
    found = measured(*drawn(1))
    whole = found["one_right"].value + found["both_wrong"].value
    np.testing.assert_allclose(found["disagreement"].value, whole, atol=1e-15)
    np.testing.assert_allclose(found["double_fault"].value, 1 - found["oracle_accuracy"].value, atol=1e-15)


def test_intervals_are_those_of_statsmodels():
    answers, truth = drawn(2)
    found = measured(answers, truth)
    first, second = answers[0], answers[1]
    a, b = first == truth, second == truth
    low, high = proportion_confint((first != second)[~(a & b)].sum(), (~(a & b)).sum(), 0.1, "wilson")
    assert (found["conditional_disagreement"].low[0, 1], found["conditional_disagreement"].high[0, 1]) == pytest.approx(
        (low, high)
    )
    table = np.array([[(a & b).sum(), (a & ~b).sum()], [(~a & b).sum(), (~a & ~b).sum()]])
    odds = np.array(Table2x2(table).oddsratio_confint(0.1))
    q = (odds - 1) / (odds + 1)
    assert (found["q_statistic"].low[0, 1], found["q_statistic"].high[0, 1]) == pytest.approx(tuple(q))
    joint = np.array([[((first == c) & (second == d)).sum() for d in range(4)] for c in range(4)])
    reference = cohens_kappa(joint)
    half = 1.6448536269514722 * reference.std_kappa
    ends = (reference.kappa - half, reference.kappa + half)
    assert (found["kappa"].low[0, 1], found["kappa"].high[0, 1]) == pytest.approx(ends)


DELTA = {
    "error_correlation": lambda first, second, truth: np.corrcoef(first == truth, second == truth)[0, 1],
    "diversity": lambda first, second, truth: (first != second).mean() / (second != truth).mean(),
    "accuracy_difference": lambda first, second, truth: (first == truth).mean() - (second == truth).mean(),
    "kappa": lambda first, second, _: 1 - (first != second).mean() / (1 - _chance(first, second)),
}


def _chance(first, second):
    return np.bincount(first, minlength=4) @ np.bincount(second, minlength=4) / len(first) ** 2


@pytest.mark.parametrize("name", list(DELTA))
def test_intervals_by_the_delta_method_are_close_to_the_bootstrap(name):
    answers, truth = drawn(3, members=2, examples=1000)
    generator = np.random.default_rng(7)
    drawings = (generator.integers(1000, size=1000) for _ in range(500))
    resampled = [DELTA[name](answers[0, rows], answers[1, rows], truth[rows]) for rows in drawings]
    found = measured(answers, truth)[name]
    width = found.high[0, 1] - found.low[0, 1]
    expected = np.quantile(resampled, [0.05, 0.95])
    assert width == pytest.approx(np.ptp(expected), rel=0.15)
    assert np.abs([found.low[0, 1], found.high[0, 1]] - expected).max() < 0.15 * width


def test_the_intervals_hold_the_truth_as_often_as_stated():
    generator = np.random.default_rng(11)
    held = 0
    for _ in range(200):
        a = generator.random(150) < 0.7
        b = np.where(generator.random(150) < 0.5, a, generator.random(150) < 0.7)
        answers = np.stack([a, b]).astype(int)
        found = measured(answers, np.ones(150, dtype=int), classes=2)["error_correlation"]
        held += found.low[0, 1] <= 0.5 <= found.high[0, 1]
    assert 0.84 < held / 200 < 0.96


def test_a_member_with_itself_has_no_interval():
    found = measured(*drawn(4))
    for name, measure in found.items():
        for end in (measure.low, measure.high):
            np.testing.assert_array_equal(np.diagonal(end), np.diagonal(measure.value), err_msg=name)


def test_what_is_not_defined_is_nan_and_nothing_warns():
    right = np.array([0, 1, 0, 1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = measured(np.stack([right, right]), right, classes=2)
    for name in ("error_overlap", "conditional_disagreement", "same_error_share", "error_correlation", "diversity"):
        measure = found[name]
        assert np.isnan([measure.value[0, 1], measure.low[0, 1], measure.high[0, 1]]).all(), name
    assert found["oracle_accuracy"].value[0, 1] == found["kappa"].value[0, 1] == 1.0
    assert found["disagreement"].low[0, 1] == 0.0 < found["disagreement"].high[0, 1]
    constant = measured(np.zeros((2, 4), dtype=int), right, classes=2)["kappa"]
    assert np.isnan(constant.value).all()


def test_equal_members_keep_intervals_with_a_width():
    answers, truth = drawn(5, members=1)
    found = measured(np.concatenate([answers, answers]), truth)
    for name in ("error_correlation", "q_statistic", "kappa"):
        assert found[name].value[0, 1] == pytest.approx(1.0)
        assert found[name].low[0, 1] < 0.9999
    assert found["diversity"].value[0, 1] == found["diversity"].low[0, 1] == 0.0 < found["diversity"].high[0, 1]


def test_without_the_truth_there_are_two_measures():
    answers, _ = drawn(6)
    assert set(measured(answers, None)) == {"disagreement", "kappa"}


def test_for_very_many_members_chance_is_held_fixed(monkeypatch):
    answers, truth = drawn(7)
    counts = pair_counts(answers, truth, num_classes=4)
    exact, how = kappa_interval(counts, answers, confidence=0.9)
    assert how == "exact"
    monkeypatch.setattr(kappa, "MOST_PRODUCTS", 10)
    fixed, how = kappa_interval(counts, answers, confidence=0.9)
    assert how == pair_measures(counts, answers).kappa_interval == "fixed-chance"
    np.testing.assert_array_equal(fixed[0], exact[0])
    chance = np.sum([(answers[0] == c).mean() * (answers[1] == c).mean() for c in range(4)])
    least, most = proportion_confint((answers[0] != answers[1]).sum(), 300, 0.1, "wilson")
    assert (fixed[1][0, 1], fixed[2][0, 1]) == pytest.approx((1 - most / (1 - chance), 1 - least / (1 - chance)))
    np.testing.assert_allclose(fixed[1][0, 1:], exact[1][0, 1:], atol=0.02)


def test_bad_input():
    answers, truth = drawn(8)
    counts = pair_counts(answers, truth, num_classes=4)
    with pytest.raises(ArgumentError, match=r"`confidence` must lie strictly between 0 and 1; got 1.0"):
        pair_measures(counts, answers, confidence=1.0)
    with pytest.raises(ArgumentError, match=r"`decisions` must have the shape \(3, 300\), as counts has; got \(2, 3"):
        pair_measures(counts, answers[:2])
