import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix

from modescape.core.errors import ArgumentError
from modescape.functions import checked_decisions, confusion, joint_confusion, joint_counts


def drawn(seed, members=3, examples=40, classes=4):
    generator = np.random.default_rng(seed)
    return generator.integers(classes, size=(members, examples)), generator.integers(classes, size=examples)


def test_joint_confusion_counts_as_a_loop_does():
    (first, second, _), truth = drawn(0)
    expected = np.zeros((4, 4, 4), dtype=int)
    for label, a, b in zip(truth, first, second, strict=True):
        expected[label, a, b] += 1
    np.testing.assert_array_equal(joint_confusion(first, second, truth, num_classes=4), expected)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_summed_over_one_member_it_is_the_confusion_matrix_of_the_other(seed):
    (first, second, _), truth = drawn(seed)
    found = joint_confusion(first, second, truth, num_classes=4)
    np.testing.assert_array_equal(found.sum(axis=2), confusion_matrix(truth, first, labels=range(4)))
    np.testing.assert_array_equal(found.sum(axis=1), confusion_matrix(truth, second, labels=range(4)))
    swapped = joint_confusion(second, first, truth, num_classes=4)
    np.testing.assert_array_equal(found, swapped.transpose(0, 2, 1))


def test_joint_counts_are_scikit_learns_tables(monkeypatch):
    monkeypatch.setattr(confusion, "BLOCK_ENTRIES", 7 * 12)
    answers, _ = drawn(1)
    found = joint_counts(answers, num_classes=4)
    for i in range(3):
        for j in range(3):
            expected = confusion_matrix(answers[i], answers[j], labels=range(4))
            np.testing.assert_array_equal(found[i, :, j], expected)


def test_bad_input(monkeypatch):
    (first, second, third), truth = drawn(2)
    with pytest.raises(ArgumentError, match=r"`second` must hold one class index for each of the 40 examples"):
        joint_confusion(first, second[:-1], truth, num_classes=4)
    with pytest.raises(ArgumentError, match=r"`first` must lie in \[0, 3\)"):
        joint_confusion(np.full(40, 3), third % 3, truth % 3, num_classes=3)
    with pytest.raises(ArgumentError, match=r"`num_classes` must be at least 1; got 0"):
        joint_confusion(first, second, truth, num_classes=0)
    with pytest.raises(ArgumentError, match=r"`decisions` must have the shape \(member, example\).*got shape \(40,\)"):
        checked_decisions(first, num_classes=4)
    with pytest.raises(ArgumentError, match=r"`decisions` must be whole numbers; got dtype float64"):
        checked_decisions(np.ones((2, 2)), num_classes=4)
    with pytest.raises(ArgumentError, match=r"`decisions` must lie in \[0, 2\); got 2 for member 1, example 0"):
        checked_decisions(np.array([[0, 1], [2, 0]]), num_classes=2)
    monkeypatch.setattr(confusion, "LARGEST_EXACT", 10)
    with pytest.raises(ArgumentError, match=r"`decisions` must hold at most 10 examples; got 40 examples. Pass fewer"):
        joint_counts(np.stack([first, second]), num_classes=4)
