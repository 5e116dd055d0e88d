from collections.abc import Callable
from pathlib import Path

import pytest

from modescape.core.errors import StoreError
from modescape.store import Run, RunSummary, catalogue


def test_runs_are_listed_newest_first_with_what_they_are(tmp_path: Path, make_run: Callable[[str], Run]) -> None:
    for name in ("b", "c", "a"):
        make_run(name)
    Run.open(tmp_path / "c").set_status("finished")
    found = catalogue(str(tmp_path))
    assert [summary.name for summary in found] == ["a", "c", "b"]
    created = Run.open(tmp_path / "c").manifest["created"]
    assert found[1] == RunSummary(
        name="c", path=tmp_path / "c", created=created, status="finished", data="digits", model="mlp", num_members=3
    )


def test_broken_runs_are_listed_last_with_their_problem(tmp_path: Path, make_run: Callable[[str], Run]) -> None:
    for name in ("lost", "cut", "whole"):
        make_run(name)
    (tmp_path / "lost" / "manifest.json").unlink()
    (tmp_path / "cut" / "manifest.json").write_text("{")
    found = catalogue(tmp_path)
    assert [summary.name for summary in found] == ["whole", "cut", "lost"]
    assert found[0].problem is None
    assert [summary.status for summary in found[1:]] == ["damaged", "damaged"]
    assert "must be the manifest of a modescape run; got Expecting" in found[1].problem
    assert "got no such file" in found[2].problem


def test_other_folders_and_files_are_not_listed(tmp_path: Path, make_run: Callable[[str], Run]) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "notes.txt").write_text("")
    assert catalogue(tmp_path) == []
    make_run("a")
    assert [summary.name for summary in catalogue(tmp_path)] == ["a"]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ("", "", 0)),
        ({"data": "mnist", "model": "mlp", "members": 4}, ("mnist", "mlp", 4)),
        ({"data": {"path": "x"}, "model": {"name": 3}, "train": {"members": "many"}}, ("", "", 0)),
        ({"train": {"members": 2}, "members": 9}, ("", "", 2)),
    ],
)
def test_settings_of_any_shape_are_summarised(
    tmp_path: Path, settings: dict[str, object], expected: tuple[str, str, int]
) -> None:
    Run.create(tmp_path / "a", name="a", settings=settings)
    (summary,) = catalogue(tmp_path)
    assert (summary.data, summary.model, summary.num_members) == expected


def test_recorded_members_count_where_settings_do_not_say(tmp_path: Path) -> None:
    Run.create(tmp_path / "a", name="a", settings={}).record("members", {0: {}, 1: {}})
    assert catalogue(tmp_path)[0].num_members == 2


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        StoreError, match=r"none` must be a folder that holds runs; got no such file or directory\. Check"
    ):
        catalogue(tmp_path / "none")
