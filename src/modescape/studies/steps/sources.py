"""Sources of diversity pulled apart: same or different initialisation, same or different data order, dropout or not.

Each cell is a base network and others that share some of its random numbers. All cells with dropout have one base, and
all without have another. With dropout, every network drops others: sharing the masks too would leave no difference.
"""

from dataclasses import dataclass, replace
from functools import partial
from itertools import product

import numpy as np
import torch
import xarray as xr

from modescape.core.axes import INITIALISATION, NOISE, ORDER
from modescape.core.errors import ModelError, TrainingError
from modescape.core.seeds import Stream
from modescape.core.trees import Tree
from modescape.evaluate import bootstrap_mean_interval, bootstrap_weights
from modescape.functions import decisions
from modescape.studies.checkpoints import outcomes_of
from modescape.studies.context import StudyContext
from modescape.studies.experiments import Experiment
from modescape.studies.step import Step
from modescape.train import EngineChoice, TrainingTask, placed
from modescape.weights import cosine_matrix

SAME_OR_NOT, OFF_OR_ON = ("same", "different"), ("off", "on")
BASE = 0
"""The member that all others are compared with."""
COLUMNS = ("disagreement", "disagreement_low", "disagreement_high", "cosine", "accuracy", "num_pairs")


@dataclass(frozen=True)
class _Cell:
    """Members that share some random numbers with the base, which is trained with or without dropout as they are.

    Args:
        initialisation: `same` or `different`.
        order: The same for the order of the data.
        noise: Dropout `off` or `on`; where it is on, every network drops others.
    """

    initialisation: str
    order: str
    noise: str

    @property
    def part(self) -> str:
        """Where its members are kept in the run."""
        return f"sources-{self.noise}-{self.initialisation}-start-{self.order}-order"

    @property
    def place(self) -> tuple[int, int, int]:
        """Where it stands in a table of cells."""
        return (
            SAME_OR_NOT.index(self.initialisation),
            SAME_OR_NOT.index(self.order),
            OFF_OR_ON.index(self.noise),
        )

    @property
    def title(self) -> str:
        """The cell in words."""
        return f"{self.initialisation} start, {self.order} order, dropout {self.noise}"

    @property
    def shared(self) -> frozenset[Stream]:
        """The random numbers that its members have from the base."""
        choices = {Stream.INITIALISATION: self.initialisation, Stream.ORDER: self.order}
        return frozenset(stream for stream, choice in choices.items() if choice == "same")


CELLS = tuple(_Cell(*words) for words in product(SAME_OR_NOT, SAME_OR_NOT, OFF_OR_ON))
ORDINARY = _Cell("different", "different", "on")
"""The cell that is made of members as every ensemble has them."""


def _work(context: StudyContext) -> dict[str, xr.Dataset | None]:
    """Train what the run does not hold yet, and compare the members of each cell with their base."""
    _train(context)
    bases = {noise: _base(context, noise) for noise in OFF_OR_ON}
    columns = {name: np.full((2, 2, 2), np.nan) for name in COLUMNS}
    for cell in CELLS:
        base, others = bases[cell.noise], _members(context, cell)
        if base is not None and others:
            for column, value in zip(columns.values(), _compared(context, [base, *others]), strict=True):
                column[cell.place] = value
    dims = [INITIALISATION, ORDER, NOISE]
    dataset = xr.Dataset(
        {name: (dims, column) for name, column in columns.items()},
        coords={INITIALISATION: list(SAME_OR_NOT), ORDER: list(SAME_OR_NOT), NOISE: list(OFF_OR_ON)},
        attrs={
            "epochs": _epochs(context),
            "num_examples": len(context.dataset.test),
            "confidence": context.settings.compare.confidence,
        },
    )
    return {"results/sources": dataset}


def _epochs(context: StudyContext) -> int:
    """Return how long the members of cells are trained."""
    return context.settings.sources.source_epochs or context.settings.train.epochs


def _is_reusable(context: StudyContext) -> bool:
    """Say whether the ensemble's own members are what the ordinary cell and its base would be."""
    return _epochs(context) == context.settings.train.epochs


def _is_held(context: StudyContext, cell: _Cell) -> bool:
    """Say whether the ensemble has all members of a cell."""
    return cell == ORDINARY and _is_reusable(context) and _pairs(context) < context.settings.train.members


def _train(context: StudyContext) -> None:
    """Train bases and cells, as many at the same time as members of the ensemble were."""
    choice = context.engine
    alone = replace(choice, group_size=1, workers=1)
    jobs = [partial(_train_one, context, alone, experiment) for experiment in _experiments(context)]
    placed(jobs, [context.task.device] * choice.workers, choice.threads)


def _train_one(context: StudyContext, choice: EngineChoice, experiment: Experiment, place: torch.device) -> None:
    """Train one experiment; one whose members all diverge, or whose dropout can't be switched off, is left out."""
    try:
        replace(experiment, task=experiment.task.at(place)).train(context, choice)
    except (TrainingError, ModelError) as error:
        context.progress.say(f"{experiment.title} is left out: {error}")


def _experiments(context: StudyContext) -> list[Experiment]:
    """Return what has to be trained besides the ensemble."""
    reusable = _is_reusable(context)
    bases = [noise for noise in OFF_OR_ON if not (noise == "on" and reusable)]
    cells = [cell for cell in CELLS if not _is_held(context, cell)]
    return [
        *(Experiment(f"sources-{noise}", f"base, dropout {noise}", _task(context, noise, 1)) for noise in bases),
        *(
            Experiment(cell.part, cell.title, _task(context, cell.noise, 1 + _pairs(context), cell.shared), (BASE,))
            for cell in cells
        ),
    ]


def _pairs(context: StudyContext) -> int:
    """Return how many members of a cell are compared with the base."""
    return context.settings.sources.source_pairs


def _task(context: StudyContext, noise: str, members: int, shared: frozenset[Stream] = frozenset()) -> TrainingTask:
    """Return how members of a cell are trained: as those of the ensemble, but for what they share."""
    settings = context.settings.train.changed(
        members=members, epochs=_epochs(context), trajectories=0, late_fraction=0.0, keep_best=False
    )
    return replace(context.task, settings=settings, shared=shared, dropout=noise == "on")


def _base(context: StudyContext, noise: str) -> Tree | None:
    """Return the weights of a base, or nothing where it diverged."""
    if noise == "on" and _is_reusable(context):
        return _of_ensemble(context, BASE)
    return _of_part(context, f"sources-{noise}", BASE)


def _members(context: StudyContext, cell: _Cell) -> list[Tree]:
    """Return the weights of a cell's members besides the base, without those that diverged."""
    held = _is_held(context, cell)
    numbers = range(BASE + 1, BASE + 1 + _pairs(context))
    found = [_of_ensemble(context, n) if held else _of_part(context, cell.part, n) for n in numbers]
    return [tree for tree in found if tree is not None]


def _of_ensemble(context: StudyContext, member: int) -> Tree | None:
    """Return the last weights of a member of the ensemble."""
    return context.run.read_weights(member, _epochs(context)) if member in context.trained else None


def _of_part(context: StudyContext, part: str, member: int) -> Tree | None:
    """Return the last weights of a member of an experiment."""
    outcome = outcomes_of(context.run, part).get(member)
    if outcome is None or outcome.status != "trained":
        return None
    return context.run.read_weights(member, outcome.solution_step, part)


def _compared(context: StudyContext, trees: list[Tree]) -> tuple[float, ...]:
    """Return how the others differ from the first, in the order of `COLUMNS`; means over the pairs."""
    examples, compare = context.dataset.test, context.settings.compare
    probabilities = [found.numpy() for found in context.predictor(examples).each(trees)]
    chosen = decisions(np.stack(probabilities))
    differs = (chosen[1:] != chosen[0]).mean(axis=0)
    weights = bootstrap_weights(len(differs), num_resamples=compare.num_resamples, seed=context.settings.seed)
    low, high = bootstrap_mean_interval(differs, weights, compare.confidence)
    vectors = torch.stack([context.vector(tree) for tree in trees])
    cosine = cosine_matrix(vectors)[0, 1:].mean().item()
    accuracy = (chosen == examples.labels.numpy()).mean()
    return float(differs.mean()), float(low), float(high), cosine, float(accuracy), float(len(trees) - 1)


sources = Step(
    "sources",
    "sources of diversity",
    ("results/sources",),
    _work,
    options=("source_epochs", "source_pairs", "confidence", "num_resamples"),
)
