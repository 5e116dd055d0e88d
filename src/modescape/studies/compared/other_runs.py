"""Members of runs that modescape has made: their predictions, and their weights where all are of one architecture."""

import shlex
from collections.abc import Iterator, Sequence

import numpy as np

from modescape.core.axes import MEMBER
from modescape.core.errors import StoreError
from modescape.core.trees import Tree
from modescape.store import Run
from modescape.studies.checkpoints import outcomes_of
from modescape.studies.compared.blocks import Block
from modescape.studies.compared.request import RECORD
from modescape.studies.members import NAMES
from modescape.studies.runs import settings_of
from modescape.studies.steps.answers import answers_of


def run_block(run: Run) -> Block:
    """Return the members of a run with their predictions for its test examples.

    Raises:
        StoreError: If the run has no predictions.
    """
    if not run.has_arrays("predictions/test"):
        raise StoreError(
            f"`sources` must be runs with predictions; {run.path} has none. "
            f"Finish it with modescape study --resume --output {shlex.quote(str(run.path))}."
        )
    answers = answers_of(run)
    numbers = np.asarray(answers.member[MEMBER])
    names = [str(name) for name in answers.member.get(NAMES[0], numbers)]

    def each() -> Iterator[np.ndarray]:
        found = answers_of(run)
        yield from found.decisions if found.probabilities is None else found.probabilities

    return Block(
        origin=str(run.path),
        label=run.name,
        names=tuple(names),
        group=run.name,
        num_examples=answers.num_examples,
        num_classes=None if answers.probabilities is None else answers.num_classes,
        each=each,
        classes=answers.classes,
        truth=answers.labels,
    )


def have_one_architecture(runs: Sequence[Run]) -> bool:
    """Say whether runs hold weights of one network, trained on one data set, which their settings name."""
    if not runs or any(not run.members or run.manifest.get("objects") for run in runs):
        return False
    chosen = [settings_of(run) for run in runs]
    same = all(one.model == chosen[0].model and one.data == chosen[0].data for one in chosen)
    scaled = [run.manifest.get(RECORD, {}).get("normalize") for run in runs]
    return same and all(one == scaled[0] for one in scaled)


def solution_trees(run: Run) -> Iterator[Tree]:
    """Yield the weights of the members of a run that its predictions are of."""
    outcomes = outcomes_of(run)
    for member in run.arrays("predictions/test")[MEMBER].values.tolist():
        yield run.read_weights(member, outcomes[member].solution_step)
