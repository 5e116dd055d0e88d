"""MultiSWAG: samples from a Gaussian around each of several independent networks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from modescape.core.errors import TrainingError
from modescape.core.trees import Tree
from modescape.methods.averaging import PRETRAINING, Phases
from modescape.methods.budgets import lost_notes
from modescape.methods.ensemble import Ensemble, Part
from modescape.methods.lengthened import stretched
from modescape.methods.protocol import Trainer
from modescape.methods.swag_samples import SamplesSettings, swag_cost, swag_phases, swag_samples
from modescape.train import TrainingTask


@dataclass(frozen=True)
class MultiSWAG(SamplesSettings):
    """Independent members, each with samples of the Gaussian around the average of its weights.

    Each is trained as `swag` trains its network, for the epochs of a member. Size k is the first k; what predicts is
    the mean of the probabilities of all samples, which are as many of each.

    Source: Wilson, Izmailov (2020), section 4, https://arxiv.org/abs/2002.08791, with 20 samples of each Gaussian.
    Differs from it as `swag` does from its paper.

    Args:
        pretraining: Share of the epochs before averaging begins.
        rate: The constant learning rate, as a multiple of the task's first one.
        samples: How many of each member.
        rank: The most directions; fewer where there are fewer epochs.
        scale: Factor on the covariance; 1/2 as published.
        renewal: Share of the training examples that averages of batch norm are measured on.

    Raises:
        ArgumentError: If one of them is out of range.
    """

    samples: int = 20

    name: ClassVar[str] = "multiswag"
    title: ClassVar[str] = "MultiSWAG"

    def ensembles(self, task: TrainingTask, sizes: Sequence[int], trainer: Trainer) -> dict[int, Ensemble]:
        """Train all members and sample, and take the first of them for each size; fewer than 3 epochs give none."""
        found = swag_phases(task, self, task.settings.epochs)
        if found is None:
            return {}
        samples = self._samples(task, found, max(sizes), trainer)
        network, ensembles = task.network(0), {}
        for size in sizes:
            kept = [trees for member, trees in samples.items() if member < size]
            if not kept:
                continue
            cost = swag_cost(task, self, found, members=size, kept=len(kept))
            part = Part(network, tuple(tree for trees in kept for tree in trees))
            ensembles[size] = Ensemble(self.name, size, (part,), cost, lost_notes(size, len(kept)))
        return ensembles

    def _samples(
        self, task: TrainingTask, found: Phases, members: int, trainer: Trainer
    ) -> dict[int, tuple[Tree, ...]]:
        """Return the samples of the first members, of those that did not diverge."""
        trained = trainer.train(PRETRAINING, replace(task, settings=stretched(task.settings, found.pretraining)))
        samples: dict[int, tuple[Tree, ...]] = {}
        failed: TrainingError | None = None
        for member in (member for member in trained.members if member < members):
            start = trained.solution(member)
            try:
                samples[member] = swag_samples(task, self, start, found.averaging, trainer, member=member)
            except TrainingError as error:
                failed = error
        if failed is not None and not samples:
            raise failed
        return samples
