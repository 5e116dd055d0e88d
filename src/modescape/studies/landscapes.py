"""What all steps that look at the loss between two members have in common."""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from modescape.core.errors import ArgumentError
from modescape.core.trees import Tree
from modescape.data import Examples
from modescape.studies.context import StudyContext
from modescape.studies.settings import StudySettings
from modescape.studies.step import LeftOutError
from modescape.studies.surroundings import Surroundings
from modescape.train import TrainingTask

OPTIONS = ("pairs", "landscape_examples", "renew_batch_norm", "batch_norm_examples")


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
    trees = ({**first.tree(vector), **_mixed(first.buffers, second.buffers, share)} for vector, share in points)
    for probabilities in context.predictor(examples).each(first.renewed(trees)):
        yield probabilities.numpy()


def _mixed(first: Tree, second: Tree, share: float) -> Tree:
    """Return buffers on the way from one network to another; numbers that can't be mixed are those of the nearer."""
    return {
        name: torch.lerp(tensor, second[name], share)
        if tensor.is_floating_point()
        else (tensor if share < 0.5 else second[name])
        for name, tensor in first.items()
    }
