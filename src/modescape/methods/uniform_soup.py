"""Uniform soups: the mean of all branches of a training."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from modescape.methods.averaging import renewal_passes, with_statistics
from modescape.methods.branches import Branching, branched, mean_of_weights
from modescape.methods.budgets import each_size, lost_notes
from modescape.methods.cost import Cost, num_parameters
from modescape.methods.ensemble import Ensemble, Part
from modescape.methods.protocol import Trainer
from modescape.train import TrainingTask


@dataclass(frozen=True)
class UniformSoup:
    """One network: the mean of the weights of k branches, which have the first part of their training in common.

    The part in common and each branch have a schedule of their own, of the shape of the task's; branches differ in the
    order of examples and other noise, and in their learning rate if several are given. Statistics of batch norm are
    renewed. There is none of size 1. A `GreedySoup` of the same options shares the branches.

    Source: Wortsman et al. (2022), section 2, https://arxiv.org/abs/2203.05482
    Differs from it in that the part in common is trained on the same data, and not a large model trained on others, and
    that branches differ in fewer settings.

    Args:
        common: Share of the budget for the part in common, above 0 and below 1.
        rates: Learning rates of branches, as multiples of the task's, one after the other and from the first again.

    Raises:
        ArgumentError: If an option is out of its range.
    """

    name: ClassVar[str] = "uniform-soup"
    title: ClassVar[str] = "soup of all branches"

    common: float = 0.5
    rates: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        Branching(self.common, self.rates)

    def ensembles(self, task: TrainingTask, sizes: Sequence[int], trainer: Trainer) -> dict[int, Ensemble]:
        """Average the branches of each size above 1."""
        return each_size(sizes, lambda size: self._soup(task, size, trainer) if size > 1 else None)

    def _soup(self, task: TrainingTask, size: int, trainer: Trainer) -> Ensemble | None:
        """Average the branches of one size."""
        branches = branched(task, size, trainer, Branching(self.common, self.rates))
        if branches is None:
            return None
        inputs, network = task.dataset.train.inputs, task.network(0)
        weights = next(with_statistics(task, [mean_of_weights(branches.weights)], inputs))
        forward = branches.passes + renewal_passes(task, len(inputs))
        cost = Cost(float(forward), float(branches.passes), prediction=1, parameters=num_parameters(network))
        notes = lost_notes(size, len(branches.weights))
        return Ensemble(self.name, size, (Part(network, (weights,)),), cost, notes)
