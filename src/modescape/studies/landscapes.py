"""What all steps that look at the loss between two members have in common."""

from collections.abc import Iterable, Iterator

import numpy as np
from jaxtyping import Float
from torch import Tensor

from modescape.core.errors import ArgumentError
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
    context: StudyContext, pair: tuple[int, int], vectors: Iterable[Float[Tensor, "param"]], examples: Examples
) -> Iterator[Float[np.ndarray, "example class"]]:
    """Yield the predictions of weight vectors between two members; buffers are those of the first, or made anew."""
    return Surroundings(context, pair[0]).predictions(vectors, examples)
