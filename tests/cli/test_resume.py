"""Killed or interrupted at any moment, a run goes on with `--resume` and ends bit for bit as if nothing had been."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
import torch

from modescape.store import Run
from studies.samples import training_flags

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")

# Python ignores Ctrl-C where the shell that started the tests in the background told it to.
PROGRAM = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from modescape.cli.app import main
main()
"""
SETTINGS = {"members": 3, "epochs": 20, "limit": 64, "test_limit": 20, "trajectories": 3, "seed": 2}
INTERRUPTED = "modescape: Interrupted. What was finished is kept; train and study go on from there with --resume.\n"


@contextmanager
def at_work(path, *words):
    """Run the command line in a process of its own."""
    command = [sys.executable, "-c", PROGRAM, "train", *training_flags(**SETTINGS), "--output", str(path), *words]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=environment, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


def await_file(process, awaited):
    """Wait until a process has written a file."""
    deadline = time.monotonic() + 120
    while not awaited.exists():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline, f"{awaited} never came"
        time.sleep(0.001)


def killed(process, awaited):
    """Kill a process as soon as a file is there."""
    await_file(process, awaited)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL


def weights_file(path, member, step):
    return path / f"weights/member-{member:03d}/step-{step:04d}.safetensors"


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """The run that nothing happened to."""
    from cli.conftest import called  # noqa: PLC0415

    path = tmp_path_factory.mktemp("uninterrupted") / "run"
    assert called(["train", *training_flags(**SETTINGS), "--quiet", "--output", path]) == 0
    return Run.open(path)


def test_killed_twice_and_interrupted_once_it_ends_bit_for_bit_the_same(command, uninterrupted, tmp_path):
    path = tmp_path / "run"
    with at_work(path) as process:
        killed(process, weights_file(path, 0, 4))
    assert Run.open(path).status == "training"
    assert Run.open(path).manifest["members"] == {}
    assert max(Run.open(path).steps(0)) < 20

    with at_work(path, "--resume") as process:
        killed(process, weights_file(path, 1, 9))
    run = Run.open(path)
    assert list(run.manifest["members"]) == ["0"]
    before = max(run.steps(1))
    assert 9 <= before < 20

    with at_work(path, "--resume") as process:
        await_file(process, weights_file(path, 2, 5))
        process.send_signal(signal.SIGSTOP)
        refused = command("train", "--resume", "--output", path)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGCONT)
        err = process.communicate()[1]
    assert refused.code == 2
    assert f"must not be in use; got a lock held by process {process.pid} on " in refused.err
    assert refused.err.count("\n") == 1
    assert process.returncode == 130
    assert err.endswith(INTERRUPTED)
    assert "Traceback" not in err
    assert run.status == "interrupted"
    assert "2" not in run.manifest["members"]

    ended = command("train", *training_flags(**SETTINGS), "--output", path, "--resume", "--quiet")
    assert (ended.code, ended.out, ended.err) == (0, f"Run: {path}\n", "")
    check_same(run, uninterrupted)


def check_same(run, expected):
    """Check every stored weight, loss and accuracy; times differ."""
    assert run.damage() == []
    assert run.status == expected.status == "trained"
    assert not list(run.path.glob("state/*"))
    assert [run.steps(member) for member in run.members] == [expected.steps(member) for member in expected.members]
    for member in expected.members:
        for step in expected.steps(member):
            ours, theirs = run.read_weights(member, step), expected.read_weights(member, step)
            assert list(ours) == list(theirs)
            assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    for member, record in expected.manifest["members"].items():
        ours = {**run.manifest["members"][member], "seconds": None}
        assert ours == {**record, "seconds": None}
