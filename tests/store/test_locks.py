import errno
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from modescape.core.errors import StoreError
from modescape.store import Run, locks

HOLDER = """
import fcntl, json, os, sys
file = open(sys.argv[1], "a")
fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
file.truncate(0)
file.write(json.dumps({"process": os.getpid(), "host": "elsewhere"}))
file.flush()
print("held", flush=True)
sys.stdin.read()
"""


def _holder(run: Run) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HOLDER, str(run.path / locks.LOCK)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)


@contextmanager
def _held_elsewhere(run: Run) -> Iterator[subprocess.Popen[str]]:
    with _holder(run) as holder:
        assert holder.stdout.readline() == "held\n"
        yield holder
        holder.kill()


def _is_free_elsewhere(run: Run) -> bool:
    with _holder(run) as holder:
        return holder.communicate("")[0] == "held\n"


def test_a_run_that_another_process_holds_can_be_read_but_not_changed(full_run: Run) -> None:
    with _held_elsewhere(full_run) as holder:
        pattern = rf"trial` must not be in use; got a lock held by process {holder.pid} on elsewhere\. Wait until that"
        with pytest.raises(StoreError, match=pattern), full_run.lock():
            pytest.fail("the lock was given twice")
        with pytest.raises(StoreError, match=pattern):
            full_run.set_status("training")
        assert Run.open(full_run.path).status == "created"
        assert full_run.arrays("results/solutions").sizes["member"] == 3
        assert full_run.damage() == []
    full_run.set_status("training")


def test_a_kill_releases_the_lock_at_once(run: Run) -> None:
    with _held_elsewhere(run) as holder:
        holder.kill()
        holder.wait()
        with run.lock():
            run.record("steps", {"done": 1})
    assert run.manifest["steps"] == {"done": 1}


def test_a_forked_child_does_not_own_and_does_not_outlive_the_lock(run: Run) -> None:
    answer, told = os.pipe()
    order, given = os.pipe()
    with run.lock():
        child = os.fork()
        if child == 0:
            with locks.locked_if_free(run.path) as free:
                os.write(told, b"free" if free else b"busy")
            os.close(given)
            os.read(order, 1)
            os._exit(0)
        assert os.read(answer, 4) == b"busy"
        assert not _is_free_elsewhere(run)
    assert _is_free_elsewhere(run)
    for descriptor in (answer, told, order, given):
        os.close(descriptor)
    assert os.waitpid(child, 0)[1] == 0


def test_within_a_process_the_lock_is_given_again_and_kept_until_the_last_block(run: Run) -> None:
    with run.lock():
        with Run.open(run.path).lock():
            run.set_status("training")
        assert not _is_free_elsewhere(run)
    assert _is_free_elsewhere(run)


def test_threads_take_turns(run: Run) -> None:
    def work(index: int) -> None:
        for round_number in range(5):
            run.record("steps", {str(index): {str(round_number): index}})

    threads = [threading.Thread(target=work, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert run.manifest["steps"] == {str(index): {str(number): index for number in range(5)} for index in range(4)}
    assert run.damage() == []


def test_a_short_lock_of_another_process_is_waited_for(run: Run) -> None:
    with _held_elsewhere(run) as holder:
        timer = threading.Timer(0.2, holder.kill)
        timer.start()
        run.set_status("training")
        timer.join()
    assert run.status == "training"


def test_a_holder_that_left_no_note_is_still_refused(run: Run) -> None:
    with _held_elsewhere(run):
        (run.path / locks.LOCK).write_text("?")
        with (
            pytest.raises(StoreError, match=r"must not be in use; got a lock held by another process\. Wait"),
            locks.locked(run.path, patience_seconds=0.0),
        ):
            pytest.fail("the lock was given twice")


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_works(run: Run, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(locks.fcntl, "flock", fail)
    run.set_status("training")
    assert run.status == "training"


def test_a_folder_that_can_not_be_written_is_opened_without_the_lock(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.open

    def deny(path: object, *rest: int, **options: int) -> int:
        if str(path).endswith(locks.LOCK):
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, *rest, **options)

    monkeypatch.setattr(os, "open", deny)
    assert Run.open(run.path).name == "trial"
    with pytest.raises(
        StoreError, match=r"\.lock` must be written in full; got permission denied\. Allow writing there"
    ):
        run.set_status("training")
