"""What all benchmarks share: options, rounds in alternating order, ratios, the machine, and sections of one page."""

import argparse
import gc
import os
import platform
import re
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch

from modescape import __version__

Result = TypeVar("Result")

SECTIONS = (
    "training",
    "flops",
    "where_time_goes",
    "memory",
    "growth",
    "many_weights",
    "loss_surfaces",
    "pairs",
    "accuracy",
    "gpu",
)
"""The scripts, one a claim, in the order of the page."""

HEADER = """# Benchmarks

Each section is written by a script of its own, `benchmarks/NAME.py`. `make bench` runs all of them;
`python benchmarks/NAME.py --output docs/benchmarks.md` measures one section again and leaves the others as they are.

Whatever is compared is run in turn in the same run, in an order that is reversed from round to round, and ratios are
taken within a round. A figure such as 2.31 (2.25 to 2.40) is the median over rounds, with the smallest and the largest.
A ratio above 1 means faster than what it is compared with.

The peers TorchEnsemble and loss-landscapes are measured where they are installed:

```
pip install --no-deps torchensemble==0.2.0 loss-landscapes==3.0.6
```
"""

_SECTION = re.compile(r"<!-- begin (?P<name>\w+) -->\n(?P<text>.*?)\n<!-- end (?P=name) -->", re.DOTALL)


@dataclass(frozen=True)
class Options:
    """What every script takes on the command line.

    Args:
        quick: Whether sizes are small and rounds few, to see that it runs.
        rounds: Rounds of each comparison.
        output: The page whose section is replaced, if any.
        data: Folder with data sets of its own, if any.
    """

    quick: bool
    rounds: int
    output: Path | None
    data: Path | None


def parsed_options(description: str | None, *, rounds: int) -> Options:
    """Read the command line.

    Args:
        description: Docstring of the script; its first line is shown by `--help`.
        rounds: Rounds unless said otherwise; `--quick` makes one.
    """
    parser = argparse.ArgumentParser(description=(description or "").split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="small sizes and one round, to see that it runs")
    parser.add_argument("--rounds", type=int, help="rounds of each comparison")
    parser.add_argument("--output", type=Path, help="Markdown page to put the section into; it is printed anyway")
    parser.add_argument("--data", type=Path, help="folder that holds cifar10-jpeg")
    given = parser.parse_args()
    return Options(given.quick, given.rounds or (1 if given.quick else rounds), given.output, given.data)


def alternate(
    runs: Mapping[str, Callable[[], Result]], rounds: int, *, warm_up: bool = True
) -> tuple[dict[str, list[float]], dict[str, Result]]:
    """Run each function once a round, in an order reversed from round to round.

    Args:
        runs: What is compared, by name.
        rounds: Rounds that count.
        warm_up: Whether a round that does not count comes first.

    Returns:
        Seconds of each round by name, and what each function returned last.
    """
    threads = torch.get_num_threads()
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    results: dict[str, Result] = {}
    for number in range(-1 if warm_up else 0, rounds):
        for name in list(runs)[:: 1 if number % 2 == 0 else -1]:
            # What ran before may have left other threads, or garbage to collect.
            torch.set_num_threads(threads)
            gc.collect()
            start = time.perf_counter()
            results[name] = runs[name]()
            _wait_for_device()
            taken = time.perf_counter() - start
            if number >= 0:
                seconds[name].append(taken)
            say(f"{'warm-up' if number < 0 else f'round {number + 1} of {rounds}'}, {name}: {taken:.2f} s")
    return seconds, results


def say(text: str) -> None:
    """Tell whoever waits how far it is, beside the section that is printed."""
    print(text, file=sys.stderr, flush=True)


def _wait_for_device() -> None:
    """Wait for what is queued on a GPU, where one is in use."""
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()


def ratios(reference: Sequence[float], own: Sequence[float]) -> list[float]:
    """Return how many times faster than the reference each round was.

    >>> ratios([4.0, 6.0], [2.0, 2.0])
    [2.0, 3.0]
    """
    return [theirs / mine for theirs, mine in zip(reference, own, strict=True)]


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Return the median with the smallest and the largest value.

    >>> spread([3.0, 1.0, 2.0], digits=1)
    '2.0 (1.0 to 3.0)'
    """
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun.

    >>> counted(1, "round"), counted(1_280, "example")
    ('1 round', '1,280 examples')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table.

    >>> print(table(["a", "b"], [["1", "2"]]))
    | a | b |
    |---|---|
    | 1 | 2 |
    """
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("|" + "|".join(cell if cell == "---" else f" {cell} " for cell in line) + "|" for line in lines)


def machine() -> str:
    """Return one line about this machine."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    facts = [
        _cpu_name(),
        platform.machine(),
        f"{cores} cores",
        f"{torch.get_num_threads()} threads",
        torch.backends.cpu.get_cpu_capability(),
        f"PyTorch {torch.__version__}",
        f"Python {platform.python_version()}",
        f"modescape {__version__}",
    ]
    return f"Machine: {', '.join(facts)}."


def _cpu_name() -> str:
    """Return the model name of the CPU, as far as the system tells."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        text = ""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found.group(1).strip() if found else platform.processor() or "unknown CPU"


def publish(name: str, parts: Sequence[str], output: Path | None) -> None:
    """Print a section, and put it into a page in place of what it said before.

    Args:
        name: The section, one of `SECTIONS`.
        parts: Its paragraphs and tables.
        output: The page, if there is one to write.
    """
    text = "\n\n".join(parts)
    print(text)
    if output is not None:
        old = output.read_text(encoding="utf-8") if output.exists() else ""
        output.write_text(page({**sections(old), name: text}), encoding="utf-8")


def sections(text: str) -> dict[str, str]:
    """Return the sections of a page by name.

    >>> sections(page({"flops": "## Speed"}))
    {'flops': '## Speed'}
    """
    return {found["name"]: found["text"] for found in _SECTION.finditer(text)}


def page(texts: Mapping[str, str]) -> str:
    """Return a page with its header and sections, in the order of `SECTIONS`."""
    pieces = [f"<!-- begin {name} -->\n{texts[name]}\n<!-- end {name} -->\n" for name in SECTIONS if name in texts]
    return "\n".join([HEADER, *pieces])
