"""SWAG: one network, with samples from a Gaussian over the weights that its training visits."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from modescape.methods.averaging import pretrained
from modescape.methods.budgets import each_size
from modescape.methods.ensemble import Ensemble, Part
from modescape.methods.protocol import Trainer
from modescape.methods.swag_samples import SamplesSettings, swag_cost, swag_phases, swag_samples
from modescape.train import TrainingTask


@dataclass(frozen=True)
class SWAG(SamplesSettings):
    """One network, and samples of the Gaussian around the average of its weights at a constant learning rate.

    As `swa`; but the weights before the constant rate and after each of its epochs give a Gaussian, and what predicts
    is the mean of the probabilities of samples from it. Each has averages of batch norm of its own, measured on a share
    of the training examples.

    Source: Maddox, Garipov, Izmailov, Vetrov, Wilson (2019), section 3 and algorithm 1,
    https://arxiv.org/abs/1902.02476, with 30 samples, rank 20 and, in its code, a tenth of the examples for batch norm.
    Differs from it as `swa` from its paper; there the first 75 % of the budget are broken off an ordinary schedule.

    Args:
        pretraining: Share of the epochs before averaging begins.
        rate: The constant learning rate, as a multiple of the task's first one.
        samples: How many.
        rank: The most directions; fewer where there are fewer epochs.
        scale: Factor on the covariance; 1/2 as published.
        renewal: Share of the training examples that averages of batch norm are measured on.

    Raises:
        ArgumentError: If one of them is out of range.
    """

    name: ClassVar[str] = "swag"
    title: ClassVar[str] = "SWAG"

    def ensembles(self, task: TrainingTask, sizes: Sequence[int], trainer: Trainer) -> dict[int, Ensemble]:
        """Train one network for each size; a budget of fewer than 3 epochs gives none."""
        return each_size(sizes, lambda size: self._ensemble(task, size, trainer))

    def _ensemble(self, task: TrainingTask, size: int, trainer: Trainer) -> Ensemble | None:
        """Train, and sample."""
        found = swag_phases(task, self, size * task.settings.epochs)
        if found is None:
            return None
        start = pretrained(task, found.pretraining, trainer).solution(0)
        weights = swag_samples(task, self, start, found.averaging, trainer)
        cost = swag_cost(task, self, found, members=1)
        return Ensemble(self.name, size, (Part(task.network(0), weights),), cost)
