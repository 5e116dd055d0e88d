"""What all methods have in common: a task and sizes go in, ensembles with their costs come out."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, Protocol

from modescape.core.trees import Tree
from modescape.methods.ensemble import Ensemble
from modescape.train import TrainingTask


class Trained(Protocol):
    """Members that have been trained."""

    @property
    def members(self) -> tuple[int, ...]:
        """Those that did not diverge."""
        ...

    def solution(self, member: int) -> Tree:
        """Return the parameters and buffers that a member ended with."""
        ...

    def weights(self, member: int, step: int) -> Tree:
        """Return those after a number of epochs, which must have been kept."""
        ...


class Trainer(Protocol):
    """Trains, or finds what it has trained: the same task under the same name is trained once."""

    def train(self, name: str, task: TrainingTask, *, steps: Sequence[int] | None = None) -> Trained:
        """Train the members of a task.

        Args:
            name: What is trained; methods that give the same name to the same task share it.
            task: How.
            steps: The checkpoints to keep, in epochs trained; those that the settings of the task ask for by default.

        Raises:
            TrainingError: If all members diverge.
        """
        ...


def keeping(task: TrainingTask, steps: Sequence[int] | None) -> TrainingTask:
    """Return a task whose training keeps the weights of all epochs if some are wanted, and else those of the solution.

    >>> from modescape.data import DataSettings, load_dataset
    >>> from modescape.models import recipe
    >>> from modescape.train import TrainSettings
    >>> task = TrainingTask(recipe("mlp"), load_dataset(DataSettings(), seed=0), TrainSettings(keep_best=True), seed=0)
    >>> keeping(task, None).settings.trajectories, keeping(task, [3]).settings.keep_best
    (0, False)
    """
    if steps is None:
        return replace(task, settings=task.settings.changed(trajectories=0, late_fraction=0.0))
    # The weights of an epoch that happens to be best are of no use to a method that asks for others.
    return replace(task, settings=task.settings.changed(trajectories=task.settings.members, keep_best=False))


class Method(Protocol):
    """A way to make an ensemble; a frozen dataclass whose fields are its options.

    The training budget of size k is k times that of one member of the task: k times its epochs of the base network,
    over all training examples. A method has no ensemble of a size that makes no sense for it.

    Attributes:
        name: As users write it.
        title: What it is, in a few words.
    """

    name: ClassVar[str]
    title: ClassVar[str]

    def ensembles(self, task: TrainingTask, sizes: Sequence[int], trainer: Trainer) -> Mapping[int, Ensemble]:
        """Make an ensemble of each size, as far as the method has it.

        Args:
            task: The base network, the data, and how one member is trained.
            sizes: Training budgets in members, at most as many as the task has.
            trainer: Trains, and keeps what it has trained.

        Raises:
            TrainingError: If all members diverge.
            ModelError: If the method can't be had with this network.
        """
        ...
