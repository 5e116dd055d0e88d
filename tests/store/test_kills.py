"""A writer killed before every one of its changes to the disk, and at random moments, never loses or mixes anything."""

import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from modescape.store import Run
from modescape.store.files import TEMPORARY
from modescape.store.transactions import JOURNAL
from store import writer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")

Write = Callable[..., str]


@pytest.fixture(scope="module")
def write() -> Iterator[Write]:
    command = [sys.executable, writer.__file__]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=Path(__file__).parents[1]) as server:

        def ask(path: Path, *, kill_at: int = 0, kill_after: float = 0.0) -> str:
            server.stdin.write(f"{path} {kill_at} {kill_after}\n")
            server.stdin.flush()
            return server.stdout.readline().strip()

        assert server.stdout.readline() == "ready\n"
        yield ask
        server.stdin.close()


def _check_whole(path: Path) -> int:
    """Check all that a run of the writer holds, and return the number of epochs that training could go on from."""
    run = writer.open_or_create(path)
    assert run.damage() == []
    assert not list(path.rglob(f"{TEMPORARY}*"))
    assert not (path / JOURNAL).exists()
    done = writer.epochs_done(run)
    steps = run.steps(0)
    assert steps in (list(range(done + 1)), list(range(done + 2)))
    for member in writer.MEMBERS:
        assert run.steps(member) == steps
        for step in steps[-3:]:
            read = run.read_weights(member, step)
            assert (read["w"].unique().tolist(), read["epoch"].unique().tolist()) == ([member], [step])
    _check_follows(run, done)
    return done


def _check_follows(run: Run, done: int) -> None:
    """Check that what is written after the state of an epoch is never ahead of it, and is of one epoch."""
    noted = run.manifest["steps"].get("done", -1)
    assert noted <= done
    if noted >= 0 or run.has_arrays("results/history"):
        history = run.arrays("results/history")
        (name,) = history.data_vars
        epoch = int(history[name].values[0, 0])
        assert noted <= epoch <= done
        assert history.identical(writer.history(epoch))


def test_killed_before_each_change_to_the_disk(tmp_path: Path, write: Write) -> None:
    path, done, answer, kill_at = tmp_path / "run", -1, "killed", 0
    while answer == "killed":
        kill_at += 1
        answer = write(path, kill_at=kill_at)
        now = _check_whole(path)
        assert done <= now <= done + 1
        done = now
    assert answer == "done"
    assert kill_at > 50


@pytest.mark.parametrize("kill_at", range(1, 16))
def test_killed_while_the_run_is_created(tmp_path: Path, write: Write, kill_at: int) -> None:
    assert write(tmp_path / "run", kill_at=kill_at) == "killed"
    assert _check_whole(tmp_path / "run") == -1
    assert write(tmp_path / "run") == "done"
    assert _check_whole(tmp_path / "run") == 0


def test_killed_at_random_moments(tmp_path: Path, write: Write) -> None:
    delays, done = random.Random(0), -1  # noqa: S311
    for _ in range(25):
        assert write(tmp_path / "run", kill_after=delays.uniform(0.001, 0.08)) in {"killed", "done"}
        now = _check_whole(tmp_path / "run")
        assert done <= now <= done + 1
        done = now
    assert write(tmp_path / "run") == "done"
    assert _check_whole(tmp_path / "run") == done + 1
