"""A process that writes a run and is killed: reads `PATH KILL_AT KILL_AFTER` lines, answers each with a word.

KILL_AT is the number of the change to the file system before which the writer kills itself (0: never); KILL_AFTER is
the time in seconds after which it is killed from outside (0: never). Each writer is a fork, so torch is loaded once.
"""

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import torch
import xarray as xr
import zarr

from modescape.core.errors import StoreError
from modescape.core.trees import Tree
from modescape.store import Run

MEMBERS = (0, 1)
CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir"}


def weights(member: int, epoch: int) -> Tree:
    return {"w": torch.full((50,), float(member)), "epoch": torch.full((50,), float(epoch))}


def history(epoch: int) -> xr.Dataset:
    return xr.Dataset({f"kept_{epoch % 2}": (("member", "step"), np.full((2, 5), float(epoch)))})


def epochs_done(run: Run) -> int:
    state = run.read_state("group-0")
    return -1 if state is None else int(state[1]["epoch"])


def open_or_create(path: Path) -> Run:
    try:
        return Run.open(path)
    except StoreError:
        return Run.create(path, name="killed", settings={"train": {"members": len(MEMBERS)}})


def train_one_epoch(path: Path) -> None:
    run = open_or_create(path)
    with run.lock():
        epoch = epochs_done(run) + 1
        run.write_all_weights({(member, epoch): weights(member, epoch) for member in MEMBERS})
        run.write_state("group-0", weights(0, epoch), {"epoch": str(epoch)})
        run.write_arrays("results/history", history(epoch))
        run.record("steps", {"done": epoch})


def _kill_before_change(number: int, root: str) -> None:
    """Kill this process before its n-th change to files below a folder."""
    left = number

    def hook(event: str, details: tuple[object, ...]) -> None:
        nonlocal left
        changes = event in CHANGES or (event == "open" and isinstance(details[2], int) and details[2] & os.O_CREAT)
        if changes and str(details[0]).startswith(root):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    # A kill, unlike a power cut, loses nothing that was written, so that many kills need not wait for the disk.
    os.fsync = lambda _: None


def _forked_writer(path: str, kill_at: int) -> int:
    """Start a writer and return its process number."""
    process = os.fork()
    if process:
        return process
    if kill_at:
        _kill_before_change(kill_at, path)
    train_one_epoch(Path(path))
    os._exit(0)


def main() -> None:
    torch.set_num_threads(1)
    # xarray imports zarr when it first writes; here rather than in every fork.
    zarr.config.get("async.concurrency")
    print("ready", flush=True)  # noqa: T201
    for line in sys.stdin:
        path, kill_at, kill_after = line.split()
        process = _forked_writer(path, int(kill_at))
        if float(kill_after):
            time.sleep(float(kill_after))
            os.kill(process, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        print({0: "done", -signal.SIGKILL: "killed"}.get(status, "failed"), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
