import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modescape.core.errors import ArgumentError
from modescape.functions import pair_counts, pairs


def drawn(seed, members=4, examples=53, classes=3):
    generator = np.random.default_rng(seed)
    truth = generator.integers(classes, size=examples)
    guesses = generator.integers(classes, size=(members, examples))
    return np.where(generator.random((members, examples)) < 0.5, truth, guesses), truth


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_counts_are_those_of_a_loop_over_pairs_and_examples(seed):
    answers, truth = drawn(seed)
    found = pair_counts(answers, truth, num_classes=3)
    assert found.num_examples == 53
    for i, first in enumerate(answers):
        assert found.decided[i].tolist() == [int((first == label).sum()) for label in range(3)]
        for j, second in enumerate(answers):
            assert found.agree[i, j] == (first == second).sum()
            assert found.right.both_right[i, j] == ((first == truth) & (second == truth)).sum()
            assert found.right.first_right_only[i, j] == ((first == truth) & (second != truth)).sum()
            wrong = (first != truth) & (second != truth)
            assert found.right.both_wrong_same[i, j] == (wrong & (first == second)).sum()
            assert found.right.both_wrong_different[i, j] == (wrong & (first != second)).sum()
    right = found.right
    parts = right.both_right + right.both_wrong_same + right.both_wrong_different
    assert (parts + right.first_right_only + right.first_right_only.T == 53).all()


def test_pieces_give_the_same(monkeypatch):
    answers, truth = drawn(3)
    whole = pair_counts(answers, truth, num_classes=3).right.both_right
    monkeypatch.setattr(pairs, "CHUNK_ENTRIES", 4 * 10)
    np.testing.assert_array_equal(pair_counts(answers, truth, num_classes=3).right.both_right, whole)


def test_without_the_truth_there_is_agreement_only():
    answers, truth = drawn(4)
    found = pair_counts(answers, None, num_classes=3)
    assert found.right is None
    np.testing.assert_array_equal(found.agree, pair_counts(answers, truth, num_classes=3).agree)


def test_bad_input():
    answers, truth = drawn(5)
    with pytest.raises(ArgumentError, match=r"`labels` must hold one class index for each of the 53 examples"):
        pair_counts(answers, truth[1:], num_classes=3)
    with pytest.raises(ArgumentError, match=r"`decisions` must lie in \[0, 2\)"):
        pair_counts(answers, truth, num_classes=2)
