import json
import math
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
import yaml

from modescape.core.errors import ArgumentError, StoreError
from modescape.core.trees import Tree
from modescape.store import STATUSES, Run
from modescape.store.files import TEMPORARY
from modescape.store.transactions import JOURNAL


def test_a_new_run_says_what_it_is_and_reads_back(run: Run, settings: dict[str, object]) -> None:
    opened = Run.open(str(run.path))
    assert (opened.name, opened.status, opened.settings) == ("trial", "created", settings)
    assert opened.manifest == run.manifest
    assert json.loads(json.dumps(opened.manifest)) == opened.manifest
    assert yaml.safe_load((run.path / "settings.yaml").read_text()) == settings
    assert {path.name for path in run.path.iterdir()} == {".lock", "checksums.sha256", "manifest.json", "settings.yaml"}
    assert repr(opened) == f"Run({str(run.path)!r})"


def test_create_makes_folders_above_and_takes_an_empty_folder(tmp_path: Path) -> None:
    Run.create(tmp_path / "a" / "b", name="x", settings={})
    (tmp_path / "empty").mkdir()
    assert Run.create(str(tmp_path / "empty"), name="y", settings={}).name == "y"


def test_create_takes_a_folder_where_a_kill_left_only_leftovers(tmp_path: Path) -> None:
    (tmp_path / f"{TEMPORARY}1").write_text("half")
    (tmp_path / ".lock").write_text("")
    run = Run.create(tmp_path, name="x", settings={})
    assert not list(run.path.glob(f"{TEMPORARY}*"))


def test_create_never_touches_an_existing_run(full_run: Run) -> None:
    pattern = (
        r"trial` must not hold a run already; got the folder of a run\. Go on with that run by --resume, or choose"
    )
    with pytest.raises(StoreError, match=pattern):
        Run.create(full_run.path, name="x", settings={})
    assert full_run.name == "trial"
    assert full_run.damage() == []


def test_create_refuses_a_folder_with_other_things_and_leaves_it_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(
        StoreError, match=r"must be new or an empty folder; got a folder with 'thesis.tex' in it\. Choose"
    ):
        Run.create(tmp_path, name="x", settings={})
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_create_refuses_a_path_it_can_not_write(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(StoreError, match=r"` must be written in full; got not a directory\. Check the path"):
            Run.create(path, name="x", settings={})


def test_create_checks_settings_before_it_makes_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"`settings\.model` must be text, a number"):
        Run.create(tmp_path / "a", name="x", settings={"model": object()})
    assert not (tmp_path / "a").exists()


def test_open_says_what_is_wrong_with_the_path_and_leaves_it_alone(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"none` must be the folder of a run; got no such folder\. Check the path"):
        Run.open(tmp_path / "none")
    (tmp_path / f"{TEMPORARY}1").write_text("not ours")
    with pytest.raises(
        StoreError, match=r"must be the folder of a run; got a folder that is not a run\. Check the path"
    ):
        Run.open(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [f"{TEMPORARY}1"]


def test_open_clears_leftovers_away(full_run: Run) -> None:
    leftovers = [full_run.path / f"{TEMPORARY}1", full_run.path / "weights" / "member-000" / f"{TEMPORARY}2"]
    for leftover in leftovers:
        leftover.write_text("half")
    assert full_run.damage() == []
    Run.open(full_run.path)
    assert not any(leftover.exists() for leftover in leftovers)


def test_status_changes_are_noted_with_their_time(run: Run) -> None:
    for status in STATUSES:
        run.set_status(status)
        assert Run.open(run.path).status == status
    assert list(run.manifest["times"]) == list(STATUSES)
    with pytest.raises(ArgumentError, match=r"`status` must be one of created, training, .*; got 'done'\. Choose one"):
        run.set_status("done")


def test_record_merges_and_is_strict_json(run: Run) -> None:
    run.record("members", {0: {"status": "trained", "loss_nats": np.float32(0.5)}, 1: {"status": "training"}})
    run.record("members", {1: {"status": "diverged", "loss_nats": math.nan}})
    run.record("engine", {"name": "vmap", "at": Path("x")})
    assert run.manifest["members"] == {
        "0": {"status": "trained", "loss_nats": 0.5},
        "1": {"status": "diverged", "loss_nats": "NaN"},
    }
    assert run.manifest["engine"] == {"name": "vmap", "at": "x"}
    assert run.damage() == []


@pytest.mark.parametrize("section", ["schema", "name", "created", "status", "settings", "", "a b"])
def test_record_refuses_sections_that_never_change(run: Run, section: str) -> None:
    with pytest.raises(ArgumentError, match=r"`section` must be a plain word other than schema, name, created, status"):
        run.record(section, {"a": 1})


def test_weights_round_trip_in_order_for_many_members_and_steps(run: Run, make_tree: Callable[..., Tree]) -> None:
    steps = [(0, 0), (12, 3), (12, 12_345), (1_234, 1)]
    run.write_all_weights({(member, step): make_tree(member + step) for member, step in steps})
    run.write_weights(12, 3, make_tree(-1.0))
    opened = Run.open(run.path)
    assert opened.members == [0, 12, 1_234]
    assert [opened.steps(member) for member in (0, 12, 1_234, 5)] == [[0], [3, 12_345], [1], []]
    read = opened.read_weights(12, 3)
    assert list(read) == ["out.weight", "bias"]
    assert torch.equal(read["out.weight"], make_tree(-1.0)["out.weight"])
    assert (run.path / "weights" / "member-012" / "step-0003.safetensors").is_file()


def test_weights_never_written_are_refused_with_what_there_is(full_run: Run) -> None:
    with pytest.raises(
        StoreError, match=r"step-0005.* must be in the run; got no such weights\. Choose a step .*2: 0, 10\.$"
    ):
        full_run.read_weights(2, 5)
    with pytest.raises(StoreError, match=r"Choose a step this run holds of member 7: none\.$"):
        full_run.read_weights(7, 0)


def test_negative_members_and_steps_are_refused(run: Run, make_tree: Callable[..., Tree]) -> None:
    with pytest.raises(ArgumentError, match=r"`member` must be at least 0; got -1\. Count members from 0"):
        run.write_weights(-1, 0, make_tree())
    with pytest.raises(ArgumentError, match=r"`step` must be at least 0; got -1\. Count steps from 0"):
        run.write_weights(0, -1, make_tree())


def test_a_batch_with_one_bad_tree_writes_nothing(full_run: Run, make_tree: Callable[..., Tree]) -> None:
    with pytest.raises(ArgumentError, match=r"`tensors` must hold tensors only"):
        full_run.write_all_weights({(0, 0): make_tree(99.0), (0, 1): {"w": 3}})  # pyright: ignore[reportArgumentType]
    assert full_run.read_weights(0, 0)["bias"].tolist() == [0.0, 0.0]
    assert full_run.steps(0) == [0, 10]
    assert not list(full_run.path.rglob(f"{TEMPORARY}*"))


def test_states_round_trip_are_replaced_and_cleared(run: Run, make_tree: Callable[..., Tree]) -> None:
    assert run.read_state("group-0") is None
    run.clear_states()
    for epoch in (1, 2):
        run.write_state("group-0", make_tree(epoch), {"epoch": str(epoch)})
    run.write_state("group-1", {}, {})
    tensors, metadata = Run.open(run.path).read_state("group-0") or pytest.fail("no state")
    assert (list(tensors), tensors["bias"].tolist(), metadata) == (["out.weight", "bias"], [2.0, 2.0], {"epoch": "2"})
    assert run.read_state("group-1") == ({}, {})
    run.clear_states()
    assert run.read_state("group-0") is None
    assert not (run.path / "state").exists()
    assert run.damage() == []


@pytest.mark.parametrize("group", ["", "../x", "a/b", ".hidden", "é"])
def test_groups_that_are_no_plain_names_are_refused(run: Run, group: str) -> None:
    with pytest.raises(ArgumentError, match=r"`group` must be made of ASCII letters, digits"):
        run.write_state(group, {}, {})


def test_arrays_round_trip_and_are_replaced_whole(run: Run, make_dataset: Callable[..., xr.Dataset]) -> None:
    assert not run.has_arrays("results/solutions")
    run.write_arrays("results/solutions", make_dataset().rename({"probabilities": "older"}))
    run.write_arrays("results/solutions", make_dataset(0.25))
    run.write_arrays("predictions/test", make_dataset())
    opened = Run.open(run.path)
    assert opened.array_names() == ["predictions/test", "results/solutions"]
    assert opened.has_arrays("results/solutions")
    xr.testing.assert_identical(opened.arrays("results/solutions").load(), make_dataset(0.25))
    xr.testing.assert_identical(xr.load_dataset(run.path / "predictions/test.zarr", engine="zarr"), make_dataset())
    assert run.damage() == []


def test_arrays_opened_lazily_can_be_written_to_the_same_name(
    run: Run, make_dataset: Callable[..., xr.Dataset]
) -> None:
    run.write_arrays("results/a", make_dataset())
    run.write_arrays("results/a", run.arrays("results/a"))
    xr.testing.assert_identical(run.arrays("results/a").load(), make_dataset())


def test_arrays_never_written_are_refused_with_what_there_is(full_run: Run, make_run: Callable[[str], Run]) -> None:
    with pytest.raises(
        StoreError, match=r"must be in the run; got no such arrays\. Choose one of: predictions/test, res"
    ):
        full_run.arrays("results/none")
    with pytest.raises(StoreError, match=r"`results/none.zarr` must be in the run; .*\. Choose one of: none yet\.$"):
        make_run("other").arrays("results/none")


@pytest.mark.parametrize(
    "name", ["a", "weights/a", "results/", "results/../a", "results/a/b", "results/.a", "results/é"]
)
def test_names_of_arrays_outside_the_two_folders_are_refused(
    run: Run, name: str, make_dataset: Callable[..., xr.Dataset]
) -> None:
    with pytest.raises(ArgumentError, match=r"`name` must be predictions/NAME or results/NAME"):
        run.write_arrays(name, make_dataset())


def test_arrays_with_other_dimensions_leave_the_old_ones(run: Run, make_dataset: Callable[..., xr.Dataset]) -> None:
    run.write_arrays("results/a", make_dataset())
    with pytest.raises(ArgumentError, match=r"`dataset` must have dimensions among alignment, alpha, .*; got 'epoch'"):
        run.write_arrays("results/a", make_dataset().rename({"class": "epoch"}))
    xr.testing.assert_identical(run.arrays("results/a").load(), make_dataset())


def test_other_files_get_a_checksum(run: Run) -> None:
    run.write_file("report.html", b"<p>one</p>")
    assert (run.path / "report.html").read_bytes() == b"<p>one</p>"
    assert run.damage() == []
    for name in ("manifest.json", "settings.yaml", "checksums.sha256", "a/b", ".lock", ""):
        with pytest.raises(ArgumentError, match=r"`name` must be a plain file name that the run does not use itself"):
            run.write_file(name, b"")


def test_a_moved_or_copied_run_is_whole(full_run: Run, tmp_path: Path) -> None:
    moved = full_run.path.rename(tmp_path / "elsewhere")
    assert Run.open(moved).damage() == []
    assert Run.open(moved).read_weights(2, 10)["bias"].tolist() == [3.0, 3.0]


def _begin_and_stop(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write `a.txt` and stop after the journal, before its first move."""
    real = Path.replace

    def stop(source: Path, target: Path) -> Path:
        if target.name == "a.txt":
            raise KeyboardInterrupt
        return real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", stop)
        with pytest.raises(KeyboardInterrupt):
            run.write_file("a.txt", b"whole")
    assert (run.path / JOURNAL).exists()
    assert not (run.path / "a.txt").exists()


def _lock(run: Run) -> None:
    with run.lock():
        pass


@pytest.mark.parametrize(
    "go_on",
    [
        lambda run: Run.open(run.path),
        lambda run: run.set_status("training"),
        _lock,
    ],
    ids=["open", "change", "lock"],
)
def test_a_change_that_was_begun_is_completed_first(
    run: Run, monkeypatch: pytest.MonkeyPatch, go_on: Callable[[Run], object]
) -> None:
    _begin_and_stop(run, monkeypatch)
    go_on(run)
    assert (run.path / "a.txt").read_bytes() == b"whole"
    assert not (run.path / JOURNAL).exists()
    assert run.damage() == []


def test_readers_never_see_half_a_change(
    run: Run, make_tree: Callable[..., Tree], make_dataset: Callable[..., xr.Dataset]
) -> None:
    stop = threading.Event()

    def work() -> None:
        value = 0
        while not stop.is_set():
            value += 1
            run.write_weights(0, 0, make_tree(value))
            run.write_arrays("results/a", make_dataset(value))

    writer = threading.Thread(target=work)
    writer.start()
    try:
        while not run.has_arrays("results/a"):
            pass
        for _ in range(15):
            reader = Run.open(run.path)
            assert len(set(reader.read_weights(0, 0)["bias"].tolist())) == 1
            assert reader.arrays("results/a").sizes["member"] == 3
            assert reader.damage() == []
    finally:
        stop.set()
        writer.join()


def test_parts_have_members_of_their_own(full_run: Run, make_tree: Callable[..., Tree]) -> None:
    full_run.write_all_weights({(member, step): make_tree(50.0 + member) for member in (2, 5) for step in (3, 10)}, "a")
    full_run.write_weights(7, 1, make_tree(9.0), part="b.2")
    opened = Run.open(full_run.path)
    assert (opened.members, opened.steps(2), opened.steps(5), opened.steps(7)) == ([0, 2], [0, 10], [], [])
    assert [opened.steps(member, "a") for member in (0, 2, 5, 7)] == [[], [3, 10], [3, 10], []]
    assert (opened.steps(7, "b.2"), opened.steps(7, "none")) == ([1], [])
    assert opened.parts == ["a", "b.2"]
    assert opened.read_weights(2, 10)["bias"].tolist() == [3.0, 3.0]
    assert opened.read_weights(2, 10, "a")["bias"].tolist() == [52.0, 52.0]
    assert (opened.path / "parts/a/weights/member-002/step-0010.safetensors").is_file()
    assert opened.damage() == []
    with pytest.raises(StoreError, match=r"^`parts/a/weights/.* must be in the run; .*holds of member 2: 3, 10\.$"):
        opened.read_weights(2, 0, part="a")


def test_states_of_parts_are_kept_and_cleared_apart(full_run: Run, make_tree: Callable[..., Tree]) -> None:
    for part in ("a", "b"):
        assert full_run.read_state("group-0", part) is None
        full_run.write_state("group-0", make_tree(2.0), {"part": part}, part)
    full_run.clear_states("a")
    assert full_run.read_state("group-0", "a") is None
    assert (full_run.read_state("group-0", "b") or pytest.fail("no state"))[1] == {"part": "b"}
    full_run.clear_states()
    assert full_run.read_state("group-0") is None
    assert full_run.read_state("group-0", "b") is not None
    assert full_run.parts == ["b"]
    assert full_run.damage() == []


def test_a_part_is_removed_with_all_it_has_and_nothing_else(full_run: Run, make_tree: Callable[..., Tree]) -> None:
    for part in ("a", "ab"):
        full_run.write_weights(0, 1, make_tree(), part=part)
        full_run.write_state("group-0", make_tree(), {}, part)
        full_run.record("parts", {part: {"members": {"0": {"status": "trained"}}}})
    full_run.record("parts", {"c": {"members": {}}})
    assert full_run.parts == ["a", "ab", "c"]
    for part in ("a", "c", "never-there"):
        full_run.remove_part(part)
    assert full_run.parts == ["ab"]
    assert full_run.manifest["parts"] == {"ab": {"members": {"0": {"status": "trained"}}}}
    assert not (full_run.path / "parts" / "a").exists()
    assert (full_run.steps(0, "a"), full_run.steps(0, "ab"), full_run.members) == ([], [1], [0, 2])
    assert full_run.damage() == []


@pytest.mark.parametrize("part", ["", "../x", "a/b", ".hidden", "é"])
def test_parts_that_have_no_plain_name_are_refused(run: Run, part: str, make_tree: Callable[..., Tree]) -> None:
    pattern = r"`part` must be made of ASCII letters, digits"
    for call in (
        lambda: run.write_weights(0, 0, make_tree(), part=part),
        lambda: run.read_weights(0, 0, part),
        lambda: run.write_state("group-0", {}, {}, part),
        lambda: run.read_state("group-0", part),
        lambda: run.clear_states(part),
        lambda: run.remove_part(part),
    ):
        with pytest.raises(ArgumentError, match=pattern):
            call()
    assert run.damage() == []


def test_what_is_noted_on_the_way_is_no_part_of_the_run(full_run: Run, tmp_path: Path) -> None:
    notes = full_run.scratch("random-plane") / "points.jsonl"
    assert notes == full_run.path / "scratch" / "random-plane" / "points.jsonl"
    notes.write_text('{"half a li')
    assert full_run.damage() == []
    full_run.write_file("report.html", b"")
    opened = Run.open(full_run.path.rename(tmp_path / "elsewhere"))
    assert (opened.scratch("random-plane") / "points.jsonl").read_text() == '{"half a li'
    assert opened.parts == []
    assert opened.damage() == []


def test_notes_of_one_step_are_removed_and_no_others(run: Run) -> None:
    for part in ("a", "ab"):
        (run.scratch(part) / "points.jsonl").write_text("")
    run.clear_scratch("a")
    run.clear_scratch("never-there")
    assert [path.name for path in (run.path / "scratch").iterdir()] == ["ab"]
    run.clear_scratch("ab")
    assert not (run.path / "scratch").exists()


def test_a_place_for_notes_that_can_not_be_had_is_named(run: Run) -> None:
    (run.path / "scratch").write_text("")
    with pytest.raises(StoreError, match=r"scratch/lines` must be written in full; got (not a directory|file exists)"):
        run.scratch("lines")
    for call in (run.scratch, run.clear_scratch):
        with pytest.raises(ArgumentError, match=r"`part` must be made of ASCII letters, digits"):
            call("../x")
