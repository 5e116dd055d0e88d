"""One process at a time may change a run.

The operating system holds the lock (`flock`) and releases it when the process ends, however it ends, so that there
is no stale lock to judge: the process number and host in the file only serve the message. On Windows, and on file
systems that know no locks, nothing is locked. Within one process a run may be locked again from anywhere in it.
"""

import errno
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from modescape.core.errors import StoreError
from modescape.store.files import named_failures, store_error

LOCK = ".lock"
"""Name of the lock file; it stays when the lock is released, because removing it would be a race."""

_UNSUPPORTED = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}
_PAUSE_SECONDS = 0.02


@dataclass
class _Hold:
    """What this process knows about the lock of one run."""

    uses: int = 0
    descriptor: int = -1
    writing: threading.RLock = field(default_factory=threading.RLock)


_holds: dict[str, _Hold] = {}
_guard = threading.Lock()


def _forget_in_child() -> None:
    """After a fork: the lock belongs to the parent, and a copy kept open here would outlive it."""
    global _guard  # noqa: PLW0603
    for hold in _holds.values():
        if hold.descriptor >= 0:
            os.close(hold.descriptor)
            hold.descriptor = -1
    _holds.clear()
    _guard = threading.Lock()


if sys.platform == "win32":

    def _system_lock(descriptor: int) -> bool:  # noqa: ARG001
        return True

else:
    import fcntl

    os.register_at_fork(after_in_child=_forget_in_child)

    def _system_lock(descriptor: int) -> bool:
        """Ask for the lock on an open file without waiting; say whether it is ours now."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            # Without locks a run must still work: some cluster file systems have none.
            return error.errno in _UNSUPPORTED
        return True


@contextmanager
def locked(root: Path, patience_seconds: float = 1.0) -> Iterator[None]:
    """Hold the lock of a run inside the block.

    Args:
        root: The run folder, which must exist.
        patience_seconds: How long to wait for another process that only changes a file or opens the run.

    Raises:
        StoreError: If another process keeps the lock for longer, or the lock file can't be written.
    """
    hold = _acquired(root, patience_seconds)
    try:
        yield
    finally:
        _release(hold)


@contextmanager
def locked_if_free(root: Path) -> Iterator[bool]:
    """Hold the lock of a run inside the block if no other process has it and the folder allows it; say whether."""
    hold = None
    with suppress(StoreError):
        hold = _acquired(root, patience_seconds=0.0)
    if hold is None:
        yield False
        return
    try:
        yield True
    finally:
        _release(hold)


@contextmanager
def one_writer(root: Path) -> Iterator[None]:
    """Let one thread of this process at a time change a run whose lock it holds."""
    with _hold_of(root).writing:
        yield


def _hold_of(root: Path) -> _Hold:
    """Return the one record of this process for a run."""
    with _guard:
        return _holds.setdefault(str(root.resolve()), _Hold())


def _acquired(root: Path, patience_seconds: float) -> _Hold:
    """Return the record of this process for a run, with the lock held once more."""
    hold = _hold_of(root)
    deadline = time.monotonic() + patience_seconds
    while True:
        with _guard:
            if hold.uses or _flocked(root, hold):
                hold.uses += 1
                return hold
        if time.monotonic() >= deadline:
            raise _in_use(root)
        time.sleep(_PAUSE_SECONDS)


def _release(hold: _Hold) -> None:
    """Give one use of the lock back, and the lock itself with the last one."""
    with _guard:
        hold.uses -= 1
        if hold.uses == 0 and hold.descriptor >= 0:
            os.close(hold.descriptor)
            hold.descriptor = -1


def _flocked(root: Path, hold: _Hold) -> bool:
    """Ask the operating system for the lock once, and leave a note about who holds it."""
    with named_failures(root / LOCK):
        descriptor = os.open(root / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    if not _system_lock(descriptor):
        os.close(descriptor)
        return False
    hold.descriptor = descriptor
    # The note helps people only, so a full disk must not stop the work here.
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        note = {"process": os.getpid(), "host": socket.gethostname()}
        os.write(descriptor, json.dumps(note).encode())
    return True


def _in_use(root: Path) -> StoreError:
    """Return the error for a run that another process holds."""
    try:
        note = json.loads((root / LOCK).read_bytes())
        holder = f"a lock held by process {note['process']} on {note['host']}"
    except (OSError, ValueError, KeyError, TypeError):
        holder = "a lock held by another process"
    return store_error(root, "not be in use", holder, "Wait until that process ends, or stop it")
