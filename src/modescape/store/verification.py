"""Checks of the files of a run against their checksums; nothing is used before it is checked."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, TypeVar

from modescape.core.errors import StoreError
from modescape.core.progress import Progress
from modescape.store.checksums import CHECKSUMS, checksum_text, parsed_checksums, sha256, sha256_of_file
from modescape.store.files import TEMPORARY, store_error
from modescape.store.locks import LOCK
from modescape.store.names import PARTS
from modescape.store.transactions import JOURNAL

T = TypeVar("T")

FOLDERS: Final = ("weights", "state", PARTS, "predictions", "results")
"""Where a run keeps its own files; what lies elsewhere is a report's or the user's."""

_CURE: Final = "Restore it from a copy, or train again"
_LOOKS: Final = 40
_PAUSE_SECONDS: Final = 0.025


def verified_bytes(root: Path, listed: Mapping[str, str], name: str) -> bytes | None:
    """Return a file of a run, or None if the run never had it.

    Raises:
        StoreError: If it is missing, differs from its checksum, or is there without one.
    """
    if name not in listed:
        if (root / name).exists():
            raise _foreign(name)
        return None
    try:
        content = (root / name).read_bytes()
    except FileNotFoundError:
        raise _missing(name) from None
    except OSError as error:
        raise store_error(name, "be readable", str(error), _CURE) from None
    if sha256(content) != listed[name]:
        raise _altered(name)
    return content


def check_folder(root: Path, listed: Mapping[str, str], folder: str) -> None:
    """Raise unless each file below a folder of a run is as it was written, and no other file is there.

    Raises:
        StoreError: Naming the first file that is missing, differs or is not listed.
    """
    ours = (name for name in listed if name.startswith(f"{folder}/"))
    for name in sorted({*_files(root / folder, root), *ours}):
        problem = _problem(root, listed, name)
        if problem:
            raise {"is missing": _missing, "is not listed": _foreign}.get(problem, _altered)(name)


def damage_of(root: Path, progress: Progress, tidy: Callable[[], None]) -> list[str]:
    """Return one line for each file of a run that is missing, differs from its checksum, or has none.

    Files that others leave beside the run's own, such as its report, are no damage.

    Args:
        root: The run folder.
        progress: Hears of each file.
        tidy: Completes a change that a killed process began.
    """
    try:
        listed = parsed_checksums(checksum_text(root))
        names = sorted({*(name for folder in FOLDERS for name in _files(root / folder, root)), *listed})
        progress.start("verify", len(names))
        lines: list[str] = []
        for name in names:
            problem = _problem(root, listed, name) and _lasting_problem(root, name, tidy)
            if problem:
                lines.append(f"{name}: {problem}")
            progress.advance("verify", note=name)
    except StoreError as error:
        return [str(error)]
    return lines


def _lasting_problem(root: Path, name: str, tidy: Callable[[], None]) -> str | None:
    """Return what is wrong with one file, or None if it was only changed while it was read."""
    problem = None
    for _ in range(_LOOKS):
        text = checksum_text(root)
        problem = _problem(root, parsed_checksums(text), name)
        if problem is None or _is_steady(root, text):
            break
        _wait(tidy)
    return problem


def looked(root: Path, look: Callable[[dict[str, str]], T], tidy: Callable[[], None]) -> T:
    """Return what a look at the files of a run gives, looking again if a change was under way.

    Args:
        root: The run folder.
        look: Takes the checksums and raises a StoreError if files don't match them.
        tidy: Completes a change that a killed process began.
    """
    for _ in range(_LOOKS):
        text = checksum_text(root)
        try:
            return look(parsed_checksums(text))
        except StoreError:
            if _is_steady(root, text):
                raise
        _wait(tidy)
    return look(parsed_checksums(checksum_text(root)))


def _is_steady(root: Path, text: str) -> bool:
    """Say whether no change is under way and none happened since the checksums were read."""
    return not (root / JOURNAL).exists() and checksum_text(root) == text


def _wait(tidy: Callable[[], None]) -> None:
    """Give a change time to end, and complete it if its process was killed."""
    time.sleep(_PAUSE_SECONDS)
    tidy()


def _problem(root: Path, listed: Mapping[str, str], name: str) -> str | None:
    """Return what is wrong with one file, or None."""
    there = (root / name).is_file()
    if name not in listed:
        return "is not listed" if there else None
    if not there:
        return "is missing"
    try:
        same = sha256_of_file(root / name) == listed[name]
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"can't be read ({error.strerror})"
    return None if same else "checksum differs"


def _files(folder: Path, root: Path) -> Iterator[str]:
    """Yield the path of each file below a folder, relative to the run, without those the store keeps for itself."""
    for place, subfolders, names in os.walk(folder):
        subfolders[:] = [name for name in subfolders if not name.startswith(TEMPORARY)]
        for name in names:
            path = Path(place, name).relative_to(root).as_posix()
            if not name.startswith(TEMPORARY) and path not in {CHECKSUMS, JOURNAL, LOCK}:
                yield path


def _missing(name: str) -> StoreError:
    """Return the error for a file that is listed but not there."""
    return store_error(name, "be there, as it was written", "no such file", _CURE)


def _altered(name: str) -> StoreError:
    """Return the error for a file that changed after it was written."""
    return store_error(name, "match its checksum", "different content", _CURE)


def _foreign(name: str) -> StoreError:
    """Return the error for a file that the store did not write."""
    return store_error(name, f"be listed in {CHECKSUMS}", "a file without a checksum", "Move it out of the run folder")
