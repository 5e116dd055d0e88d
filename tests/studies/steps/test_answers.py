import numpy as np
import pytest
import xarray as xr

from modescape.functions import decisions
from modescape.studies.steps.answers import answers_of
from studies.steps.test_pairs import files

DECIDED = np.array([[0, 1, 2, 2], [0, 1, 1, 2], [1, 1, 2, 0]])


def stored(run, **changes):
    """Write predictions of two members anew, with other variables, coordinates and attributes."""
    attrs = changes.pop("attrs", {})
    coords = {"member": [4, 7], **changes.pop("coords", {})}
    run.write_arrays("predictions/test", xr.Dataset(changes, coords=coords, attrs=attrs))
    return answers_of(run)


@pytest.fixture
def run(tmp_path):
    return files(tmp_path).run


def test_answers_of_a_run_are_decisions_from_its_probabilities(finished):
    found, predicted = answers_of(finished), finished.arrays("predictions/test")
    np.testing.assert_array_equal(found.decisions, decisions(predicted["probability"].to_numpy()))
    np.testing.assert_array_equal(found.labels, predicted["label"])
    np.testing.assert_array_equal(found.probabilities, predicted["probability"])
    assert (found.num_classes, found.num_examples) == (10, 150)
    assert found.classes == tuple(predicted.attrs["classes"])
    assert found.coords()["member"].tolist() == [0, 1, 2]


def test_answers_of_files_may_be_decisions_alone(run):
    found = answers_of(run)
    np.testing.assert_array_equal(found.decisions, DECIDED)
    assert found.labels is None
    assert found.probabilities is None
    assert found.classes == ("0", "1", "2")


def test_decisions_that_are_stored_stand_before_those_of_probabilities(run):
    probability = np.full((2, 2, 3), 1 / 3)
    found = stored(
        run,
        probability=(("member", "example", "class"), probability),
        decision=(("member", "example"), np.array([[2, 1], [0, 2]], dtype=np.int16)),
    )
    assert found.decisions.tolist() == [[2, 1], [0, 2]]
    assert found.decisions.dtype == np.int64
    np.testing.assert_array_equal(found.probabilities, probability)


@pytest.mark.parametrize(
    ("changes", "classes"),
    [
        ({"attrs": {"classes": ["cat", "dog", "fox"]}}, ("cat", "dog", "fox")),
        ({"label": ("example", [0, 3])}, ("0", "1", "2", "3")),
        ({"probability": (("member", "example", "class"), np.full((2, 2, 5), 0.2))}, ("0", "1", "2", "3", "4")),
    ],
)
def test_classes_without_names_are_as_many_as_are_known_of(run, changes, classes):
    found = stored(run, decision=(("member", "example"), [[0, 1], [1, 1]]), **changes)
    assert found.classes == classes
    assert found.num_classes == len(classes)


def test_coordinates_of_some_members_keep_names_and_groups(run):
    texts = {"member_name": ("member", ["a.npy", "b.npy"]), "member_group": ("member", ["deep", "wide"])}
    found = stored(run, decision=(("member", "example"), [[0, 1], [1, 1]]), coords=texts)
    coords = found.coords([1], other=True)
    assert coords["member"].tolist() == coords["member_other"].tolist() == [7]
    assert coords["member_name"] == ("member", ["b.npy"])
    assert coords["member_group"] == ("member", ["wide"])
    assert "member_other" not in found.coords()
