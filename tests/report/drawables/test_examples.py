import numpy as np
import pytest

from modescape.core.errors import ArgumentError
from modescape.report.drawables import Examples, Gallery


def examples(votes, confidence=None, labels=None, **given):
    votes = np.asarray(votes)
    number, members = votes.shape
    return Examples(
        name="some",
        titles=tuple(f"example {one}" for one in range(number)),
        members=tuple(str(member) for member in range(members)),
        word="member",
        classes=("cat", "dog", "horse"),
        votes=votes,
        confidence=np.full(votes.shape, np.nan) if confidence is None else np.asarray(confidence),
        labels=np.full(number, -1) if labels is None else np.asarray(labels),
        **given,
    )


def test_answers_are_grouped_with_the_most_frequent_first():
    one = examples([[2, 0, 2, -1]], [[0.5, 0.9, 0.75, np.nan]], [0])
    horse, cat = one.answers(0)
    assert horse == ("horse", "0, 2", "0.50 to 0.75", False)
    assert cat == ("cat", "1", "0.90", True)


def test_without_truth_and_probabilities_only_votes_are_told():
    [only] = examples([[1, 1]]).answers(0)
    assert only == ("dog", "0, 1", "", False)


def test_many_members_of_one_answer_are_counted():
    [only] = examples(np.zeros((1, 13), dtype=int)).answers(0)
    assert only.members == "13 members"
    [only] = examples(np.zeros((1, 12), dtype=int)).answers(0)
    assert only.members.startswith("0, 1, 2")


def test_images_of_many_channels_are_shown_by_their_mean():
    image = np.zeros((1, 2, 2, 4), dtype=np.uint8)
    image[..., 0] = 200
    np.testing.assert_array_equal(examples([[0]], images=image).pixels, np.full((1, 2, 2, 1), 50))
    three = np.zeros((1, 2, 2, 3), dtype=np.uint8)
    assert examples([[0]], images=three).pixels is three
    assert examples([[0]]).pixels is None


def test_what_does_not_fit_is_refused():
    with pytest.raises(ArgumentError, match=r"`labels` must have the shape \(1,\); got \(2,\)"):
        examples([[0]], labels=[0, 1])
    with pytest.raises(ArgumentError, match="`images` must hold one entry for each of 1 examples; got 2"):
        examples([[0]], images=np.zeros((2, 2, 2, 3), dtype=np.uint8))
    with pytest.raises(ArgumentError, match="`shown` must be numbers of 1 examples; got 1"):
        Gallery("", "", examples([[0]]), (0, 1))
