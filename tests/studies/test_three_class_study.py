"""The experiment with three classes as a whole; its steps are tested one by one."""

import pytest

from modescape.core.errors import ArgumentError
from modescape.store import Run
from modescape.studies import STUDIES, study, summarise_run
from modescape.studies.report import RESULTS, command_of, report_contents
from studies.samples import TINY, made_again, marks

NEW = ("pairs", "classes", "three-class")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of three classes of digits; never change it, but for what depends on no other."""
    path = tmp_path_factory.mktemp("three") / "run"
    settings = {**TINY, "limit": 90, "test_limit": 120, "trajectories": 0, "null_samples": 4}
    return study("three-class", **settings, only_classes="2,3,8", output=path)


def test_the_study_is_made_of_these_steps():
    assert STUDIES["three-class"][: -len(NEW)] == STUDIES["overview"]
    assert tuple(step.name for step in STUDIES["three-class"][-len(NEW) :]) == NEW


def test_every_result_is_there_and_drawn(run):
    assert run.status == "finished"
    made = {output for step in STUDIES["three-class"] for output in step.outputs}
    contents = report_contents(run)
    expected = [name for name in RESULTS if f"results/{name}" in made and name not in ("trajectories", "embedding")]
    assert list(contents.results) == [*expected, "costs"]
    assert contents.notes == []
    assert summarise_run(run).notes == ()
    assert run.damage() == []


def test_three_classes_are_left_under_their_names(run):
    found = run.arrays("results/three-class")
    assert found["class"].values.tolist() == ["2", "3", "8"]
    assert found["combination"].values.tolist() == ["none", "2", "3", "8", "2+3", "2+8", "3+8", "2+3+8"]
    assert int(found["count"].sum()) == 3
    assert run.arrays("predictions/test").sizes["class"] == 3
    assert "--only-classes 2,3,8" in command_of(run.manifest["settings"])


def test_resumed_nothing_is_made_again_until_a_setting_changes(run):
    before = marks(run)
    study(resume=True, output=run.path)
    assert made_again(run, before) == []
    study(resume=True, output=run.path, only="three-class", num_resamples=110)
    assert made_again(run, before) == ["three-class"]
    assert run.arrays("results/three-class").attrs["num_resamples"] == 110


def test_other_numbers_of_classes_are_refused_before_training(tmp_path):
    rule = "`only_classes` must leave three classes for the three-class experiment, of digits"
    with pytest.raises(ArgumentError, match=rf"{rule}; got 10 classes. Pass --only-classes 0,1,2, or three others"):
        study("three-class", **TINY, output=tmp_path / "run")
    with pytest.raises(ArgumentError, match=rf"{rule}; got 2 classes"):
        study("three-class", **{**TINY, "test_limit": 60}, only_classes="0,1", output=tmp_path / "two")


def test_a_finished_run_of_ten_classes_does_not_become_one_of_three(copied):
    with pytest.raises(ArgumentError, match=r"`only_classes` must leave three classes"):
        study("three-class", resume=True, output=copied.path)
    assert Run(copied.path).status == "finished"
