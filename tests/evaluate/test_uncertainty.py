"""Entropy, mutual information and the like."""

import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from modescape.core.errors import ArgumentError
from modescape.evaluate import entropy, expected_entropy, jensen_shannon, maximum_probability, mutual_information


def test_agree_with_scipy(make_members):
    members, _ = make_members(1, num_members=3, num_classes=5)
    members[0, 0] = [0, 1, 0, 0, 0]
    np.testing.assert_allclose(entropy(members[0]), scipy.stats.entropy(members[0], axis=1), atol=1e-14)
    np.testing.assert_allclose(expected_entropy(members), scipy.stats.entropy(members, axis=2).mean(axis=0))
    found = mutual_information(members[:2])
    np.testing.assert_allclose(found, jensenshannon(members[0], members[1], axis=1) ** 2, atol=1e-14)
    assert jensen_shannon(members[:2]) == pytest.approx(found.mean())


def test_mutual_information_is_the_mean_divergence_from_the_mean(make_members):
    members, _ = make_members(2, num_members=4)
    slow = [scipy.stats.entropy(member, members.mean(axis=0), axis=1) for member in members]
    np.testing.assert_allclose(mutual_information(members), np.mean(slow, axis=0), atol=1e-13)


def test_known_values():
    uniform, sure = np.full((1, 8), 1 / 8), np.eye(8)
    assert entropy(uniform)[0] == pytest.approx(np.log(8))
    assert entropy(sure).tolist() == [0.0] * 8
    assert maximum_probability(uniform)[0] == 1 / 8
    assert maximum_probability(sure).tolist() == [1.0] * 8
    assert mutual_information(sure[:, None])[0] == pytest.approx(np.log(8))
    assert expected_entropy(sure[:, None]).tolist() == [0.0]
    assert jensen_shannon(sure[:3, None]) == pytest.approx(np.log(3))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), num_members=st.integers(1, 5), classes=st.integers(2, 6))
def test_laws(make_members, seed, num_members, classes):
    members, _ = make_members(seed, num_members=num_members, num_classes=classes)
    found = mutual_information(members)
    assert ((found >= 0) & (found <= np.log(min(num_members, classes)) + 1e-12)).all()
    total = entropy(members.mean(axis=0))
    np.testing.assert_allclose(expected_entropy(members) + found, total, atol=1e-12)
    assert (total <= np.log(classes) + 1e-12).all()
    order = np.random.default_rng(seed).permutation(num_members)
    np.testing.assert_allclose(mutual_information(members[order]), found, atol=1e-12)
    np.testing.assert_allclose(mutual_information(members[..., ::-1]), found, atol=1e-12)
    np.testing.assert_allclose(mutual_information(np.concatenate([members, members])), found, atol=1e-12)
    assert (mutual_information(np.repeat(members[:1], 3, axis=0)) < 1e-14).all()
    top = maximum_probability(members[0])
    assert ((top >= 1 / classes) & (-np.log(top) <= entropy(members[0]) + 1e-12)).all()


def test_single_precision_is_taken_as_double(make_members):
    members, _ = make_members(3)
    single = torch.from_numpy(members).float()
    for function in (expected_entropy, mutual_information):
        found = function(single)
        assert found.dtype == np.float64
        np.testing.assert_array_equal(found, function(single.double().numpy()))
    for function in (entropy, maximum_probability):
        assert function(single[0]).dtype == np.float64
        np.testing.assert_array_equal(function(single[0]), function(single[0].double().numpy()))


def test_bad_input():
    members = np.full((2, 3, 4), 0.25)
    for function in (entropy, maximum_probability):
        with pytest.raises(ArgumentError, match=r"`probabilities` must have the shape \(example, class\)"):
            function(members)
        with pytest.raises(ArgumentError, match=r"`probabilities` must be at least 0 and sum to 1"):
            function(members[0] * 2)
    for function in (expected_entropy, mutual_information, jensen_shannon):
        with pytest.raises(ArgumentError, match=r"`members` must have the shape \(member, example, class\)"):
            function(members[0])
        with pytest.raises(ArgumentError, match=r"`members` must be at least 0 and sum to 1 .* member 0, example 0"):
            function(members * 2)
