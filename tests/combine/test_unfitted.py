"""Ways that need no fit, against loops over examples in double precision."""

import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from scipy.stats import gmean, trim_mean

from combine.samples import members
from modescape.combine import (
    Mode,
    TrimmedMean,
    mean_of_logits,
    median_of_probabilities,
    trimmed_mean_of_probabilities,
    vote_shares,
)
from modescape.core.errors import ArgumentError

WAYS = (mean_of_logits, median_of_probabilities, trimmed_mean_of_probabilities, vote_shares)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_mean_of_logits_is_the_normalised_geometric_mean(dtype):
    probabilities = members(2, dtype=dtype)
    slow = gmean(probabilities.astype(np.float64), axis=0)
    np.testing.assert_allclose(mean_of_logits(probabilities), slow / slow.sum(axis=1, keepdims=True), rtol=1e-12)


def test_mean_of_logits_is_the_softmax_of_the_mean_whatever_is_added_to_a_member():
    logits = np.random.default_rng(3).normal(size=(4, 7, 5))
    shifted = logits + np.random.default_rng(4).normal(size=(4, 7, 1))
    expected = softmax(logits.mean(axis=0), axis=1)
    np.testing.assert_allclose(mean_of_logits(softmax(shifted, axis=2)), expected, rtol=1e-12)


def test_one_zero_does_not_veto_a_class_for_good():
    probabilities = np.array([[[0.0, 1.0]], *[[[1 - 1e-12, 1e-12]]] * 9])
    assert mean_of_logits(probabilities)[0, 0] > 0.99
    assert mean_of_logits(np.array([[[1.0, 0.0]], [[0.0, 1.0]]])).tolist() == [[0.5, 0.5]]


@pytest.mark.parametrize("number", [4, 5])
def test_median_agrees_with_loops(number):
    probabilities = members(5, number)
    for example in range(40):
        slow = [statistics.median(probabilities[:, example, c].tolist()) for c in range(3)]
        expected = np.array(slow) / sum(slow)
        np.testing.assert_allclose(median_of_probabilities(probabilities)[example], expected, rtol=1e-12)


@pytest.mark.parametrize(("trim", "number"), [(0.1, 10), (0.25, 9), (0.3, 10), (0.0, 3), (0.49, 2)])
def test_trimmed_mean_agrees_with_scipy(trim, number):
    probabilities = members(6, number)
    slow = trim_mean(probabilities, trim + 1e-12, axis=0)
    found = trimmed_mean_of_probabilities(probabilities, trim=trim)
    np.testing.assert_allclose(found, slow / slow.sum(axis=1, keepdims=True), rtol=1e-12)


def test_members_that_fail_do_not_move_the_median_and_the_trimmed_mean():
    probabilities = np.repeat(members(7, 1), 5, axis=0)
    failed = probabilities.copy()
    failed[3] = np.eye(3)[0]
    np.testing.assert_allclose(median_of_probabilities(failed), probabilities[0], rtol=1e-12)
    np.testing.assert_allclose(trimmed_mean_of_probabilities(failed, trim=0.2), probabilities[0], rtol=1e-12)


@pytest.mark.parametrize("way", [median_of_probabilities, lambda sure: trimmed_mean_of_probabilities(sure, trim=0.4)])
def test_the_mean_stands_in_where_nothing_is_left(way):
    sure = np.eye(3)[:, None, :]
    np.testing.assert_allclose(way(sure), [[1 / 3, 1 / 3, 1 / 3]])


def test_votes_agree_with_counting():
    probabilities = members(8, 7)
    found = vote_shares(probabilities, ties="split", pseudo_votes=0.5)
    for example in range(40):
        votes = [0.5] * 3
        for member in range(7):
            votes[int(np.argmax(probabilities[member, example]))] += 1
        np.testing.assert_allclose(found[example], np.array(votes) / 8.5, rtol=1e-12)


def test_ties_are_split_or_settled_by_the_mean():
    tied = np.array([[[0.6, 0.4, 0.0]], [[0.1, 0.9, 0.0]]])
    np.testing.assert_allclose(vote_shares(tied, ties="split"), [[0.5, 0.5, 0.0]])
    np.testing.assert_allclose(vote_shares(tied), [[0.7 / 2.0, 1.3 / 2.0, 0.0]])
    # A member that can't decide gives each of its best classes a part of its vote.
    np.testing.assert_allclose(vote_shares(np.array([[[0.5, 0.5, 0.0]]]), ties="split"), [[0.5, 0.5, 0.0]])


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), order=st.permutations(range(5)), way=st.sampled_from(WAYS))
def test_order_of_members_does_not_matter_and_results_are_distributions(seed, order, way):
    probabilities = members(seed)
    found = way(probabilities)
    np.testing.assert_allclose(way(probabilities[order]), found, rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-12)
    assert found.min() >= 0.0


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6), way=st.sampled_from(WAYS[:3]), copies=st.integers(1, 6))
def test_like_members_are_their_own_combination(seed, way, copies):
    one = members(seed, 1)
    np.testing.assert_allclose(way(np.repeat(one, copies, axis=0)), one[0], rtol=1e-10)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_decision_of_a_vote_has_most_votes_and_ties_go_to_the_mean(seed):
    probabilities = members(seed, 4)
    votes = np.stack([np.bincount(row, minlength=3) for row in probabilities.argmax(axis=2).T])
    best = np.where(votes == votes.max(axis=1, keepdims=True), probabilities.sum(axis=0), -1.0).argmax(axis=1)
    assert vote_shares(probabilities).argmax(axis=1).tolist() == best.tolist()


@pytest.mark.parametrize("way", WAYS)
def test_refuses_what_is_no_probability(way):
    with pytest.raises(ArgumentError, match="sum to 1 over classes"):
        way(np.array([[[2.0, -1.0]]]))
    with pytest.raises(ArgumentError, match=r"must have the shape \(member, example, class\) with at least one"):
        way(np.zeros((0, 3, 2)))
    with pytest.raises(ArgumentError, match=r"got \[nan, nan\] for member 0, example 0"):
        way(np.full((1, 1, 2), np.nan))


@pytest.mark.parametrize("trim", [-0.1, 0.5, np.nan])
def test_refuses_to_trim_everything(trim):
    with pytest.raises(ArgumentError, match=r"`trim` must lie in \[0, 0.5\), the share cut on each side; got"):
        TrimmedMean(trim=trim)


def test_refuses_unknown_ties_and_negative_votes():
    with pytest.raises(ArgumentError, match="`ties` must be one of mean, split; got 'first'"):
        Mode(ties="first")
    with pytest.raises(ArgumentError, match="`pseudo_votes` must be at least 0; got -1"):
        Mode(pseudo_votes=-1)
