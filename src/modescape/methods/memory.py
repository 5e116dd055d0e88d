"""A trainer that keeps everything in memory: for experiments in Python and for tests."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from modescape.core.progress import Progress, Silent
from modescape.core.trees import Tree
from modescape.methods.protocol import keeping
from modescape.train import (
    MemberOutcome,
    MemoryCheckpoints,
    TrainingTask,
    chosen_engine,
    task_key,
    train_members,
)


@dataclass(frozen=True)
class TrainedInMemory:
    """Members that have been trained, with their checkpoints.

    Args:
        outcomes: How they ended, by member.
        checkpoints: Where their weights are.
    """

    outcomes: dict[int, MemberOutcome]
    checkpoints: MemoryCheckpoints

    @property
    def members(self) -> tuple[int, ...]:
        """Those that did not diverge."""
        return tuple(member for member, outcome in sorted(self.outcomes.items()) if outcome.status == "trained")

    def solution(self, member: int) -> Tree:
        """Return the weights that a member ended with."""
        return self.weights(member, self.outcomes[member].solution_step)

    def weights(self, member: int, step: int) -> Tree:
        """Return the weights after a number of epochs."""
        return self.checkpoints.weights[member, step]


@dataclass
class MemoryTrainer:
    """Trains at once, in the engine that the task names, and keeps all checkpoints.

    Args:
        progress: Told of every epoch.
    """

    progress: Progress = field(default_factory=Silent)
    _kept: dict[str, TrainedInMemory] = field(default_factory=dict)

    def train(self, name: str, task: TrainingTask, *, steps: Sequence[int] | None = None) -> TrainedInMemory:
        """Train the members of a task, unless it is kept under this name already."""
        key = f"{name} {task_key(task)} {sorted(steps or ())}"
        if key not in self._kept:
            task = keeping(task, steps)
            checkpoints = MemoryCheckpoints()
            outcomes = train_members(task, chosen_engine(task), checkpoints, progress=self.progress)
            self._kept[key] = TrainedInMemory({outcome.member: outcome for outcome in outcomes}, checkpoints)
        return self._kept[key]
