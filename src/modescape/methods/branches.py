"""Branches of a training: a first part in common, and several ways on from there; soups are made of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from modescape.core.errors import ArgumentError, TrainingError
from modescape.core.seeds import Stream, derived_seed
from modescape.core.trees import Tree, check_same_structure
from modescape.methods.averaging import renewal_passes
from modescape.methods.budgets import check_share, epoch_passes
from modescape.methods.cost import BACKWARD
from modescape.methods.lengthened import fitting_epochs, lengthened, stretched
from modescape.methods.protocol import Trainer
from modescape.methods.started import started_from
from modescape.train import TrainingTask, TrainSettings

STEM, BRANCH = "stem", "branch"
"""Names of what is trained; soups of either kind share it."""


@dataclass(frozen=True)
class Branching:
    """How branches are trained.

    Args:
        common: Share of the budget for the part in common, above 0 and below 1.
        rates: Learning rates of branches, in those of the task, one branch after the other and from the first again.

    Raises:
        ArgumentError: If the share or a rate is out of its range.
    """

    common: float
    rates: tuple[float, ...]

    def __post_init__(self) -> None:
        check_share(self.common, "common", "Pass 0.5")
        if not self.rates or not all(0.0 < rate < float("inf") for rate in self.rates):
            raise ArgumentError("rates", "hold at least one rate, each above 0", self.rates, "Pass (1.0,)")


@dataclass(frozen=True, eq=False)
class Branches:
    """Branches that have been trained.

    Args:
        weights: Where they ended; those that diverged are left out.
        passes: Training passes of the part in common and of all branches.
    """

    weights: tuple[Tree, ...]
    passes: int


@dataclass(frozen=True)
class Lengths:
    """Epochs of the part in common, and of each branch."""

    stem: int
    branch: int


def lengths(task: TrainingTask, size: int, common: float) -> Lengths | None:
    """Return how the epochs of a budget are divided, after the passes that a soup of either kind takes at most.

    Returns:
        Nothing where a part or a branch would have no epoch.
    """
    budget = size * task.settings.epochs * epoch_passes(task) - selection_passes(task, size) / (1 + BACKWARD)
    whole = int(budget // epoch_passes(task))
    branch = fitting_epochs(task.settings, max(1, round((1 - common) * whole / size)))
    stem = fitting_epochs(task.settings, whole - size * branch)
    return Lengths(stem, branch) if stem >= 1 and branch >= 1 else None


def selection_passes(task: TrainingTask, size: int) -> int:
    """Return the forward passes to select branches: each alone and each mean but the first is tried on validation data.

    Each mean has its batch norm renewed before.
    """
    return (2 * size - 1) * len(task.dataset.validation) + (size - 1) * renewal_passes(task, len(task.dataset.train))


def branched(task: TrainingTask, size: int, trainer: Trainer, branching: Branching) -> Branches | None:
    """Train what is in common, and as many branches as the size says.

    Returns:
        Nothing where the budget is too small.

    Raises:
        TrainingError: If the part in common or all branches diverge.
    """
    found = lengths(task, size, branching.common)
    if found is None:
        return None
    start = trainer.train(STEM, lengthened(task, found.stem)).solution(0)
    weights: list[Tree] = []
    failed: TrainingError | None = None
    for branch in _tasks(task, start, size, found.branch, branching.rates):
        try:
            trained = trainer.train(BRANCH, branch)
        except TrainingError as error:
            failed = error
        else:
            weights += [trained.solution(member) for member in trained.members]
    if failed is not None and not weights:
        raise failed
    return Branches(tuple(weights), (found.stem + size * found.branch) * epoch_passes(task))


def mean_of_weights(trees: Sequence[Tree]) -> Tree:
    """Return the mean of weights, taken in double precision; whole numbers, such as counts, are those of the first.

    Raises:
        ArgumentError: If names or shapes differ.

    >>> mean_of_weights([{"w": torch.tensor([0.0])}, {"w": torch.tensor([3.0])}])["w"].item()
    1.5
    """
    check_same_structure(trees)
    return {
        name: torch.stack([tree[name].double() for tree in trees]).mean(dim=0).to(tensor)
        if tensor.is_floating_point()
        else tensor.clone()
        for name, tensor in trees[0].items()
    }


def _tasks(task: TrainingTask, start: Tree, size: int, epochs: int, rates: Sequence[float]) -> list[TrainingTask]:
    """Return the task of the branches of each learning rate; every branch has random numbers of its own."""
    found, first = [], 0
    for index, rate in enumerate(rates[:size]):
        members = len(range(index, size, len(rates)))
        settings: TrainSettings = stretched(task.settings, epochs)
        branch = replace(
            task,
            recipe=started_from(task.recipe, start),
            settings=settings.changed(members=members, learning_rate=rate * settings.learning_rate),
            seed=derived_seed(task.seed, Stream.ORDER),
            first_member=task.first_member + first,
            subsets=None if task.subsets is None else task.subsets[:1].expand(members, -1),
        )
        found.append(branch)
        first += members
    return found
