"""Mean of probabilities."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from modescape.combine import mean_of_probabilities
from modescape.core.errors import ArgumentError


def members(seed, num_members=5, examples=6, classes=3):
    return np.random.default_rng(seed).dirichlet(np.ones(classes), size=(num_members, examples))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_agrees_with_loops_in_double_precision(dtype):
    probabilities = members(2).astype(dtype)
    found = mean_of_probabilities(probabilities)
    slow = [[sum(float(probabilities[m, n, c]) for m in range(5)) / 5 for c in range(3)] for n in range(6)]
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, slow, rtol=1e-15)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), copies=st.integers(1, 7))
def test_mean_of_identical_members_is_the_member(seed, copies):
    one = members(seed, num_members=1).astype(np.float32)
    assert np.array_equal(mean_of_probabilities(np.repeat(one, copies, axis=0)), one[0])


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), order=st.permutations(range(5)))
def test_order_of_members_does_not_matter(seed, order):
    probabilities = members(seed).astype(np.float32)
    assert np.array_equal(mean_of_probabilities(probabilities[order]), mean_of_probabilities(probabilities))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_result_is_a_distribution_between_the_members(seed):
    probabilities = members(seed)
    found = mean_of_probabilities(probabilities)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-12)
    assert (found >= probabilities.min(axis=0) - 1e-15).all()
    assert (found <= probabilities.max(axis=0) + 1e-15).all()


def test_takes_tensors_and_leaves_the_input_alone():
    probabilities = torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]]])
    assert mean_of_probabilities(probabilities).tolist() == [[0.5, 0.5]]
    assert probabilities.tolist() == [[[1.0, 0.0]], [[0.0, 1.0]]]


@pytest.mark.parametrize("shape", [(3, 2), (0, 3, 2), (3, 0, 2)])
def test_refuses_wrong_shapes(shape):
    with pytest.raises(ArgumentError, match=r"`probabilities` must have the shape \(member, example, class\)"):
        mean_of_probabilities(np.full(shape, 0.5))


def test_refuses_logits():
    with pytest.raises(ArgumentError, match=r"sum to 1 over classes; got .* for member 0, example 0\. Apply a softmax"):
        mean_of_probabilities(np.array([[[2.0, -1.0]]]))
