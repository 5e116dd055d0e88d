"""Real limits of the operating system: a size limit on files, and a file system of a few pages that fills up."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from modescape.store import Run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs limits of POSIX systems")

WRITER = """
import resource, sys
import numpy as np, torch, xarray as xr
from modescape.core.errors import StoreError
from modescape.store import Run

def attempt(label, write):
    try:
        write()
    except StoreError as error:
        print(label, "|", error)
    else:
        print(label, "| written")

run = Run.create(sys.argv[1], name="small", settings={})
run.write_weights(0, 0, {"w": torch.zeros(1000)})
run.write_state("group-0", {"w": torch.zeros(1000)}, {"epoch": "0"})

def noise(members, examples):
    return xr.Dataset({"x": (("member", "example"), np.random.default_rng(0).random((members, examples)))})

run.write_arrays("results/a", noise(1, 100))
if sys.argv[2] == "limit":
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
big = {"w": torch.zeros(500_000)}
attempt("weights", lambda: run.write_weights(0, 1, big))
attempt("batch", lambda: run.write_all_weights({(0, 0): {"w": torch.ones(1)}, (0, 1): big}))
attempt("state", lambda: run.write_state("group-0", big, {}))
attempt("arrays", lambda: run.write_arrays("results/a", noise(3, 100_000)))
attempt("small", lambda: run.record("steps", {"done": 1}))
attempt("damage", lambda: print(run.damage()))
print(run.steps(0), run.read_weights(0, 0)["w"].sum().item(), run.read_state("group-0")[1])
print(dict(run.arrays("results/a").sizes))
"""

SMALL = 600_000


def _check_refused_and_whole(output: str, got: str) -> None:
    lines = output.splitlines()
    names = {
        "weights": "weights/member-000/step-0001.safetensors",
        "batch": "weights/member-000/step-0001.safetensors",
        "state": "state/group-0.safetensors",
        "arrays": "results/a.zarr",
    }
    cure = "Free space and run again with --resume; nothing already written is lost."
    for line, (label, name) in zip(lines, names.items(), strict=False):
        assert line == f"{label} | `{name}` must be written in full; got {got}. {cure}"
    assert lines[4:6] == ["small | written", "[]"]
    assert lines[7:] == ["[0] 0.0 {'epoch': '0'}", "{'member': 1, 'example': 100}"]


def _written(folder: Path, limit: str, *before: str) -> str:
    command = [*before, sys.executable, "-c", WRITER, str(folder / "run"), limit]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_a_limit_on_the_size_of_files_loses_nothing(tmp_path: Path) -> None:
    _check_refused_and_whole(_written(tmp_path, "limit"), "file too large")
    assert Run.open(tmp_path / "run").damage() == []


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    unshare = shutil.which("unshare")
    mount = f"mount -t tmpfs -o size={SMALL} none {tmp_path}"
    private = [unshare or "", "--map-root-user", "--mount"]
    if not unshare or subprocess.run([*private, "sh", "-c", mount], check=False, capture_output=True).returncode:
        pytest.skip("this system does not let users mount a small file system of their own")
    _check_refused_and_whole(
        _written(tmp_path, "disk", *private, "sh", "-c", f'{mount} && exec "$@"', "sh"), "no space left on device"
    )
