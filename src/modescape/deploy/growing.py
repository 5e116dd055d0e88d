"""A trainer that keeps members it has trained, and trains only those that are missing."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from modescape.core.errors import TrainingError
from modescape.core.progress import Progress, Silent
from modescape.core.trees import Tree
from modescape.methods import MemoryTrainer, Trained
from modescape.methods.memory import TrainedInMemory
from modescape.train import TrainingTask
from modescape.train.auto import check_vectorises

FEWEST_STEPS = 500
"""Steps of a member below which it is trained by itself: a program of all members takes a second to make."""


@dataclass(frozen=True)
class Grown:
    """Members that were trained in one go or in several, by their numbers in the run.

    Args:
        solutions: The weights that each ended with; those that diverged are missing.
    """

    solutions: dict[int, Tree]

    @property
    def members(self) -> tuple[int, ...]:
        """Those that did not diverge."""
        return tuple(sorted(self.solutions))

    def solution(self, member: int) -> Tree:
        """Return the weights that a member ended with."""
        return self.solutions[member]

    def weights(self, member: int, step: int) -> Tree:  # noqa: ARG002 - only the last are kept
        """Return the weights that a member ended with."""
        return self.solutions[member]


class SteadyTrainer(MemoryTrainer):
    """A trainer in memory that trains members as one program where that can be done, without a trial of engines."""

    def train(self, name: str, task: TrainingTask, *, steps: Sequence[int] | None = None) -> TrainedInMemory:
        """Train the members of a task, unless it is kept under this name already.

        Raises:
            TrainingError: If all of them diverge.
        """
        return super().train(name, as_one_program(task), steps=steps)


@dataclass
class GrowingTrainer:
    """Trains members of a task from the first that is missing; their random numbers are those of their numbers.

    Args:
        kept: Solutions of members that are trained already.
        num_kept: How many have been tried, with those that diverged.
        progress: Told of every epoch.
    """

    kept: dict[int, Tree] = field(default_factory=dict)
    num_kept: int = 0
    progress: Progress = field(default_factory=Silent)

    def train(self, name: str, task: TrainingTask, *, steps: Sequence[int] | None = None) -> Trained:
        """Train the members that are missing.

        Raises:
            TrainingError: If all of them diverge.
        """
        missing = task.settings.members - self.num_kept
        if missing > 0:
            settings = task.settings.changed(members=missing)
            later = replace(task, settings=settings, first_member=task.first_member + self.num_kept)
            found = SteadyTrainer(self.progress).train(name, later, steps=steps)
            self.kept |= {self.num_kept + member: found.solution(member) for member in found.members}
            self.num_kept = task.settings.members
        return Grown({member: tree for member, tree in self.kept.items() if member < task.settings.members})


def as_one_program(task: TrainingTask) -> TrainingTask:
    """Return the task with all members as one vectorised program, or one after the other.

    They are trained one after the other where torch can't vectorise them, and where a member takes so few steps that
    making the program would take longer. Nothing is measured, unlike with engine `auto`, and nothing depends on how
    many members there are.

    >>> from modescape.data import DataSettings, load_dataset
    >>> from modescape.models import recipe
    >>> from modescape.train import TrainSettings
    >>> task = TrainingTask(recipe("mlp"), load_dataset(DataSettings(), seed=0), TrainSettings(epochs=100), seed=0)
    >>> as_one_program(task).settings.engine
    'vmap'
    """
    if task.settings.engine != "auto":
        return task
    engine = "loop"
    if task.settings.epochs * task.steps_per_epoch >= FEWEST_STEPS:
        with suppress(TrainingError):
            check_vectorises(task, "vmap")
            engine = "vmap"
    return replace(task, settings=task.settings.changed(engine=engine))
