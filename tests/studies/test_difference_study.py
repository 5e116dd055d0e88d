"""The study of differences as a whole; its steps are tested one by one."""

import pytest

from modescape.core.errors import ArgumentError
from modescape.studies import STUDIES, study, summarise_run
from modescape.studies.catalogue import steps_of
from modescape.studies.report import RESULTS, report_contents
from modescape.studies.runs import settings_of
from studies.samples import made_again, marks

NEW = ("pairs", "classes", "modes", "layers", "alignment", "representations", "attacks")
SMALL = {
    "pairs": "0-1",
    "landscape_examples": 40,
    "align_starts": 1,
    "align_examples": 40,
    "align_points": 3,
    "cka_examples": 40,
    "cka_batch": 10,
    "attack_examples": 10,
    "attack_members": 2,
    "attack_steps": 2,
    "disputed": 4,
    "pair_disputed": 1,
    "null_samples": 4,
}


def test_the_study_is_made_of_these_steps():
    assert STUDIES["differences"][: -len(NEW)] == STUDIES["overview"]
    assert tuple(step.name for step in STUDIES["differences"][-len(NEW) :]) == NEW


def test_a_finished_run_goes_on_with_this_study_and_changed_settings_make_again_what_depends_on_them(copied):
    before = marks(copied)
    study("differences", resume=True, output=copied.path, **SMALL)
    assert copied.status == "finished"
    assert made_again(copied, before) == ["null", *NEW]
    assert not [name for name, step in copied.manifest["steps"].items() if step["left_out"]]
    made = {output for step in STUDIES["differences"] for output in step.outputs}
    contents = report_contents(copied)
    assert tuple(contents.results) == (*(name for name in RESULTS if f"results/{name}" in made), "costs")
    assert contents.notes == []
    assert summarise_run(copied).notes == ()
    assert copied.damage() == []
    for changes, expected in (
        ({}, []),
        ({"disputed": 5}, ["pairs"]),
        ({"same_mode": 0.1}, ["modes"]),
        ({"align_points": 4}, ["alignment"]),
        ({"pairs": "1-2"}, ["alignment"]),
        ({"cka_batch": 20}, ["representations"]),
        ({"attack_steps": 3}, ["attacks"]),
        ({"null_samples": 3}, ["null"]),
    ):
        before = marks(copied)
        study(resume=True, output=copied.path, **changes)
        assert made_again(copied, before) == expected


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("pairs", ["predictions", "pairs"]),
        ("modes", ["predictions", "modes"]),
        ("layers", ["layers"]),
        ("attacks", ["attacks"]),
    ],
)
def test_one_step_comes_with_what_it_needs(name, needed):
    assert [step.name for step in steps_of("differences", name)] == needed


def test_one_step_alone_leaves_the_others_out(copied):
    before = marks(copied)
    study("differences", resume=True, output=copied.path, only="modes")
    assert made_again(copied, before) == ["modes"]
    assert settings_of(copied).study == "differences"
    assert not copied.has_arrays("results/pairs")


def test_a_step_of_another_study_is_refused(copied):
    with pytest.raises(ArgumentError, match=r"`only` must be one of training, .*, attacks; got 'three-class'"):
        study("differences", resume=True, output=copied.path, only="three-class")
