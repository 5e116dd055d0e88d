"""What a piece of work costs: wall time and peak memory."""

import importlib
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MIB = 2**20


@dataclass
class Cost:
    """Filled in when the work ends.

    Args:
        seconds: Wall time.
        peak_mib: Largest resident memory of the process while it worked, in MiB; of all time where the system can't
            tell (only Linux can).
    """

    seconds: float = 0.0
    peak_mib: float = 0.0

    def as_record(self) -> dict[str, float]:
        """Return the cost as plain numbers."""
        return {"seconds": round(self.seconds, 3), "peak_mib": round(self.peak_mib, 1)}


@contextmanager
def measured() -> Iterator[Cost]:
    """Measure the work inside the block.

    >>> with measured() as cost:
    ...     _ = bytearray(2**20)
    >>> cost.seconds > 0, cost.peak_mib > 1
    (True, True)
    """
    cost, start = Cost(), time.perf_counter()
    _forget_peak()
    try:
        yield cost
    finally:
        cost.seconds = time.perf_counter() - start
        cost.peak_mib = _peak_bytes() / MIB


def _forget_peak() -> None:
    """Let the kernel begin its record of the peak anew.

    Source: Linux, proc_pid_clear_refs(5), https://man7.org/linux/man-pages/man5/proc_pid_clear_refs.5.html
    """
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


def _peak_bytes() -> float:
    """Return the largest resident memory since the record began."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return 1024.0 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return _peak_of_all_time()


def _peak_of_all_time() -> float:
    """Return the largest resident memory since the process began; NaN on a system that has no record of it."""
    try:
        resource = importlib.import_module("resource")
    except ModuleNotFoundError:
        return float("nan")
    unit = 1 if sys.platform == "darwin" else 1024
    return float(unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
