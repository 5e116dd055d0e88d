"""What the steps of a study share: the run, its settings, and the data and network they name."""

from dataclasses import dataclass, field
from functools import cached_property

from modescape.core.errors import TrainingError
from modescape.core.progress import Progress, Silent
from modescape.data import Dataset
from modescape.store import Run
from modescape.studies.checkpoints import outcomes_of
from modescape.studies.settings import StudySettings
from modescape.train import MemberOutcome, TrainingTask


@dataclass
class StudyContext:
    """A run in progress.

    Args:
        run: Where everything is kept.
        settings: The full configuration.
        task: What the members learn.
        progress: Told of all long work.
    """

    run: Run
    settings: StudySettings
    task: TrainingTask
    progress: Progress = field(default_factory=Silent)

    @property
    def dataset(self) -> Dataset:
        """What the networks see."""
        return self.task.dataset

    @property
    def outcomes(self) -> dict[int, MemberOutcome]:
        """How each member ended."""
        return outcomes_of(self.run)

    @property
    def trained(self) -> list[int]:
        """The members that did not diverge.

        Raises:
            TrainingError: If there is none.
        """
        members = [member for member, outcome in sorted(self.outcomes.items()) if outcome.status == "trained"]
        if not members:
            raise TrainingError(
                f"`run` must hold at least one trained member; got {len(self.outcomes)}, and all of them diverged. "
                "Start a new run with a lower --learning-rate, or with --clip-norm 1."
            )
        return members

    @property
    def trajectories(self) -> list[int]:
        """The trained members of which every epoch was kept."""
        return [member for member in self.trained if member < self.settings.train.trajectories]

    @property
    def trajectory_steps(self) -> list[int]:
        """The checkpoints of a trajectory, in epochs trained."""
        return list(range(self.settings.train.epochs + 1))

    def solution_step(self, member: int) -> int:
        """Return the checkpoint that counts as a member's solution."""
        return self.outcomes[member].solution_step

    @cached_property
    def parameter_names(self) -> list[str]:
        """Names of the parameters, without buffers, in the order of the network."""
        return [name for name, _ in self.task.network(0).named_parameters()]
