"""The examples that members dispute, from answers made up for the purpose; a whole run is tested with `pairs`."""

import numpy as np
import pytest
import xarray as xr

from modescape.studies.steps import disputed
from modescape.studies.steps.answers import Answers
from modescape.studies.steps.disputed import disputed_examples, kept_votes

DECIDED = np.array([[0, 0, 0, 1], [0, 1, 0, 1], [0, 2, 1, 1]])


def answers(decided=DECIDED, *, labels=None, num_classes=3, **member):
    """Answers without probabilities."""
    known = {"member": np.arange(len(decided)), **member}
    return Answers(np.asarray(decided), labels, None, tuple(map(str, range(num_classes))), known)


def shown(inputs):
    """What is shown of inputs for the first two examples."""
    return disputed_examples(answers(), inputs, number=2, pair_number=0)


def test_votes_are_ordered_by_their_entropy():
    found = disputed_examples(answers(labels=np.array([0, 2, 1, 1])), None, number=9, pair_number=0)
    assert found["row"].values.tolist() == [1, 2]
    np.testing.assert_allclose(found["score"], [np.log(3), np.log(3) - 2 / 3 * np.log(2)])
    assert found["vote"].values.tolist() == [[0, 1, 2], [0, 0, 1]]
    assert found["label"].values.tolist() == [2, 1]
    assert found.attrs["score_name"] == "entropy of the votes, nats"
    assert (found.attrs["disputed"], found.attrs["num_examples"]) == (2, 4)
    assert found["pair_dispute"].shape == (3, 3, 0)


def test_probabilities_of_own_votes_are_kept():
    probability = np.array([[[0.8, 0.2], [0.6, 0.4]], [[0.3, 0.7], [0.9, 0.1]]])
    given = answers([[0, 0], [1, 0]], num_classes=2)
    stored = xr.DataArray(probability, dims=("member", "example", "class"))
    found = disputed_examples(
        Answers(given.decisions, None, stored, given.classes, given.member), None, number=1, pair_number=0
    )
    assert found["row"].values.tolist() == [0]
    np.testing.assert_allclose(found["confidence"], [[0.8, 0.7]], rtol=1e-6)
    assert found.attrs["score_name"].startswith("Jensen-Shannon divergence")


def test_examples_of_pairs_come_after_those_of_all():
    found = disputed_examples(answers(), None, number=1, pair_number=2)
    assert found["row"].values.tolist() == [1, 2]
    assert found.attrs["disputed"] == 1
    places = found["pair_dispute"].values
    # Members 0 and 1 differ on row 1 only; members 0 and 2 on rows 1 and 2, alike disputed.
    assert places[0, 1].tolist() == [0, -1]
    assert places[2, 0].tolist() == places[1, 2].tolist() == [0, 1]


def test_pairs_of_the_first_members_have_their_own(monkeypatch):
    monkeypatch.setattr(disputed, "PAIR_MEMBERS", 2)
    found = disputed_examples(answers(), None, number=2, pair_number=1)
    assert found.attrs["pair_members"] == 2
    assert found["pair_dispute"].values[:, :, 0].tolist() == [[-1, 0, -1], [0, -1, -1], [-1, -1, -1]]


def test_nothing_is_disputed_where_all_agree():
    assert disputed_examples(answers(np.ones((3, 4), dtype=int)), None, number=2, pair_number=2) is None


def test_bytes_stay_as_they_are():
    images = np.arange(4 * 3 * 2 * 2, dtype=np.uint8).reshape(4, 3, 2, 2)
    found = shown(images)
    np.testing.assert_array_equal(found["image"], images[[1, 2]].transpose(0, 2, 3, 1))
    assert "image_range" not in found.attrs
    assert found.attrs["image_size"] == [2, 2]


def test_images_of_one_value_are_black_and_no_error():
    found = shown(np.full((4, 1, 2, 2), 0.5))
    assert (found["image"] == 0).all()
    assert found.attrs["image_range"] == [0.5, 0.5]


def test_large_images_are_made_smaller_and_numbers_stretched():
    inputs = np.tile(np.linspace(-2.0, 3.0, 3 * 200 * 120), (4, 1)).reshape(4, 3, 200, 120).astype(np.float32)
    found = shown(inputs)
    assert found["image"].shape == (2, 96, 58, 3)
    assert found.attrs["image_size"] == [200, 120]
    assert found.attrs["image_range"] == [-2.0, 3.0]
    assert found.attrs["image_shown"] == [96, 58]
    assert int(found["image"].min()) < 3
    assert int(found["image"].max()) > 252


@pytest.mark.parametrize(("shape", "features"), [((4, 70), 70), ((4, 2, 3, 4), 24), ((4, 5, 6), 30)])
def test_all_else_is_shown_as_its_first_features(shape, features):
    inputs = np.arange(np.prod(shape), dtype=np.float64).reshape(shape)
    found = shown(inputs)
    kept = min(50, features)
    np.testing.assert_array_equal(found["feature_value"], inputs.reshape(4, -1)[[1, 2], :kept])
    assert (found.attrs["num_features"], found.attrs["kept_features"]) == (features, kept)
    assert found["feature"].values.tolist() == [str(number) for number in range(kept)]


def test_votes_of_the_first_members_are_kept_with_their_names(monkeypatch):
    monkeypatch.setattr(disputed, "VOTE_MEMBERS", 2)
    found = kept_votes(answers(labels=np.array([0, 2, 1, 1]), member_name=np.array(["a", "b", "c"])))
    assert found["decision"].values.tolist() == DECIDED[:2].tolist()
    assert found["decision"].dtype == np.int16
    assert found["member_name"].values.tolist() == ["a", "b"]
    assert found["label"].values.tolist() == [0, 2, 1, 1]
    assert (found.attrs["kept_members"], found.attrs["num_members"]) == (2, 3)
    assert "label" not in kept_votes(answers())
