"""Fast geometric ensembles: short cycles around a network that has been trained."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from modescape.core.errors import ArgumentError
from modescape.core.trees import Tree
from modescape.methods.averaging import pretrained
from modescape.methods.budgets import check_share, each_size, epoch_passes
from modescape.methods.cost import Cost, num_parameters
from modescape.methods.ensemble import Ensemble, Part
from modescape.methods.lengthened import fitting_epochs
from modescape.methods.protocol import Trainer
from modescape.methods.started import continued
from modescape.train import TrainingTask


@dataclass(frozen=True)
class FGE:
    """One network trained for most of the epochs of a member, then in short cycles whose middles are the members.

    In a cycle of c epochs the learning rate falls in a straight line to its lowest, where the weights are a member, and
    rises again. Of k E epochs about a quarter are such cycles, as many as are whole; the members may be more than k.

    Source: Garipov, Izmailov, Podoprikhin, Vetrov, Wilson (2018), section 4, https://arxiv.org/abs/1802.10026; cycles
    of 4 epochs and rates of 0.5 and 0.005 times the first one are those of its residual networks on CIFAR (section 5).
    Differs from it in that pretraining has the whole schedule in fewer epochs, where there it is broken off, and in
    that a larger budget lengthens both parts, where there it begins anew.

    Args:
        pretraining: Share of the epochs before the first cycle, and more where a cycle would not be whole.
        cycle_epochs: Epochs in a cycle, an even number; fewer where there are so few that none would fit.
        rate: Highest learning rate of a cycle, as a multiple of the task's.
        low_factor: Lowest learning rate, as a multiple of the highest.

    Raises:
        ArgumentError: If a cycle has an odd number of epochs or fewer than 2, or one of the others is out of range.
    """

    pretraining: float = 0.75
    cycle_epochs: int = 4
    rate: float = 0.5
    low_factor: float = 0.01

    name: ClassVar[str] = "fge"
    title: ClassVar[str] = "fast geometric ensemble"

    def __post_init__(self) -> None:
        check_share(self.pretraining, "pretraining", "Pass --method-option fge.pretraining=0.75")
        if self.cycle_epochs < 2 or self.cycle_epochs % 2:
            advice = "Pass --method-option fge.cycle_epochs=4"
            raise ArgumentError("cycle_epochs", "be 2, 4 or another even number", self.cycle_epochs, advice)
        if not 0.0 < self.rate < float("inf"):
            raise ArgumentError("rate", "be above 0", self.rate, "Pass --method-option fge.rate=0.5")
        if not 0.0 < self.low_factor <= 1.0:
            advice = "Pass --method-option fge.low_factor=0.01"
            raise ArgumentError("low_factor", "be above 0 and at most 1", self.low_factor, advice)

    def ensembles(self, task: TrainingTask, sizes: Sequence[int], trainer: Trainer) -> dict[int, Ensemble]:
        """Train one network and its cycles for each size; a budget of fewer than 3 epochs gives none."""
        return each_size(sizes, lambda size: self._ensemble(task, size, trainer))

    def _ensemble(self, task: TrainingTask, size: int, trainer: Trainer) -> Ensemble | None:
        """Train before the cycles and in them, and take the weights in the middle of each."""
        epochs = size * task.settings.epochs
        left = epochs - round(self.pretraining * epochs)
        length = max(2, min(self.cycle_epochs, left // 2 * 2))
        cycles = max(1, left // length)
        first = fitting_epochs(task.settings, epochs - cycles * length)
        if first < 1:
            return None
        start = pretrained(task, first, trainer).solution(0)
        further = self._cycles(task, start, cycles, length)
        steps = [cycle * length + length // 2 for cycle in range(cycles)]
        trained = trainer.train(self.name, further, steps=steps)
        weights = tuple(trained.weights(0, step) for step in steps)
        passes, network = float((first + cycles * length) * epoch_passes(task)), task.network(0)
        cost = Cost(passes, passes, prediction=cycles, parameters=cycles * num_parameters(network))
        return Ensemble(self.name, size, (Part(network, weights),), cost)

    def _cycles(self, task: TrainingTask, start: Tree, cycles: int, length: int) -> TrainingTask:
        """Return the training in cycles."""
        return continued(
            task,
            start,
            epochs=cycles * length,
            schedule="triangular",
            cycles=cycles,
            learning_rate=self.rate * task.settings.learning_rate,
            low_factor=self.low_factor,
        )
