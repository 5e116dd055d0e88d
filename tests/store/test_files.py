import errno
import os
from pathlib import Path

import pytest

from modescape.core.errors import StoreError
from modescape.store import files


def test_write_atomically_replaces_the_content_and_leaves_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    for content in (b"first, longer", b"second", b""):
        files.write_atomically(target, content)
        assert target.read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "Free space and run again with --resume; nothing already written is lost"),
        (errno.EDQUOT, "Free space and run again with --resume; nothing already written is lost"),
        (errno.EFBIG, "Free space and run again with --resume; nothing already written is lost"),
        (errno.EACCES, "Allow writing there, or choose another --output; nothing already written is lost"),
        (errno.EROFS, "Allow writing there, or choose another --output; nothing already written is lost"),
        (errno.EIO, "Check the path and the disk, then run again with --resume; nothing already written is lost"),
    ],
)
def test_a_failing_disk_is_one_line_with_the_file_and_the_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, advice: str
) -> None:
    target = tmp_path / "a.txt"
    files.write_atomically(target, b"old")

    def fail(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    got = os.strerror(number).lower()
    with pytest.raises(StoreError, match=rf"^`.*a\.txt` must be written in full; got {got}. {advice}\.$"):
        files.write_atomically(target, b"new")
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_write_atomically_names_a_path_through_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file/a\.txt` must be written in full; got not a directory\. Check the path"):
        files.write_atomically(tmp_path / "file" / "a.txt", b"")


def test_discard_leftovers_takes_temporary_files_and_folders_at_any_depth_and_nothing_else(tmp_path: Path) -> None:
    kept = tmp_path / "deep" / "er" / "kept.txt"
    kept.parent.mkdir(parents=True)
    kept.write_text("kept")
    (kept.parent / f"{files.TEMPORARY}1").write_text("half")
    (tmp_path / f"{files.TEMPORARY}2" / "inner").mkdir(parents=True)
    files.discard_leftovers(tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [kept]
    assert not (tmp_path / f"{files.TEMPORARY}2").exists()


def test_discard_of_a_link_keeps_what_it_points_to(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "kept").write_text("kept")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "target")
    files.discard(link)
    assert not link.is_symlink()
    assert (tmp_path / "target" / "kept").exists()
