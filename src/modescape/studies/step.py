"""A step of a study: named, cached in the run, and callable alone."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import xarray as xr

from modescape.core.errors import StoreError
from modescape.studies.context import StudyContext


@dataclass(frozen=True)
class Step:
    """Work that turns what a run holds into named arrays of the run.

    Args:
        name: As users name it with `--only`.
        title: What it does, in a few words.
        outputs: Names of the arrays that it writes.
        work: Computes them; None for an output that can't be computed for this run (for example with one member).
        needs: Names of the steps whose arrays it reads.
        options: Names of the `compare` settings that it depends on.
    """

    name: str
    title: str
    outputs: tuple[str, ...]
    work: Callable[[StudyContext], Mapping[str, xr.Dataset | None]]
    needs: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    def key(self, context: StudyContext) -> str:
        """Return a hash of the settings that the step depends on."""
        chosen = {name: getattr(context.settings.compare, name) for name in self.options}
        return hashlib.sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()[:16]

    def is_done(self, context: StudyContext) -> bool:
        """Say whether the run holds the step's arrays, undamaged and made with these settings."""
        record = context.run.manifest.get("steps", {}).get(self.name, {})
        if record.get("key") != self.key(context):
            return False
        try:
            for name in record["outputs"]:
                context.run.arrays(name)
        except StoreError as error:
            context.progress.say(f"{self.title} is done again: {error}")
            return False
        return True

    def run(self, context: StudyContext) -> None:
        """Do the work and keep its arrays, its time and its key."""
        start = time.perf_counter()
        results = {name: arrays for name, arrays in self.work(context).items() if arrays is not None}
        for name, arrays in results.items():
            context.run.write_arrays(name, arrays)
        seconds = round(time.perf_counter() - start, 3)
        record = {"key": self.key(context), "outputs": sorted(results), "seconds": seconds}
        context.run.record("steps", {self.name: record})


def run_steps(steps: Sequence[Step], context: StudyContext) -> None:
    """Run the steps that are not done, in order; a step is also done again after one that it needs.

    Args:
        steps: In an order in which each comes after those it needs.
        context: The run.
    """
    context.progress.start("compare", len(steps))
    renewed: set[str] = set()
    for step in steps:
        context.progress.advance("compare", 0, step.title)
        if renewed.intersection(step.needs) or not step.is_done(context):
            step.run(context)
            renewed.add(step.name)
        context.progress.advance("compare", 1)


def with_needs(steps: Sequence[Step], wanted: str) -> list[Step]:
    """Return a step and all that it needs, directly or not, in order."""
    by_name = {step.name: step for step in steps}
    names, waiting = set(), [wanted]
    while waiting:
        name = waiting.pop()
        names.add(name)
        waiting.extend(by_name[name].needs)
    return [step for step in steps if step.name in names]
