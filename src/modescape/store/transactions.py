"""Several files of a folder that change together: all of them or none, whenever the process is killed.

The new files are written in full under temporary names, together with the new list of checksums. Then one small
journal, written atomically, names every change to make. From that moment the change has happened: whoever opens the
folder next carries out what the journal still asks for. Before that moment nothing has happened but leftovers.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, Self

from modescape.store.checksums import CHECKSUMS, checksum_lines, sha256, sha256_of_file
from modescape.store.files import (
    TEMPORARY,
    discard,
    flush_file,
    flush_folder,
    named_failures,
    store_error,
    temporary_beside,
    write_atomically,
    write_durably,
)

JOURNAL = ".journal.json"
"""Name of the journal; it is there only between the start and the end of a change."""


class Transaction:
    """Collects changes to a folder and makes them on leaving the `with` block; an exception inside makes none.

    Args:
        root: The folder.
        listed: The checksums of its files before the change.

    Raises:
        StoreError: If anything can't be written; the folder is then as it was, or the change is completed by the
            next `settle`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Transaction(Path(folder), listed={}) as change:
    ...         change.put("notes/a.txt", b"one")
    ...     sorted(path.name for path in Path(folder).rglob("*"))
    ['a.txt', 'checksums.sha256', 'notes']
    """

    def __init__(self, root: Path, listed: Mapping[str, str]) -> None:
        self._root = root
        self._listed = dict(listed)
        self._moves: list[tuple[str, str]] = []
        self._removed: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if kind is None:
                self._commit()
        finally:
            # With a journal in place the temporary files are the data, and the next settle needs them.
            if not (self._root / JOURNAL).exists():
                for temporary, _ in self._moves:
                    discard(self._root / temporary)

    def put(self, name: str, content: bytes) -> None:
        """Add or replace one file, named by its path relative to the folder with `/` between the parts."""
        with named_failures(name):
            write_durably(self._staged(name), content)
        self._listed[name] = sha256(content)

    def put_folder(self, name: str, fill: Callable[[Path], None]) -> None:
        """Add or replace a folder with all it holds; `fill` writes it at the path it is given."""
        with named_failures(name):
            temporary = self._staged(name)
            fill(temporary)
            self._forget(name)
            for path in sorted(temporary.rglob("*")):
                if path.is_dir():
                    flush_folder(path)
                    continue
                flush_file(path)
                self._listed[f"{name}/{path.relative_to(temporary).as_posix()}"] = sha256_of_file(path)
            flush_folder(temporary)

    def remove(self, name: str) -> None:
        """Remove a file, or a folder with all it holds."""
        self._removed.append(name)
        self._forget(name)

    def _forget(self, name: str) -> None:
        """Drop a file, or all files of a folder, from the list of checksums."""
        self._listed = {
            path: checksum
            for path, checksum in self._listed.items()
            if path != name and not path.startswith(f"{name}/")
        }

    def _staged(self, name: str) -> Path:
        """Return the temporary path for a name, in the folder where the name belongs."""
        target = self._root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = temporary_beside(target)
        self._moves.append((temporary.relative_to(self._root).as_posix(), name))
        return temporary

    def _commit(self) -> None:
        """Write the journal, then do what it says."""
        with named_failures(CHECKSUMS):
            write_durably(self._staged(CHECKSUMS), checksum_lines(self._listed).encode())
        for folder in {(self._root / temporary).parent for temporary, _ in self._moves}:
            _flush_up_to(self._root, folder)
        journal = {"moves": self._moves, "removed": self._removed}
        write_atomically(self._root / JOURNAL, json.dumps(journal, indent=1).encode())
        settle(self._root)


def settle(root: Path) -> None:
    """Complete the change that the journal of a folder describes, if there is one; repeating it does no harm.

    Raises:
        StoreError: If the journal is damaged, or a file can't be moved (the journal then stays for the next time).
    """
    journal = root / JOURNAL
    if not journal.exists():
        return
    moves, removed = _parsed_journal(journal)
    replaced = [_move(root, temporary, name) for temporary, name in moves]
    for name in removed:
        _remove(root, name)
    with named_failures(JOURNAL):
        for folder in {(root / name).parent for _, name in moves}:
            flush_folder(folder)
        journal.unlink()
        flush_folder(root)
    for path in replaced:
        discard(path)


def _move(root: Path, temporary: str, name: str) -> Path:
    """Rename a temporary file or folder to its name unless that is done; return where a replaced folder went."""
    source, target = root / temporary, root / name
    aside = temporary_beside(target)
    with named_failures(name):
        if source.exists():
            if target.is_dir():
                # A folder can't be renamed over another one; until the next line the journal stands in for it.
                target.rename(aside)
            source.replace(target)
    return aside


def _remove(root: Path, name: str) -> None:
    """Remove a file or folder by way of a rename, so that no half of a folder is ever seen."""
    target = root / name
    with named_failures(name):
        if target.exists():
            aside = temporary_beside(target)
            target.rename(aside)
            flush_folder(target.parent)
            discard(aside)


def _flush_up_to(root: Path, folder: Path) -> None:
    """Force a folder and those above it, up to the root, to disk."""
    with named_failures(folder.relative_to(root)):
        while True:
            flush_folder(folder)
            if folder == root:
                return
            folder = folder.parent


def _parsed_journal(journal: Path) -> tuple[list[tuple[str, str]], list[str]]:
    """Return the moves and removals that a journal asks for.

    Raises:
        StoreError: If it can't be read, or names anything outside its folder.
    """
    try:
        content: dict[str, Any] = json.loads(journal.read_bytes())
        moves = [(str(temporary), str(name)) for temporary, name in content["moves"]]
        removed = [str(name) for name in content["removed"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _bad_journal(str(error)) from None
    for name in [*removed, *(name for move in moves for name in move)]:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise _bad_journal(f"the path {name!r}")
    for temporary, _ in moves:
        if not PurePosixPath(temporary).name.startswith(TEMPORARY):
            raise _bad_journal(f"the path {temporary!r}")
    return moves, removed


def _bad_journal(got: str) -> Exception:
    """Return the error for a journal that can't be followed."""
    cure = "Delete that file; the run is then as it was before its last change, and --resume goes on from there"
    return store_error(JOURNAL, "list changes inside its run folder", got, cure)
