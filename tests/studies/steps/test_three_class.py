from types import SimpleNamespace

import numpy as np
import pytest

from modescape.core.errors import ArgumentError
from modescape.studies.settings import StudySettings
from modescape.studies.step import LeftOutError
from modescape.studies.steps.three_class import three_class
from studies.recomputed import context_of
from studies.steps.test_pairs import files


def task(*names):
    return SimpleNamespace(dataset=SimpleNamespace(classes=names))


def test_members_are_counted(tmp_path):
    generator = np.random.default_rng(0)
    truth = np.repeat([0, 1, 2], 100)
    chance = np.array([[0.9, 0.5, 0.5], [0.5, 0.9, 0.5], [0.5, 0.5, 0.9]])[:, truth]
    answers = np.where(generator.random((3, 300)) < chance, truth, (truth + 1) % 3)
    context = files(tmp_path, decision=(("member", "example"), answers), label=("example", truth))
    three_class.run(context)
    found = context.run.arrays("results/three-class")
    assert found["combination"].values.tolist() == ["none", "0", "1", "2", "0+1", "0+2", "1+2", "0+1+2"]
    assert found["count"].values.tolist() == [0, 1, 1, 1, 0, 0, 0, 0]
    assert found["difference"].dims == ("member", "class")
    np.testing.assert_allclose(found["difference"].mean("member"), 0, atol=1e-12)
    assert found["member_name"].values.tolist() == ["a.npy", "b.npy", "c.npy"]
    assert found.attrs["num_resamples"] == 100


def test_three_classes_are_needed():
    three_class.check(StudySettings(), task("cat", "dog", "horse"))
    rule = "`only_classes` must leave three classes for the three-class experiment, of digits"
    with pytest.raises(ArgumentError, match=rf"{rule}; got 4 classes. Pass --only-classes a,b,c, or three others"):
        three_class.check(StudySettings(), task(*"abcd"))
    with pytest.raises(ArgumentError, match=rf"{rule}; got 2 classes. Choose data with three classes or more"):
        three_class.check(StudySettings(), task(*"ab"))
    with pytest.raises(ArgumentError, match=rf"{rule}; got 2 classes. Name three of them"):
        three_class.check(StudySettings(data={"only_classes": "a,b"}), task(*"ab"))


def test_a_run_with_other_classes_is_left_out(copied, tmp_path):
    for context in (context_of(copied), files(tmp_path)):
        with pytest.raises(LeftOutError, match=r"It needs the true classes of examples of exactly three."):
            three_class.work(context)
