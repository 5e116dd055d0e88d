import os
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from modescape.core.errors import ArgumentError, DataError, StoreError, TrainingError
from modescape.store import Run
from modescape.studies import StudySettings, runs, study, train_ensemble
from modescape.studies.runs import found_run, interruptible, new_run, settings_of
from studies.samples import TINY, Listener


@contextmanager
def locked_elsewhere(path):
    """Let another process hold the lock of a run."""
    program = (
        "import fcntl, json, os, sys; file = open(sys.argv[1] + '/.lock', 'w'); fcntl.flock(file, fcntl.LOCK_EX)\n"
        "json.dump({'process': os.getpid(), 'host': 'here'}, file); file.flush()\n"
        "print('locked', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        assert process.stdout.readline() == "locked\n"
        yield process.pid
        process.stdin.close()


@pytest.fixture
def npz(tmp_path):
    """A function that writes a data set of two classes, and its path."""

    def write(shift=0.0):
        rng = np.random.default_rng(0)
        labels = np.arange(80) % 2
        np.savez(tmp_path / "data.npz", x=(rng.normal(size=(80, 3)) + 2 * labels[:, None] + shift), y=labels)
        return f"npz:{tmp_path / 'data.npz'}"

    return write


SHORT = {**TINY, "limit": None, "test_limit": None, "members": 2, "epochs": 1, "trajectories": 0}


def test_a_run_goes_to_a_folder_named_after_time_data_and_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = StudySettings(data={"source": "parquet:../shared/My Data/"}, model={"name": "own.nets:build_it"})
    before = datetime.now(UTC).replace(microsecond=0)
    run = new_run(settings, None)
    stamp, _, name = run.name.partition("-My-Data-")
    assert name == "build_it"
    assert before <= datetime.strptime(stamp, "%Y%m%d-%H%M%S").astimezone() <= datetime.now(UTC)
    assert run.path == Path("runs") / run.name
    assert run.settings == settings.model_dump(mode="json")


def test_runs_that_begin_in_the_same_second_get_folders_of_their_own(tmp_path, monkeypatch):
    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2026, 1, 2, 3, 4, 5, tzinfo=tz)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(runs, "datetime", Clock)
    names = [new_run(StudySettings(), None).path.name for _ in range(3)]
    first = names[0]
    assert first.endswith("-digits-mlp")
    assert names[1:] == [f"{first}-2", f"{first}-3"]


@pytest.mark.parametrize("folder", [".", "deep/er"])
def test_a_run_may_be_made_in_any_empty_folder(tmp_path, monkeypatch, folder):
    monkeypatch.chdir(tmp_path)
    run = new_run(StudySettings(), Path(folder))
    assert Run.open(tmp_path / folder).name == run.name != ""


def test_resume_takes_the_newest_unfinished_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        StoreError, match=r"`--resume` must find an unfinished run in runs/; got none. Pass --output RUN"
    ):
        found_run(None, {})
    for name, status in (("a", "interrupted"), ("b", "training"), ("c", "finished")):
        new_run(StudySettings(), Path("runs", name)).set_status(status)
    Path("runs/d").mkdir()
    Path("runs/d/manifest.json").write_text("{broken")
    assert found_run(None, {})[0].path == Path("runs/b")
    for name in ("a", "b"):
        Run.open(f"runs/{name}").set_status("finished")
    with pytest.raises(StoreError, match="must find an unfinished run"):
        found_run(None, {})


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (
            {"train": {"epochs": 3}},
            "`epochs` must be 2, as in the run that is resumed; got 3. Leave it out, or start a",
        ),
        ({"seed": 6}, "`seed` must be 5, as in the run that is resumed; got 6"),
        ({"data": {"source": "mnist"}}, "`data` must be 'digits', as in the run that is resumed; got 'mnist'"),
        ({"data": {"limit": None}}, "`limit` must be 120, as in the run that is resumed; got None"),
        ({"model": {"name": "small-cnn"}}, "`model` must be 'mlp', as in the run that is resumed; got 'small-cnn'"),
        (
            {"model": {"options": {"hidden": [9]}}},
            r"`model_options` must be {'hidden': \[16\]}, as in .*; got {'hidden'",
        ),
        ({"train": {"members": 0}}, "`members` must be greater than or equal to 1; got 0"),
    ],
)
def test_a_changed_setting_is_refused_by_name(finished, asked, message):
    with pytest.raises(ArgumentError, match=message):
        found_run(finished.path, asked)


def test_the_same_settings_in_other_words_are_accepted(finished):
    asked = {"seed": "5", "train": {"learning_rate": "1.6e-3", "epochs": 2.0}, "model": {"options": {"hidden": [16]}}}
    assert found_run(finished.path, asked)[1] == settings_of(finished)


def test_compare_settings_may_change_and_are_remembered(copied):
    study(resume=True, output=copied.path, confidence=0.8)
    assert copied.arrays("results/ensemble").attrs["confidence"] == 0.8
    assert copied.arrays("results/solutions").attrs["confidence"] == 0.8
    assert settings_of(copied).compare.confidence == 0.8
    # What the run began with stays; going on without a word keeps what is there.
    assert copied.settings["compare"]["confidence"] == 0.95
    before = copied.manifest["steps"]
    study(resume=True, output=copied.path)
    assert copied.manifest["steps"] == before


def test_a_compare_setting_that_is_refused_is_not_remembered(copied):
    with pytest.raises(ArgumentError, match="`perplexity` must be at least 1 and less than 6, the number of points"):
        study(resume=True, output=copied.path, perplexity=50)
    assert copied.status == "failed"
    study(resume=True, output=copied.path)
    assert copied.status == "finished"
    assert copied.arrays("results/embedding").attrs["perplexity"] != 50


def test_going_on_with_a_finished_run_changes_nothing(copied):
    def everything():
        return {path: path.read_bytes() for path in copied.path.rglob("*") if path.is_file() and path.name != ".lock"}

    before, weights = copied.manifest, everything()
    study(resume=True, output=copied.path, **TINY)
    after = copied.manifest
    assert after.pop("times")
    assert before.pop("times")
    assert after == before
    changing = {copied.path / "manifest.json", copied.path / "checksums.sha256"}
    assert {path: text for path, text in everything().items() if path not in changing} == {
        path: text for path, text in weights.items() if path not in changing
    }


def test_a_run_that_is_being_compared_counts_as_unfinished(copied, monkeypatch):
    seen = []
    monkeypatch.setattr(runs, "run_steps", lambda steps, context: seen.append(context.run.status))  # noqa: ARG005
    study(resume=True, output=copied.path)
    study(resume=True, output=copied.path, only="ensemble")
    assert seen == ["comparing", "finished"]
    assert copied.status == "finished"


def test_one_step_leaves_the_others(copied):
    copied.set_status("trained")
    study(resume=True, output=copied.path, only="ensemble", confidence=0.8)
    assert copied.arrays("results/ensemble").attrs["confidence"] == 0.8
    assert copied.arrays("results/solutions").attrs["confidence"] == 0.95
    assert copied.status == "trained"


def test_a_wrong_step_is_refused_before_anything_is_touched(copied, tmp_path):
    with pytest.raises(ArgumentError, match="`only` must be one of"):
        study(resume=True, output=copied.path, only="ensembel")
    assert copied.status == "finished"
    with pytest.raises(ArgumentError, match="`only` must be one of"):
        study(**TINY, output=tmp_path / "new", only="ensembel")
    assert not (tmp_path / "new").exists()


def test_a_damaged_weights_file_is_named(copied, altered):
    name = altered(copied, "weights/member-001/step-0002.safetensors")
    altered(copied, "predictions/test.zarr/probability/**/*")
    listener = Listener()
    with pytest.raises(StoreError, match=f"`{name}` must match its checksum"):
        study(resume=True, output=copied.path, progress=listener)
    assert copied.status == "failed"
    (notice,) = listener.said
    assert notice.startswith("predictions of every solution is done again: `predictions/test.zarr/probability/")


def test_other_data_are_refused(npz, tmp_path):
    data = npz()
    train_ensemble(**SHORT, data=data, output=tmp_path / "run")
    assert study(resume=True, output=tmp_path / "run").status == "finished"
    npz(shift=0.5)
    message = "`data` must be what the run was made with; got other contents from data. Restore it, or start a new run"
    with pytest.raises(StoreError, match=message):
        study(resume=True, output=tmp_path / "run")
    assert Run.open(tmp_path / "run").status == "finished"
    (tmp_path / "data.npz").unlink()
    with pytest.raises(DataError, match="There is no file"):
        study(resume=True, output=tmp_path / "run")


@pytest.mark.skipif(sys.platform == "win32", reason="nothing is locked there")
def test_a_run_that_another_process_uses_is_left_alone(copied):
    with locked_elsewhere(copied.path) as process:
        with pytest.raises(StoreError, match=f"must not be in use; got a lock held by process {process} on "):
            study(resume=True, output=copied.path, confidence=0.8)
        assert copied.status == "finished"
    study(resume=True, output=copied.path, confidence=0.8)
    assert copied.arrays("results/ensemble").attrs["confidence"] == 0.8


@pytest.mark.skipif(sys.platform == "win32", reason="nothing is locked there")
def test_a_run_is_locked_for_the_whole_of_the_work(copied):
    program = "import fcntl, sys; fcntl.flock(open(sys.argv[1]), fcntl.LOCK_EX | fcntl.LOCK_NB)"
    command = [sys.executable, "-c", program, str(copied.path / ".lock")]
    with interruptible(copied):
        assert b"BlockingIOError" in subprocess.run(command, capture_output=True, check=False).stderr
    assert subprocess.run(command, check=False).returncode == 0


@pytest.mark.parametrize(("error", "status"), [(KeyboardInterrupt, "interrupted"), (TrainingError, "failed")])
def test_work_that_is_cut_short_is_noted(copied, error, status):
    with pytest.raises(error), interruptible(copied):
        raise error
    assert copied.status == status


def test_the_first_error_is_shown_when_the_disk_is_full_too(copied, monkeypatch):
    def full(status):
        raise StoreError(f"no space for {status}")

    monkeypatch.setattr(copied, "set_status", full)
    with pytest.raises(TrainingError, match="the cause"), interruptible(copied):
        raise TrainingError("the cause")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"device": "cuda:77"}, "`device` must be a device of this machine"),
        ({"model": "no_such:thing"}, "`model` must name a module that can be imported"),
        ({"data": "npz:nowhere.npz"}, "There is no file nowhere.npz"),
        ({"name": "overviw"}, "`study` must be one of overview"),
        ({"model_options": {"hiden": [3]}}, "be taken by mlp; got 'hiden'"),
    ],
)
def test_nothing_is_left_on_disk_when_a_run_is_refused(tmp_path, settings, message):
    with pytest.raises(Exception, match=message):
        study(**{**TINY, **settings}, output=tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_is_taken_is_refused_at_once(copied, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(
        ArgumentError, match=r"`output` must be a folder that is new or empty; got the file .*file. Choose"
    ):
        study(**TINY, data="npz:nowhere.npz", output=tmp_path / "file")
    with pytest.raises(
        ArgumentError, match=r"got the run .*copied. Choose another folder, or go on with a run by --resum"
    ):
        study(**TINY, data="npz:nowhere.npz", output=copied.path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_named(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match=r"`.*run` must be written in full; got permission denied"):
        study(**TINY, output=tmp_path / "run")
