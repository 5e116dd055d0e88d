"""What other studies may do with a run whose members were not trained in it."""

import shlex
from dataclasses import replace

from modescape.core.errors import ArgumentError, Quoted
from modescape.store import Run
from modescape.studies.compared.request import RECORD
from modescape.studies.compared.scaling import normalised
from modescape.train import TrainingTask

TRAINED_ONLY = ("fort2019", "shapes", "frontier")
"""Studies that look at trajectories or train further members: they need the recipe that members were trained with."""


def check_holds_weights(run: Run, study: str) -> None:
    """Raise if a run is a comparison that a study can't go on with.

    Args:
        run: Any run; one of trained members is always fine.
        study: The study that is asked for.

    Raises:
        ArgumentError: If the run has no weights, or the study is one for members that were trained in the run.
    """
    record = run.manifest.get(RECORD)
    if record is None:
        return
    if not record["has_weights"]:
        again = f"modescape compare --resume --output {shlex.quote(str(run.path))}"
        got = Quoted("a comparison of answers, without weights of one network")
        raise ArgumentError("output", "be a run with weights", got, f"Go on with it by {again}")
    if study in TRAINED_ONLY:
        rule = f"be another study than {study} for checkpoints, whose training is not known"
        raise ArgumentError("study", rule, study, "Choose landscapes or compare, or train members with modescape study")


def scaled_as_compared(run: Run, task: TrainingTask) -> TrainingTask:
    """Return a task whose inputs are scaled as they were when the run was made."""
    scaling = run.manifest.get(RECORD, {}).get("normalize")
    return task if scaling is None else replace(task, dataset=normalised(task.dataset, *scaling))
