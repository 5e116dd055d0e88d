"""Disagreement between predictors."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist, squareform

from modescape.core.errors import ArgumentError
from modescape.functions import disagreement, disagreement_counts, disagreement_matrix


def random_decisions(seed, members=5, examples=23, classes=4):
    return np.random.default_rng(seed).integers(classes, size=(members, examples))


seeds = st.integers(0, 10**6)


def test_one_pair_counted_by_hand():
    assert disagreement(np.array([0, 1, 2, 3, 3]), np.array([0, 1, 3, 2, 3])) == 0.4


@pytest.mark.parametrize("classes", [2, 10, 300, 70_000])
def test_matrix_agrees_with_loops_and_scipy(classes):
    decisions = random_decisions(1, classes=classes)
    decisions[2] = decisions[1]
    slow = [[sum(int(x != y) for x, y in zip(a, b, strict=True)) for b in decisions] for a in decisions]
    assert disagreement_counts(decisions).tolist() == slow
    np.testing.assert_allclose(disagreement_matrix(decisions), np.array(slow) / 23, rtol=1e-15)
    np.testing.assert_allclose(disagreement_matrix(decisions), squareform(pdist(decisions, "hamming")), rtol=1e-12)


def test_classes_far_apart_stay_different_when_narrowed():
    # 0, 256 and 65,536 are the same number in one byte, the last two not in two.
    decisions = np.array([[0, 0, 0], [256, 0, 0], [65_536, 256, 0], [-1, 255, 0]])
    assert disagreement_counts(decisions).tolist() == [[0, 1, 2, 2], [1, 0, 2, 2], [2, 2, 0, 2], [2, 2, 2, 0]]


def test_takes_columns_of_a_larger_array_and_tensors():
    decisions = random_decisions(2, members=3)
    wanted = disagreement_matrix(np.ascontiguousarray(decisions[:, ::2]))
    assert np.array_equal(disagreement_matrix(decisions[:, ::2]), wanted)
    assert np.array_equal(disagreement_matrix(torch.from_numpy(decisions)[:, ::2]), wanted)
    assert disagreement(torch.tensor([0, 1]), torch.tensor([1, 1])) == 0.5


@settings(max_examples=25, deadline=None)
@given(seed=seeds, members=st.integers(1, 6), examples=st.integers(1, 30), classes=st.integers(1, 5))
def test_is_a_metric(seed, members, examples, classes):
    d = disagreement_matrix(random_decisions(seed, members, examples, classes))
    assert np.array_equal(d, d.T)
    assert not d.diagonal().any()
    assert ((d >= 0) & (d <= 1)).all()
    assert (d[:, None, :] <= d[:, :, None] + d[None, :, :] + 1e-12).all()


@settings(max_examples=15, deadline=None)
@given(seed=seeds, members=st.permutations(range(5)), examples=st.permutations(range(23)))
def test_order_of_members_and_examples(seed, members, examples):
    decisions = random_decisions(seed)
    d = disagreement_matrix(decisions)
    assert np.array_equal(disagreement_matrix(decisions[members][:, examples]), d[members][:, members])


@settings(max_examples=15, deadline=None)
@given(seed=seeds, names=st.permutations(range(4)))
def test_names_of_classes_do_not_matter(seed, names):
    decisions = random_decisions(seed)
    assert np.array_equal(disagreement_matrix(np.array(names)[decisions]), disagreement_matrix(decisions))


@settings(max_examples=15, deadline=None)
@given(seed=seeds)
def test_matrix_holds_the_disagreement_of_each_pair(seed):
    decisions = random_decisions(seed)
    assert disagreement_matrix(decisions)[3, 1] == disagreement(decisions[3], decisions[1])


@pytest.mark.parametrize("shape", [(3,), (0, 3), (3, 0), (2, 2, 2)])
def test_matrix_refuses_wrong_shapes(shape):
    with pytest.raises(ArgumentError, match=r"`decisions` must have the shape \(member, example\).*got shape"):
        disagreement_matrix(np.zeros(shape, dtype=int))


@pytest.mark.parametrize("function", [disagreement_matrix, disagreement_counts])
@pytest.mark.parametrize("dtype", [float, bool])
def test_refuses_what_is_no_class(function, dtype):
    with pytest.raises(ArgumentError, match=r"`decisions` must be whole numbers; got dtype .*functions.decisions"):
        function(np.zeros((2, 3), dtype=dtype))


def test_pair_names_the_wrong_argument():
    right = np.array([0, 1])
    with pytest.raises(ArgumentError, match=r"`first` must have the shape \(example\)"):
        disagreement(np.zeros((2, 2), dtype=int), right)
    with pytest.raises(ArgumentError, match=r"`second` must be whole numbers"):
        disagreement(right, np.array([0.0, 1.0]))
    with pytest.raises(ArgumentError, match=r"`second` must have 2 examples, as many as first; got 3 examples"):
        disagreement(right, np.array([0, 1, 1]))
