import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy

from modescape.core.errors import ArgumentError
from modescape.evaluate import disputes, divergence_per_example, most_disputed, mutual_information, vote_entropy


def test_vote_entropy_is_that_of_the_shares():
    answers = np.random.default_rng(0).integers(4, size=(5, 30))
    expected = [entropy(np.bincount(votes, minlength=4) / 5) for votes in answers.T]
    np.testing.assert_allclose(vote_entropy(answers, num_classes=4), expected, atol=1e-12)


def test_pieces_give_the_same_divergence(monkeypatch):
    members = np.random.default_rng(1).dirichlet(np.ones(3), size=(2, 25))
    monkeypatch.setattr(disputes, "CHUNK_ENTRIES", 2 * 3 * 4)
    found = divergence_per_example(members)
    np.testing.assert_allclose(found, mutual_information(members))
    expected = [jensenshannon(a, b) ** 2 for a, b in zip(*members, strict=True)]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_what_nobody_disputes_is_left_out():
    assert most_disputed(np.array([0.0, 0.2, 0.0, 0.2, 0.9]), 4).tolist() == [4, 1, 3]
    assert most_disputed(np.zeros(3), 2).size == 0


def test_bad_input():
    with pytest.raises(ArgumentError, match=r"`scores` must be one number for each example; got shape \(2, 2\)"):
        most_disputed(np.zeros((2, 2)), 1)
    with pytest.raises(ArgumentError, match=r"`scores` must be one number for each example; got NaN"):
        most_disputed(np.array([np.nan]), 1)
    with pytest.raises(ArgumentError, match=r"`members` must have the shape \(member, example, class\)"):
        divergence_per_example(np.zeros((2, 2)))
    with pytest.raises(ArgumentError, match=r"`decisions` must lie in \[0, 2\)"):
        vote_entropy(np.array([[2]]), num_classes=2)
