import json
import os
from pathlib import Path

import pytest

from modescape.core.errors import StoreError
from modescape.store.checksums import checksum_text, parsed_checksums
from modescape.store.transactions import JOURNAL, Transaction, settle


def _contents(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def _fill(path: Path) -> None:
    (path / "deep").mkdir(parents=True)
    (path / "deep" / "0").write_bytes(b"chunk")
    (path / "zarr.json").write_bytes(b"{}")


def _listed(root: Path) -> dict[str, str]:
    return parsed_checksums(checksum_text(root))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    with Transaction(tmp_path, listed={}) as change:
        change.put("a/one", b"old")
        change.put("keep", b"kept")
        change.put_folder(
            "b/set.zarr", lambda path: (path / "stale").mkdir(parents=True) or (path / "f").write_bytes(b"1")
        )
    return tmp_path


def test_a_change_adds_replaces_and_removes_and_the_list_follows(root: Path) -> None:
    with Transaction(root, _listed(root)) as change:
        change.put("a/one", b"new")
        change.put_folder("b/set.zarr", _fill)
        change.remove("keep")
    contents = _contents(root)
    listed = contents.pop("checksums.sha256")
    assert contents == {"a/one": b"new", "b/set.zarr/deep/0": b"chunk", "b/set.zarr/zarr.json": b"{}"}
    assert set(parsed_checksums(listed.decode())) == set(contents)


def test_removing_a_folder_leaves_names_that_only_begin_alike(root: Path) -> None:
    with Transaction(root, _listed(root)) as change:
        change.put("ab", b"2")
        change.remove("a")
        change.remove("never there")
    assert set(_listed(root)) == {"ab", "keep", "b/set.zarr/f"}
    assert not (root / "a").exists()


def _change(root: Path, then: type[Exception] | None = None) -> None:
    with Transaction(root, _listed(root)) as change:
        change.put("a/one", b"new")
        change.put_folder("b/set.zarr", _fill)
        if then:
            raise then


def test_an_exception_inside_changes_nothing(root: Path) -> None:
    before = _contents(root)
    with pytest.raises(ZeroDivisionError):
        _change(root, then=ZeroDivisionError)
    assert _contents(root) == before


@pytest.mark.parametrize("call", range(17))
def test_a_failing_disk_leaves_the_old_files_or_the_next_settle_completes_the_change(
    root: Path, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    before = _contents(root)
    calls = iter(range(100))
    real = os.fsync

    def sometimes(descriptor: int) -> None:
        if next(calls) == call:
            raise OSError(28, "No space left on device")
        real(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", sometimes)
        with pytest.raises(StoreError, match=r"must be written in full; got no space left on device\. Free space"):
            _change(root)
    begun = (root / JOURNAL).exists()
    settle(root)
    if begun or (root / "b/set.zarr/zarr.json").exists():
        assert _contents(root)["a/one"] == b"new"
        assert set(_listed(root)) == {"a/one", "keep", "b/set.zarr/deep/0", "b/set.zarr/zarr.json"}
    else:
        assert _contents(root) == before


def test_settling_twice_is_settling_once(root: Path) -> None:
    before = _contents(root)
    settle(root)
    assert _contents(root) == before


JOURNALS = {
    "no json": b"{",
    "no mapping": b"[]",
    "no moves": b'{"removed": []}',
    "outside": json.dumps({"moves": [[".writing-1", "../x"]], "removed": []}).encode(),
    "absolute": json.dumps({"moves": [], "removed": ["/etc"]}).encode(),
    "itself": json.dumps({"moves": [], "removed": ["."]}).encode(),
    "not temporary": json.dumps({"moves": [["keep", "a/one"]], "removed": []}).encode(),
}


@pytest.mark.parametrize("content", JOURNALS.values(), ids=JOURNALS)
def test_a_journal_that_is_damaged_or_reaches_outside_is_not_followed(root: Path, content: bytes) -> None:
    (root / JOURNAL).write_bytes(content)
    before = _contents(root)
    with pytest.raises(
        StoreError, match=r"`\.journal\.json` must list changes inside its run folder; got .*\. Delete that"
    ):
        settle(root)
    assert _contents(root) == before
