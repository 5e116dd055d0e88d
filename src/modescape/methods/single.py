"""The control: a single network that is trained for the whole budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from modescape.methods.budgets import each_size
from modescape.methods.cost import Cost, num_parameters
from modescape.methods.ensemble import Ensemble, Part
from modescape.methods.independent import member_passes
from modescape.methods.lengthened import trained_longer
from modescape.methods.protocol import Trainer
from modescape.train import TrainingTask


@dataclass(frozen=True)
class Single:
    """One network, trained k times as long, with a learning rate that falls after the same shares of the training.

    What an ensemble of k members must beat: the same budget without an ensemble.

    Source: Chirkova, Lobacheva, Vetrov (2020), section 3, https://arxiv.org/abs/2005.07292
    Differs from it in that the budget is spent on epochs; there it is one of parameters, spent on width.
    """

    name: ClassVar[str] = "single"
    title: ClassVar[str] = "one network, trained longer"

    def ensembles(self, task: TrainingTask, sizes: Sequence[int], trainer: Trainer) -> dict[int, Ensemble]:
        """Train one network for each size."""

        def make(size: int) -> Ensemble:
            weights = trained_longer(task, size, trainer).solution(0)
            passes, network = float(size * member_passes(task)), task.network(0)
            cost = Cost(passes, passes, prediction=1, parameters=num_parameters(network))
            return Ensemble(self.name, size, (Part(network, (weights,)),), cost)

        return each_size(sizes, make)
