"""What all steps that look at the loss over weights have in common."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from modescape.core.errors import ArgumentError
from modescape.core.trees import Tree
from modescape.data import Dataset, Examples
from modescape.landscapes import KeptPoints, Objective, has_running_statistics
from modescape.studies.context import StudyContext
from modescape.studies.planes import mixed
from modescape.studies.settings import StudySettings
from modescape.studies.step import LeftOutError, Step
from modescape.studies.surroundings import Surroundings
from modescape.train import TrainingTask

POINT_OPTIONS = ("landscape_examples", "renew_batch_norm", "batch_norm_examples")
"""What is found at a point depends on these."""
OPTIONS = ("pairs", *POINT_OPTIONS)
BATCH_SIZE = 128


def check_pairs(settings: StudySettings, task: TrainingTask) -> None:
    """Raise unless the pairs are made of members that will be there; a run of one member has no pairs.

    Raises:
        ArgumentError: If a member is not there.
    """
    del task
    if settings.train.members > 1:
        _check_members(settings, list(range(settings.train.members)))


def member_pairs(context: StudyContext) -> list[tuple[int, int]]:
    """Return the pairs of members to look between.

    Raises:
        LeftOutError: If a member diverged, or there is only one.
    """
    if len(context.trained) < 2:
        raise LeftOutError("It needs two trained members.")
    try:
        _check_members(context.settings, context.trained)
    except ArgumentError as error:
        raise LeftOutError(str(error)) from None
    return context.settings.landscape.member_pairs


def _check_members(settings: StudySettings, members: list[int]) -> None:
    """Raise unless all members of all pairs are there."""
    for member in (member for pair in settings.landscape.member_pairs for member in pair):
        if member not in members:
            known = ", ".join(map(str, members))
            raise ArgumentError(
                "pairs", f"be made of trained members ({known})", member, "Pass for example --pairs 0-1"
            )


def landscape_examples(context: StudyContext) -> Examples:
    """Return the test examples that points of a landscape are evaluated on."""
    return context.sample_of(context.dataset.test, context.settings.landscape.landscape_examples)


def predictions_at(
    context: StudyContext,
    pair: tuple[int, int],
    points: Iterable[tuple[Float[Tensor, "param"], float]],
    examples: Examples,
) -> Iterator[Float[np.ndarray, "example class"]]:
    """Yield the predictions of weight vectors between two members.

    Buffers are mixed from those of both, so that either end is the member itself; statistics of batch norm are then
    estimated anew unless the settings say otherwise.

    Args:
        context: The run.
        pair: The members.
        points: Weight vectors, each with its share of the way from the first member to the second, 0 to 1.
        examples: What to predict.
    """
    first, second = (Surroundings(context, member) for member in pair)
    ends = [first.buffers, second.buffers]
    trees = ({**first.tree(vector), **mixed(ends, [1.0 - share, share])} for vector, share in points)
    for probabilities in context.predictor(examples).each(first.renewed(trees)):
        yield probabilities.numpy()


def objective(context: StudyContext, references: Iterable[int] = ()) -> Objective:
    """Return what is measured at each point of a plane: loss, accuracy, and agreement with some members.

    Args:
        context: The run.
        references: The members.
    """
    settings, dataset = context.settings.landscape, context.dataset
    # The sample is drawn here, where all steps look at the same examples; standard errors are about the whole test set.
    return Objective(
        context.network,
        F.cross_entropy,
        _Batches(landscape_examples(context), dataset),
        references={name_of(member): weights_of(context, member) for member in references},
        available=len(dataset.test),
        batch_norm="renew" if settings.renew_batch_norm else "keep",
        batch_norm_batches=_Batches(context.sample_of(dataset.train, settings.batch_norm_examples), dataset),
        seed=context.settings.seed,
    )


def batch_norm_of(context: StudyContext) -> str:
    """Say in a word what was done about statistics of batch norm: `renewed`, `kept`, or `none` without any."""
    if not has_running_statistics(context.network):
        return "none"
    return "renewed" if context.settings.landscape.renew_batch_norm else "kept"


def name_of(member: int) -> str:
    """Return what a member is called in a plane."""
    return f"member {member}"


def weights_of(context: StudyContext, member: int) -> Tree:
    """Return the weights of a member's solution, with its buffers."""
    return context.run.read_weights(member, context.solution_step(member))


@dataclass(frozen=True)
class _Batches:
    """Examples as networks see them, batch by batch, each time anew."""

    examples: Examples
    dataset: Dataset

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        pieces = zip(self.examples.inputs.split(BATCH_SIZE), self.examples.labels.split(BATCH_SIZE), strict=True)
        for inputs, labels in pieces:
            yield self.dataset.prepare(inputs), labels


def kept_points(context: StudyContext, step: Step, options: Sequence[str]) -> KeptPoints:
    """Return the points that a step has measured so far, as long as they mean the same.

    Args:
        context: The run.
        step: The step.
        options: Settings that change which network a point is, or what is found there.
    """
    chosen = {name: context.settings.value(name) for name in (*POINT_OPTIONS, *options)}
    key = json.dumps([chosen, step.basis(context)], sort_keys=True)
    path = context.run.scratch(step.name) / "points.jsonl"
    try:
        return KeptPoints(path, key, other="replace")
    except ArgumentError:
        # Nobody else writes there: it is what a loss of power has left.
        path.unlink()
        return KeptPoints(path, key)
