"""Snapshot ensembles: the ends of the cycles of one training."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from modescape.core.errors import ArgumentError
from modescape.methods.cost import Cost, num_parameters
from modescape.methods.ensemble import Ensemble, Part
from modescape.methods.independent import member_passes
from modescape.methods.lengthened import alone
from modescape.methods.protocol import Trainer
from modescape.train import TrainingTask


@dataclass(frozen=True)
class Snapshot:
    """One network, whose learning rate falls to 0 and rises again; its weights at the end of each cycle are members.

    In a cycle of E epochs, as long as a member is trained, the learning rate is r / 2 (1 + cos(pi t / E)). Size k is
    the first k cycles of one training, so that all sizes share it.

    Source: Huang, Li, Pleiss, Liu, Hopcroft, Weinberger (2017), section 3, https://arxiv.org/abs/1704.00109
    Differs from it in that an ensemble of k members has the first k snapshots; there it has the last k of a longer
    training. The highest rate is the task's by default; there it is 0.1 or 0.2 for SGD with momentum.

    Args:
        rate: Highest learning rate, as a multiple of the task's.

    Raises:
        ArgumentError: If the rate is not above 0.
    """

    rate: float = 1.0

    name: ClassVar[str] = "snapshot"
    title: ClassVar[str] = "snapshots of one training"

    def __post_init__(self) -> None:
        if not 0.0 < self.rate < float("inf"):
            raise ArgumentError("rate", "be above 0", self.rate, "Pass --method-option snapshot.rate=1")

    def ensembles(self, task: TrainingTask, sizes: Sequence[int], trainer: Trainer) -> dict[int, Ensemble]:
        """Train one network over as many cycles as the largest size has, and take the first snapshots for each."""
        epochs, cycles = task.settings.epochs, max(sizes)
        steps = [epochs * cycle for cycle in range(1, cycles + 1)]
        trained = trainer.train(self.name, self._task(task, cycles), steps=steps)
        network = task.network(0)
        found = {}
        for size in sizes:
            weights = tuple(trained.weights(0, step) for step in steps[:size])
            passes = float(size * member_passes(task))
            cost = Cost(passes, passes, prediction=size, parameters=size * num_parameters(network))
            found[size] = Ensemble(self.name, size, (Part(network, weights),), cost)
        return found

    def _task(self, task: TrainingTask, cycles: int) -> TrainingTask:
        """Return the training over all cycles."""
        rate = self.rate * task.settings.learning_rate
        return alone(task, cycles * task.settings.epochs, schedule="cyclical", cycles=cycles, learning_rate=rate)
