"""Claim: training many members at once needs little more memory than training one after the other.

Usage: python benchmarks/memory.py [--quick] [--rounds 3] [--output docs/benchmarks.md]
"""

import json
import re
import resource
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch

from common import Options, counted, machine, parsed_options, publish, say, spread, table
from trainers import digits, made_images, modescape_run, plain_loop, task_of

NOTHING = "nothing trained"
PLAIN = "plain loop"
WAYS = {NOTHING: None, PLAIN: "plain", **{f"modescape `{name}`": name for name in ("loop", "vmap", "auto")}}
INTRODUCTION = """Peak memory of a process that trains once: the resident set on a CPU, and the memory that PyTorch
allocated on a GPU. Each training has a process of its own. `nothing trained` is such a process with PyTorch, modescape
and the data loaded; "above it" is what training adds. `auto` includes its trial of the engines. Weights and the state
of the optimiser that modescape keeps after every epoch stay in memory here; a study writes them to disk."""


def main() -> None:
    """Measure all cases and publish the section."""
    if len(sys.argv) == 3 and sys.argv[1] == "--child":
        print(peak_of(**json.loads(sys.argv[2])))
        return
    options = parsed_options(__doc__, rounds=3)
    cases: list[dict[str, Any]] = [
        {"model": "small-cnn", "members": 2 if options.quick else 10, "examples": 128 if options.quick else 640},
        {"model": "mlp", "members": 25, "examples": None},
    ]
    # A process takes seconds to begin, so that a quick look is at one case.
    chosen = cases[:1] if options.quick else cases
    devices = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
    parts = [part for device in devices for each in chosen for part in case({**each, "device": device}, options)]
    publish("memory", ["## Memory of training", machine(), INTRODUCTION, *parts], options.output)


def case(arguments: dict[str, Any], options: Options) -> list[str]:
    """Measure one case and return its paragraphs."""
    peaks: dict[str, list[float]] = {name: [] for name in WAYS}
    for number in range(options.rounds):
        for name in list(WAYS)[:: 1 if number % 2 == 0 else -1]:
            peaks[name].append(child_peak({**arguments, "way": WAYS[name]}))
            say(f"round {number + 1} of {options.rounds}, {name}: {peaks[name][-1]:,.0f} MB")
    place = "GPU" if arguments["device"] == "cuda" else "CPU"
    return [
        f"### {arguments['members']} members of `{arguments['model']}` on a {place}",
        table(["", "peak, MB", "above it, MB", "peak, times the plain loop"], rows(peaks)),
        f"Median of {counted(options.rounds, 'round')}, smallest and largest.",
    ]


def rows(peaks: dict[str, list[float]]) -> list[list[str]]:
    """Return rows of peaks; differences and ratios are taken within a round.

    >>> rows({"nothing trained": [10.0], "plain loop": [15.0], "x": [30.0]})[2]
    ['x', '30 (30 to 30)', '20', '2.00']
    """
    found = []
    for name, own in peaks.items():
        above = statistics.median(mine - none for mine, none in zip(own, peaks[NOTHING], strict=True))
        times = statistics.median(mine / plain for mine, plain in zip(own, peaks[PLAIN], strict=True) if plain)
        found.append([name, spread(own, digits=0), f"{above:,.0f}", f"{times:.2f}"])
    return found


def child_peak(arguments: dict[str, Any]) -> float:
    """Return the peak memory of a process that trains once, in MB."""
    command = [sys.executable, __file__, "--child", json.dumps(arguments)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return float(done.stdout.split()[-1])


def peak_of(model: str, members: int, examples: int | None, device: str, way: str | None) -> float:
    """Train once in this process and return its peak memory in MB.

    Args:
        model: Name of a built-in network.
        members: Number of members.
        examples: Made images; None takes the digits.
        device: Where to train.
        way: `plain`, the name of an engine, or None to train nothing.
    """
    dataset = digits() if examples is None else made_images(examples)
    task = task_of(model, dataset, members, 2, device=device, engine="auto" if way in (None, "plain") else way)
    if way == "plain":
        plain_loop(task)()
    elif way is not None:
        modescape_run(task)[0]()
    return torch.cuda.max_memory_allocated() / 1e6 if device == "cuda" else resident_peak()


def resident_peak() -> float:
    """Return the largest resident set of this process so far, in MB."""
    try:
        # Not `ru_maxrss`, which on Linux begins with the memory of the process that started this one.
        found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="utf-8"))
    except OSError:
        found = None
    if found:
        return int(found.group(1)) * 1_024 / 1e6
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest / 1e6 if sys.platform == "darwin" else largest * 1_024 / 1e6


if __name__ == "__main__":
    main()
