"""Run every benchmark, each in a process of its own, and pass on the command line.

Usage: python benchmarks/all.py [--quick] [--rounds N] [--data DIR] [--output docs/benchmarks.md]
"""

import subprocess
import sys
import time
from pathlib import Path

from common import SECTIONS, parsed_options, say


def main() -> int:
    """Run all scripts, and return 1 if one failed; the others run all the same."""
    # Each script reads the same options again; here they are only checked, so that a slip is told at once.
    parsed_options(__doc__, rounds=1)
    failed = []
    for name in SECTIONS:
        start = time.perf_counter()
        script = Path(__file__).with_name(f"{name}.py")
        done = subprocess.run([sys.executable, str(script), *sys.argv[1:]], check=False)
        print(flush=True)
        say(f"{name}: {time.perf_counter() - start:.0f} s")
        if done.returncode:
            failed.append(name)
    if failed:
        say(f"Failed: {', '.join(failed)}.")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
