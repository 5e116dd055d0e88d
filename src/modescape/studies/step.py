"""A step of a study: named, cached in the run, and callable alone."""

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import xarray as xr

from modescape.core.errors import StoreError
from modescape.studies.context import StudyContext
from modescape.studies.costs import measured
from modescape.studies.settings import StudySettings
from modescape.train import TrainingTask


class LeftOutError(Exception):
    """A step can't be done for this run, for a reason that may go away, such as a package that is missing."""


@dataclass(frozen=True)
class Step:
    """Work that turns what a run holds into named arrays of the run.

    Args:
        name: As users name it with `--only`.
        title: What it does, in a few words.
        outputs: Names of the arrays that it writes.
        work: Computes them; None for an output that can't be computed for this run (for example with one member).
        needs: Names of the steps whose arrays it reads.
        options: Flat names of the settings that it depends on, beside those that are fixed for the life of a run.
        check: Raises, before anything is trained, if the settings ask for what is not to be had.
    """

    name: str
    title: str
    outputs: tuple[str, ...]
    work: Callable[[StudyContext], Mapping[str, xr.Dataset | None]]
    needs: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    check: Callable[[StudySettings, TrainingTask], None] | None = None

    def key(self, context: StudyContext) -> str:
        """Return a hash of the settings that the step depends on."""
        chosen = {name: context.settings.value(name) for name in self.options}
        return hashlib.sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()[:16]

    def basis(self, context: StudyContext) -> dict[str, str]:
        """Return which results of other steps it builds on: what is made again has another mark."""
        records = context.run.manifest.get("steps", {})
        marks = {name: records.get(name, {}).get("made") for name in self.needs}
        # Runs of older versions have no marks: their results count as made from those beside them.
        return {name: mark for name, mark in marks.items() if mark}

    def is_done(self, context: StudyContext) -> bool:
        """Say whether the run holds the step's arrays, undamaged, and made with these settings from these results."""
        record = context.run.manifest.get("steps", {}).get(self.name, {})
        if record.get("key") != self.key(context) or record.get("basis", {}) != self.basis(context):
            return False
        try:
            for name in record["outputs"]:
                context.run.arrays(name)
        except StoreError as error:
            context.progress.say(f"{self.title} is done again: {error}")
            return False
        return True

    def run(self, context: StudyContext) -> None:
        """Do the work and keep its arrays, what it cost, and what it rests on; a step that is left out says why."""
        try:
            with measured() as cost:
                results = {name: arrays for name, arrays in self.work(context).items() if arrays is not None}
                # A kill while arrays are written must not leave new ones under the settings of the old.
                context.run.record("steps", {self.name: {"key": ""}})
                for name, arrays in results.items():
                    context.run.write_arrays(name, arrays)
        except LeftOutError as error:
            context.progress.say(f"{self.title}: left out. {error}")
            context.run.record("steps", {self.name: {"key": "", "outputs": [], "left_out": str(error)}})
            return
        record = {
            "key": self.key(context),
            "basis": self.basis(context),
            "made": uuid.uuid4().hex,
            "outputs": sorted(results),
            "left_out": "",
            **cost.as_record(),
        }
        context.run.record("steps", {self.name: record})
        # What the step kept in pieces is in its results now.
        context.run.clear_states(part=self.name)
        context.run.clear_scratch(self.name)


def run_steps(steps: Sequence[Step], context: StudyContext) -> None:
    """Run the steps that are not done, in order; a step is also done again when one that it needs was.

    Args:
        steps: In an order in which each comes after those it needs.
        context: The run.
    """
    context.progress.start("compare", len(steps))
    for step in steps:
        context.progress.advance("compare", 0, step.title)
        if not step.is_done(context):
            step.run(context)
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
