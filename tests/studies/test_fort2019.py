"""The paper's study as a whole: one step alone, kills, changed settings, and what can't be done for a run."""

import json

import numpy as np
import pytest

from modescape.core.errors import StoreError
from modescape.store import Run
from modescape.studies import STUDIES, study, summarise_run
from modescape.studies.catalogue import steps_of
from modescape.studies.report import RESULTS, report_contents
from modescape.studies.runs import settings_of
from studies.samples import WHOLE, Listener, Writes, forget, made_again, marks
from studies.test_api import blobs, broken_for, small

NEW = [step.name for step in steps_of("fort2019")][len(STUDIES["overview"]) :]
OUTPUTS = {output for step in steps_of("fort2019") for output in step.outputs}
DRAWN = tuple(name for name in RESULTS if f"results/{name}" in OUTPUTS)
PARTS = {"sources": "sources-", "methods": None, "foreign": None}
"""Where steps keep what is done, if not in a part of their own name."""


def results_of(run, step):
    return {name: run.arrays(name) for name in run.manifest["steps"][step]["outputs"]}


def kept_by(writes, names):
    return [write for write in writes if write[0] is not None and write[0].split("-")[0] in names]


def test_every_result_is_there_and_drawn(whole):
    assert whole.status == "finished"
    contents = report_contents(whole)
    assert tuple(contents.results) == (*DRAWN, "costs")
    assert contents.notes == []


@pytest.mark.parametrize("name", NEW)
def test_a_killed_step_goes_on_from_its_pieces(whole_and_writes, whole_copied, name):
    whole, writes = whole_and_writes
    needed = [step.name for step in steps_of("fort2019", only=name)]
    before, begun = marks(whole_copied), whole_copied.manifest["steps"]
    forget(whole_copied)
    prefix = PARTS.get(name, name)
    for part in whole_copied.parts:
        if prefix and part.startswith(prefix):
            whole_copied.remove_part(part)
    expected = kept_by(writes, needed)
    done = []
    if prefix:
        limit = sum(write[0].startswith(prefix) for write in expected) // 2
        with pytest.MonkeyPatch.context() as patch:
            first = Writes(patch, limit=limit, prefix=prefix)
            with pytest.raises(KeyboardInterrupt):
                study(resume=True, output=whole_copied.path, only=name)
        assert whole_copied.status == "interrupted"
        done += first.done
    with pytest.MonkeyPatch.context() as patch:
        second = Writes(patch)
        study(resume=True, output=whole_copied.path, only=name)
    # Nothing was done twice, and nothing but the step and what it needs.
    assert done + second.done == expected
    assert made_again(whole_copied, before) == [step for step in begun if step in needed]
    for array, dataset in results_of(whole, name).items():
        assert whole_copied.arrays(array).identical(dataset)


def test_pieces_of_other_settings_are_not_used(whole, whole_copied):
    forget(whole_copied, "shift")
    with pytest.MonkeyPatch.context() as patch:
        Writes(patch, limit=2, prefix="shift")
        with pytest.raises(KeyboardInterrupt):
            study(resume=True, output=whole_copied.path, only="shift", shift_samples=2)
    study(resume=True, output=whole_copied.path, only="shift", shift_samples=settings_of(whole).shift.shift_samples)
    assert whole_copied.arrays("results/shift").identical(whole.arrays("results/shift"))


def test_results_written_by_a_killed_step_do_not_stand_under_older_settings(whole, whole_copied, monkeypatch):
    write = Run.write_arrays

    def killed(run, name, dataset):
        write(run, name, dataset)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Run, "write_arrays", killed)
        with pytest.raises(KeyboardInterrupt):
            study(resume=True, output=whole_copied.path, only="radial", radii=2)
    assert whole_copied.arrays("results/radial").sizes["radius"] == 2
    study(resume=True, output=whole_copied.path, only="radial", radii=3)
    assert whole_copied.arrays("results/radial").identical(whole.arrays("results/radial"))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"samples": 3}, ["subspaces", "plane", "methods", "shift", "foreign"]),
        ({"plane_samples": 3, "foreign_examples": 30}, ["plane", "foreign"]),
        ({"radii": 2, "max_subsets": 1}, ["ensemble", "methods", "radial", "chain"]),
    ],
)
def test_changed_settings_make_again_what_depends_on_them(whole_copied, changes, expected):
    before = marks(whole_copied)
    with pytest.MonkeyPatch.context() as patch:
        writes = Writes(patch)
        study(resume=True, output=whole_copied.path, **changes)
    assert made_again(whole_copied, before) == expected
    # No chain is run again because its ensembles are counted otherwise.
    assert ("chain", "members-000-000") not in writes.done
    before = marks(whole_copied)
    study(resume=True, output=whole_copied.path)
    assert made_again(whole_copied, before) == []


def test_a_kill_between_a_step_and_one_that_needs_it_is_noticed(whole_copied):
    before = marks(whole_copied)
    study(resume=True, output=whole_copied.path, only="subspaces", rank=1)
    assert made_again(whole_copied, before) == ["subspaces"]
    before = marks(whole_copied)
    study(resume=True, output=whole_copied.path)
    assert made_again(whole_copied, before) == ["plane", "methods", "shift", "foreign"]


def test_a_run_of_another_study_goes_on_with_this_one(copied):
    before = marks(copied)
    changes = {"radii": 2, "angles": 4, "landscape_examples": 20}
    study("fort2019", resume=True, output=copied.path, only="radial", **changes)
    assert copied.arrays("results/radial").sizes == {"pair": 1, "radius": 2, "angle": 4}
    assert settings_of(copied).study == "fort2019"
    assert made_again(copied, before) == ["radial"]


def test_runs_of_older_versions_stay_readable_and_finished(copied):
    path = copied.path / "manifest.json"
    manifest = json.loads(path.read_text())
    for name, record in manifest["steps"].items():
        kept = ("key", "outputs", "seconds")
        manifest["steps"][name] = {field: record[field] for field in kept}
    for section in ("subspaces", "landscape", "shift", "foreign", "sources", "chain"):
        del manifest["settings"][section]
        manifest["asked"].pop(section)
    del manifest["training"]["peak_mib"]
    copied.record("steps", {})
    replaced = Run.create(copied.path.with_name("old"), name="old", settings=manifest["settings"])
    for section in ("steps", "asked", "training", "members", "data", "model", "engine"):
        replaced.record(section, manifest[section])
    for name in copied.array_names():
        replaced.write_arrays(name, copied.arrays(name))
    for member in copied.members:
        for step in copied.steps(member):
            replaced.write_weights(member, step, copied.read_weights(member, step))
    replaced.set_status("finished")
    assert np.isnan(report_contents(replaced).results["costs"]["peak_mib"]).all()
    assert summarise_run(replaced).worth_it.headline
    before = replaced.manifest["steps"]
    study(resume=True, output=replaced.path)
    assert replaced.manifest["steps"] == before
    # What is made again now is noticed by the steps that need it.
    study(resume=True, output=replaced.path, only="training")
    forget(replaced, "predictions")
    study(resume=True, output=replaced.path)
    assert set(made_again(replaced, {})) == {"predictions", "solutions", "trajectories", "embedding", "ensemble"}


def test_a_table_without_validation_examples_can_not_be_corrupted_but_all_else_is_done(tmp_path):
    settings = {name: value for name, value in WHOLE.items() if name not in ("limit", "test_limit")}
    settings |= {"model_options": {}, "members": 2, "epochs": 2, "pairs": "0-1"}
    listener = Listener()
    run = study("fort2019", data=blobs(), model=small, **settings, output=tmp_path / "run", progress=listener)
    assert run.status == "finished"
    (line,) = [line for line in listener.said if "left out" in line]
    assert line.startswith("shifted data: left out. `images` must be images of 1 or 3 channels")
    contents = report_contents(run)
    assert set(DRAWN) - set(contents.results) <= {"shift"}
    assert not run.has_arrays("predictions/methods-validation")
    assert run.arrays("results/methods")["scaling"].values.tolist() == ["raw"]
    assert run.arrays("results/methods").attrs["num_validation"] == 0
    # Nothing tells how much accuracy a random sample lost, so that all are taken.
    assert (run.arrays("results/subspaces")["tries"] == 1).all()
    assert run.arrays("results/foreign").attrs["foreign"] == "normal noise"
    listener.said.clear()
    before = marks(run)
    study(resume=True, data=blobs(), model=small, output=run.path, progress=listener)
    assert made_again(run, before) == []
    assert listener.said == [line]
    assert summarise_run(run).notes


def test_one_member_has_no_pairs_and_all_else_is_done(tmp_path):
    settings = {**WHOLE, "members": 1, "epochs": 2, "pairs": "0-7", "trajectories": 0}
    run = study("fort2019", **settings, output=tmp_path / "run")
    assert run.status == "finished"
    left_out = {name: step["left_out"] for name, step in run.manifest["steps"].items() if step["left_out"]}
    assert left_out == dict.fromkeys(["radial", "paths"], "It needs two trained members.")
    assert run.arrays("results/shift")["size"].values.tolist() == [1]
    assert (run.arrays("results/sources")["num_pairs"] == 1).all()
    assert "independent" not in run.arrays("results/plane")["method"].values
    assert summarise_run(run).notes


def test_a_diverged_member_leaves_its_pairs_out_until_others_are_named(tmp_path):
    build = broken_for([1])
    settings = {**WHOLE, "model_options": {}, "epochs": 2, "pairs": "0-1"}
    run = study("fort2019", **settings, model=build, output=tmp_path / "run")
    assert run.status == "finished"
    assert run.arrays("results/subspaces")["member"].values.tolist() == [0, 2]
    left_out = [name for name, step in run.manifest["steps"].items() if step["left_out"]]
    assert left_out == ["radial", "paths"]
    rows = run.arrays("results/sources")["num_pairs"].sel(initialisation="different")
    assert np.isnan(rows).all()
    study(resume=True, model=build, pairs="0-2", output=run.path)
    assert run.arrays("results/paths")["pair"].values.tolist() == ["0-2"]
    assert not [name for name, step in run.manifest["steps"].items() if step["left_out"]]


def test_a_damaged_checkpoint_is_named(whole_copied, altered):
    name = altered(whole_copied, "weights/member-001/step-0003.safetensors")
    forget(whole_copied, "subspaces")
    with pytest.raises(StoreError, match=f"`{name}` must match its checksum"):
        study(resume=True, output=whole_copied.path, only="subspaces")


def test_what_a_killed_study_was_asked_for_is_what_the_next_one_goes_on_with(whole_copied, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("modescape.studies.steps.radial._cut", killed)
        with pytest.raises(KeyboardInterrupt):
            study(resume=True, output=whole_copied.path, radii=2)
    study(resume=True, output=whole_copied.path)
    assert whole_copied.arrays("results/radial").sizes["radius"] == 2
