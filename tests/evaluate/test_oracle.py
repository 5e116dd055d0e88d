from itertools import combinations

import numpy as np
import pytest

from modescape.core.errors import ArgumentError
from modescape.evaluate import oracle, vote_curve


def drawn(seed=0, members=6, examples=40, classes=3):
    generator = np.random.default_rng(seed)
    truth = generator.integers(classes, size=examples)
    answers = np.where(
        generator.random((members, examples)) < 0.5, truth, generator.integers(classes, size=(members, examples))
    )
    return answers, truth


def voted(answers, truth, classes):
    """The probability that a winner chosen at random among the first is the truth, example by example."""
    found = []
    for votes, label in zip(answers.T, truth, strict=True):
        counts = [int((votes == c).sum()) for c in range(classes)]
        winners = [c for c in range(classes) if counts[c] == max(counts)]
        found.append((label in winners) / len(winners))
    return np.array(found)


def test_every_subset_counts_alike(monkeypatch):
    monkeypatch.setattr(oracle, "CHUNK_VOTES", 6 * 3 * 7)
    answers, truth = drawn()
    found = vote_curve(answers, truth, num_classes=3, num_resamples=100, seed=3)
    assert found.sizes.tolist() == [1, 2, 3, 4, 5, 6]
    assert found.num_subsets.tolist() == [6, 15, 20, 15, 6, 1]
    for place, size in enumerate(found.sizes):
        subsets = [list(each) for each in combinations(range(6), size)]
        anyone = np.mean([(answers[each] == truth).any(axis=0).mean() for each in subsets])
        most = np.mean([voted(answers[each], truth, 3).mean() for each in subsets])
        assert found.oracle[place] == pytest.approx(anyone)
        assert found.majority[place] == pytest.approx(most)
        assert found.mean[place] == pytest.approx((answers == truth).mean())
    for name, (low, high) in found.intervals.items():
        value = getattr(found, name)
        assert (low <= value).all(), name
        assert (value <= high).all(), name
        assert (high - low)[0] > 0.05


def test_votes_of_two_members_are_as_good_as_one():
    answers, truth = drawn(1)
    found = vote_curve(answers, truth, num_classes=3, num_resamples=100, seed=3)
    assert found.majority[1] == pytest.approx(found.mean[1])


def test_of_very_many_subsets_a_sample_is_drawn(monkeypatch):
    answers, truth = drawn(2, members=12)
    found = vote_curve(answers, truth, num_classes=3, max_subsets=30, num_resamples=100, seed=3)
    assert found.num_subsets.tolist() == [12, *[30] * 9, 12, 1]
    monkeypatch.setattr(oracle, "MOST_VOTES", 1)
    fewer = vote_curve(answers, truth, num_classes=3, num_resamples=100, seed=3)
    assert fewer.num_subsets.tolist() == [*[10] * 11, 1]
    np.testing.assert_allclose(fewer.oracle, found.oracle)


def test_hundreds_of_members_have_some_of_the_sizes():
    generator = np.random.default_rng(5)
    answers = generator.integers(2, size=(300, 8))
    found = vote_curve(answers, np.zeros(8, dtype=int), num_classes=2, max_subsets=2, num_resamples=100, seed=3)
    assert found.sizes[19:22].tolist() == [20, 25, 31]
    assert found.sizes[-1] == 300
    share = voted(answers, np.zeros(8, dtype=int), 2).mean()
    assert found.majority[-1] == pytest.approx(share)
    assert (np.diff(found.oracle) >= 0).all()


def test_bad_input():
    answers, truth = drawn(3)
    with pytest.raises(ArgumentError, match=r"`max_subsets` must be at least 1; got 0"):
        vote_curve(answers, truth, num_classes=3, max_subsets=0, seed=0)
    with pytest.raises(ArgumentError, match=r"`labels` must lie in \[0, 3\)"):
        vote_curve(answers, truth + 1, num_classes=3, seed=0)
