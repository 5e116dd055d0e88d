import re

import pytest

from modescape.core.errors import StoreError
from modescape.store import Run
from modescape.studies import StudySettings, has_results, report_run, summarise_run
from modescape.studies.report import RESULTS, command_of, report_contents


def test_the_contents_are_those_of_the_run(finished):
    contents = report_contents(finished)
    overview = ("training", "solutions", "trajectories", "embedding", "ensemble")
    assert overview == RESULTS[:5]
    assert tuple(contents.results) == (*overview, "null", "costs")
    assert contents.notes == []
    assert contents.facts["data"] == "digits (120 training, 134 validation, 150 test examples, 10 classes)"
    assert contents.facts["model"] == "mlp (1,210 parameters)"
    assert contents.facts["members"] == "3"
    assert contents.facts["seed"] == "5"
    assert contents.facts["command"].startswith("modescape study --seed 5 --limit 120 ")


def test_a_damaged_result_is_left_out_and_named(copied, altered):
    name = altered(copied, "results/ensemble.zarr/value/**/*")
    contents = report_contents(copied)
    assert "ensemble" not in contents.results
    (note,) = contents.notes
    assert name in note
    summary = summarise_run(copied)
    assert summary.notes == (note,)
    assert summary.worth_it.verdict == "unknown"
    assert summary.different.verdict != "unknown"


def test_what_happened_to_a_member_is_a_note(copied):
    copied.record("members", {"1": {"note": "member 1 diverged in epoch 2 and is left out"}})
    assert summarise_run(copied).notes == ("member 1 diverged in epoch 2 and is left out",)


def test_a_run_without_results_says_what_to_do(tmp_path):
    run = Run.create(tmp_path / "my run", name="x", settings=StudySettings().model_dump(mode="json"))
    assert not has_results(run)
    advice = re.escape(f"modescape study --resume --output '{run.path}'.")
    with pytest.raises(StoreError, match=rf"`run` must hold results; got none in .*/my run. Finish it with {advice}"):
        report_run(run)


def test_the_command_of_a_run_made_from_python_objects_is_left_out(copied):
    copied.record("objects", {"model": True})
    assert "command" not in report_contents(copied).facts


def test_defaults_are_left_out_of_a_command():
    assert command_of(StudySettings().model_dump(mode="json")) == "modescape study"
    settings = StudySettings(
        train={"keep_best": True, "clip_norm": 0.5}, model={"options": {"name": "a b", "size": "3"}}
    )
    assert command_of(settings.model_dump(mode="json")) == (
        "modescape study --model-option 'name=a b' --model-option 'size=\"3\"' --clip-norm 0.5 --keep-best"
    )


def test_what_is_on_by_default_is_switched_off_in_a_command():
    settings = StudySettings(landscape={"renew_batch_norm": False, "radii": 7})
    assert command_of(settings.model_dump(mode="json")) == "modescape study --radii 7 --no-renew-batch-norm"


def test_a_limit_that_is_taken_away_has_no_command(copied):
    settings = StudySettings(landscape={"landscape_examples": None})
    assert command_of(settings.model_dump(mode="json")) is None
    copied.record("asked", {"landscape": {"landscape_examples": None}})
    assert "command" not in report_contents(copied).facts


def test_a_step_that_is_left_out_is_a_note_and_its_older_results_are_not_shown(copied):
    copied.record("steps", {"embedding": {"key": "", "outputs": [], "left_out": "There is no plane."}})
    contents = report_contents(copied)
    assert contents.notes == ["embedding is left out: There is no plane."]
    assert "embedding" not in contents.results
    assert copied.has_arrays("results/embedding")
