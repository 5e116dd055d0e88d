"""What the steps of a study share: the run, its settings, and the data and network they name."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from modescape.core.errors import TrainingError
from modescape.core.progress import Progress, Silent
from modescape.core.seeds import Stream, derived_seed, numpy_generator
from modescape.core.trees import Tree, ravel
from modescape.data import Dataset, Examples
from modescape.functions import Predictor
from modescape.store import Run
from modescape.studies.checkpoints import outcomes_of
from modescape.studies.settings import StudySettings
from modescape.train import EngineChoice, MemberOutcome, TrainingTask, late_steps


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
    _predictor: tuple[Tensor, Predictor] | None = field(default=None, init=False, repr=False)

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

    @property
    def late_steps(self) -> list[int]:
        """The last checkpoints that every trained member has, in epochs trained; they make averages and Gaussians."""
        return late_steps(self.settings.train)

    def sample_of(self, examples: Examples, limit: int | None) -> Examples:
        """Return so many of the examples, the same ones every time, in their order; all of them where there are less.

        The sample depends on the seed of the run alone, so that all steps look at the same examples.
        """
        if limit is None or limit >= len(examples):
            return examples
        generator = numpy_generator(derived_seed(self.settings.seed, Stream.STATISTICS))
        rows = torch.from_numpy(np.sort(generator.permutation(len(examples))[:limit]))
        known = None if examples.rows is None else examples.rows[rows]
        return Examples(examples.inputs[rows], examples.labels[rows], known)

    @cached_property
    def network(self) -> nn.Module:
        """The architecture on the device, to be copied and not changed."""
        return self.task.placed_network(0)

    def predictor(self, examples: Examples) -> Predictor:
        """Return what predicts examples with any weights; the newest one is kept for the next call."""
        if self._predictor is None or self._predictor[0] is not examples.inputs:
            new = Predictor(self.network, examples.inputs, prepare=self.dataset.prepare)
            self._predictor = (examples.inputs, new)
        return self._predictor[1]

    @property
    def engine(self) -> EngineChoice:
        """How the members were trained."""
        return EngineChoice(**self.run.manifest["engine"])

    def vector(self, weights: Tree) -> Float[Tensor, "param"]:
        """Flatten the parameters of weights, buffers apart."""
        return ravel({name: weights[name] for name in self.parameter_names})

    @cached_property
    def parameter_names(self) -> list[str]:
        """Names of the parameters, without buffers, in the order of the network."""
        return [name for name, _ in self.network.named_parameters()]
