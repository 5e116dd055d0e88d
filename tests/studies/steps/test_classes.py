import numpy as np
import pytest

from modescape.evaluate import class_spread, holm
from modescape.functions import decisions
from modescape.studies.step import LeftOutError
from modescape.studies.steps.classes import classes
from studies.recomputed import context_of
from studies.steps.test_pairs import files

MEMBER_CLASS = ("member", "class")


def two_kinds(tmp_path, num_examples=200):
    """Members of which each is good at one of two classes; a third class is never there."""
    truth = np.repeat([0, 1], num_examples // 2)
    chance = np.array([[0.9, 0.5], [0.5, 0.9], [0.7, 0.7]])[:, truth]
    is_right = np.random.default_rng(0).random((3, num_examples)) < chance
    decided = np.where(is_right, truth, 2)
    context = files(tmp_path, decision=(("member", "example"), decided), label=("example", truth))
    classes.run(context)
    return context.run.arrays("results/classes"), is_right, truth


def test_they_need_the_truth(tmp_path):
    with pytest.raises(LeftOutError, match=r"The true classes are not known. Pass labels"):
        classes.work(files(tmp_path))


def test_accuracies_of_a_run_are_those_of_its_predictions(copied):
    classes.run(context_of(copied))
    found = copied.arrays("results/classes")
    stored = copied.arrays("predictions/test")
    chosen, truth = decisions(stored["probability"].to_numpy()), stored["label"].to_numpy()
    for label in range(10):
        rows = truth == label
        np.testing.assert_allclose(found["accuracy"][:, label], (chosen == label)[:, rows].mean(axis=1))
        assert int(found["num_examples"][label]) == rows.sum()
    assert (found["accuracy_low"] <= found["accuracy"]).all()
    assert (found["accuracy"] <= found["accuracy_high"]).all()
    assert (found["p"] <= found["p_adjusted"]).all()
    assert found.attrs["chance_low"] < 1 < found.attrs["chance_high"]
    assert found.attrs["num_resamples"] == 100


def test_members_that_specialise_are_beyond_chance(tmp_path):
    found, is_right, truth = two_kinds(tmp_path)
    assert (found["spread"][:2] > found["expected_high"][:2]).all()
    assert (found["p_adjusted"][:2] < 0.05).all()
    assert found.attrs["interaction_ratio"] > found.attrs["chance_high"]
    expected = class_spread(is_right, truth, num_classes=3, num_resamples=100, confidence=0.95, seed=0)
    np.testing.assert_array_equal(found["spread"], expected.spread)
    np.testing.assert_array_equal(found["p_adjusted"], holm(expected.p))
    assert found.attrs["interaction_p"] == expected.ratio_p


def test_a_class_without_examples_has_no_numbers(tmp_path):
    found, _, _ = two_kinds(tmp_path)
    assert found["num_examples"].values.tolist() == [100, 100, 0]
    for name in ("accuracy", "accuracy_low", "accuracy_high"):
        assert found[name].dims == MEMBER_CLASS
        assert np.isnan(found[name][:, 2]).all()
        assert np.isfinite(found[name][:, :2]).all()
    assert np.isnan(found["spread"][2])


def test_members_and_classes_keep_their_names(tmp_path):
    found, _, _ = two_kinds(tmp_path)
    assert found["member_name"].values.tolist() == ["a.npy", "b.npy", "c.npy"]
    assert found["class"].values.tolist() == ["0", "1", "2"]
