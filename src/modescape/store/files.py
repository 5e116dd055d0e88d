"""Files that are either wholly there or not at all, and what goes wrong while writing them.

A file is written under a temporary name in the folder it belongs to, forced to disk, renamed over the old one, and
the folder is forced to disk too. A killed process therefore leaves the old file and at most a temporary one.
"""

import errno
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from modescape.core.errors import StoreError

TEMPORARY = ".writing-"
"""How the name of every unfinished file or folder begins."""

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


def store_error(where: object, rule: str, got: str, advice: str) -> StoreError:
    """Return an error about one thing on disk, in the form that every error of modescape has.

    >>> str(store_error("manifest.json", "be a JSON object", "a list", "Restore it from a copy"))
    '`manifest.json` must be a JSON object; got a list. Restore it from a copy.'
    """
    return StoreError(f"`{where}` must {rule}; got {got}. {advice}.")


@contextmanager
def named_failures(where: object) -> Iterator[None]:
    """Turn an error of the operating system inside the block into one line that says which file, and what to do.

    Args:
        where: The file that is being written, as the user should read it.

    Raises:
        StoreError: Instead of any OSError: disk full, file too large, no permission, read-only, and the rest.
    """
    try:
        yield
    except StoreError:
        raise
    except OSError as error:
        got = (error.strerror or str(error)).lower()
        raise store_error(where, "be written in full", got, _cure(error)) from error


def _cure(error: OSError) -> str:
    """Say what to do about an error of the operating system while writing."""
    if error.errno in _FULL:
        return "Free space and run again with --resume; nothing already written is lost"
    if error.errno in _FORBIDDEN:
        return "Allow writing there, or choose another --output; nothing already written is lost"
    return "Check the path and the disk, then run again with --resume; nothing already written is lost"


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a reader, or a kill at any moment, sees either the old content or the new one.

    Args:
        path: The file; its folder must exist.
        content: All of the file.

    Raises:
        StoreError: If the file can't be written; the old one is untouched.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomically(Path(folder, "a.txt"), b"whole")
    ...     Path(folder, "a.txt").read_text()
    'whole'
    """
    with named_failures(path):
        temporary = temporary_beside(path)
        try:
            write_durably(temporary, content)
            temporary.replace(path)
        except BaseException:
            discard(temporary)
            raise
        flush_folder(path.parent)


def temporary_beside(path: Path) -> Path:
    """Return a fresh temporary name in the folder of a path."""
    return path.with_name(f"{TEMPORARY}{uuid4().hex}")


def write_durably(path: Path, content: bytes) -> None:
    """Write a new file and force it to disk."""
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def flush_file(path: Path) -> None:
    """Force a file that something else has written to disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def flush_folder(folder: Path) -> None:
    """Force the names in a folder to disk, so that a rename survives a power cut."""
    if sys.platform == "win32":
        # Windows can't open a folder as a file; NTFS keeps a journal of renames itself.
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def discard(path: Path) -> None:
    """Remove a file or a folder with all it holds, as far as that is possible."""
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def discard_leftovers(root: Path) -> None:
    """Remove everything below a folder that killed writes left under temporary names."""
    for folder, subfolders, names in os.walk(root):
        for name in [*subfolders, *names]:
            if name.startswith(TEMPORARY):
                discard(Path(folder, name))
        subfolders[:] = [name for name in subfolders if not name.startswith(TEMPORARY)]


def is_unicode(value: object) -> bool:
    r"""Say whether a value is text that can be written as UTF-8.

    >>> is_unicode("日本"), is_unicode("\udc80"), is_unicode(3)
    (True, False, False)
    """
    try:
        return isinstance(value, str) and value.encode() is not None
    except UnicodeEncodeError:
        return False
