"""The trainer of methods inside a run: what they train is kept in parts of it, and found again."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from modescape.core.errors import ArgumentError, Quoted, TrainingError
from modescape.core.trees import Tree
from modescape.methods.protocol import keeping
from modescape.store import Run
from modescape.studies.checkpoints import outcomes_of
from modescape.studies.context import StudyContext
from modescape.studies.experiments import Experiment
from modescape.train import MemberOutcome, TrainingTask, task_key

PREFIX = "frontier"
KEY_LETTERS = 8


@dataclass(frozen=True)
class TrainedInRun:
    """Members that were trained in a run, or in a part of it.

    Args:
        run: The run.
        part: The part; None is the run itself.
        outcomes: How they ended, by member.
    """

    run: Run
    part: str | None
    outcomes: dict[int, MemberOutcome]

    @property
    def members(self) -> tuple[int, ...]:
        """Those that did not diverge."""
        return tuple(member for member, outcome in sorted(self.outcomes.items()) if outcome.status == "trained")

    def solution(self, member: int) -> Tree:
        """Return the weights that a member ended with."""
        return self.weights(member, self.outcomes[member].solution_step)

    def weights(self, member: int, step: int) -> Tree:
        """Return the weights after a number of epochs."""
        return self.run.read_weights(member, step, self.part)


@dataclass(frozen=True)
class RunTrainer:
    """Trains what methods ask for in parts of a run; the members of the run itself are taken as they are.

    Args:
        context: The run.
        trains: Whether what is not there yet is trained; else it is an error.
    """

    context: StudyContext
    trains: bool = True

    def train(self, name: str, task: TrainingTask, *, steps: Sequence[int] | None = None) -> TrainedInRun:
        """Train the members of a task, or find them.

        Raises:
            TrainingError: If all of them diverge.
            ArgumentError: If they are not there, and nothing may be trained.
        """
        run = self.context.run
        if steps is None and task_key(task) == task_key(self.context.task):
            _ = self.context.trained
            return TrainedInRun(run, None, self.context.outcomes)
        kept = None if steps is None else tuple(sorted({*steps, task.settings.epochs}))
        part = f"{PREFIX}-{name}-{task_key(task)[:KEY_LETTERS]}"
        if self.trains:
            Experiment(part, f"{name}, {task.settings.epochs} epochs", keeping(task, steps), steps=kept).train(
                self.context
            )
        outcomes = outcomes_of(run, part)
        if len(outcomes) < task.settings.members:
            rule = "name a method and a size that the run has trained"
            advice = f"Train it with modescape frontier --resume --output {shlex.quote(str(run.path))}"
            raise ArgumentError("method", rule, Quoted(f"{name}, which it has not"), advice)
        found = TrainedInRun(run, part, outcomes)
        if not found.members:
            got = f"{len(outcomes)}, and all of them diverged"
            raise TrainingError(f"`method` must hold a trained member; got {got}. Choose another one.")
        return found
