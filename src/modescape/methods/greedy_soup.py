"""Greedy soups: the mean of those branches of a training that do not make it worse."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from modescape.core.errors import DataError
from modescape.core.trees import Tree
from modescape.functions.many import Predictor
from modescape.methods.averaging import with_statistics
from modescape.methods.branches import Branching, branched, mean_of_weights, selection_passes
from modescape.methods.budgets import each_size, lost_notes
from modescape.methods.cost import Cost, num_parameters
from modescape.methods.ensemble import Ensemble, Part
from modescape.methods.protocol import Trainer
from modescape.train import TrainingTask


@dataclass(frozen=True)
class GreedySoup:
    """One network: the mean of the weights of chosen branches, which have the first part of their training in common.

    Branches are taken in the order of their accuracy on validation examples, the best one first (of equal ones the
    earlier). Each is kept if the accuracy of the mean does not fall by it. Branches, options and batch norm are those
    of `UniformSoup`. There is none of size 1.

    Source: Wortsman et al. (2022), section 2 and recipe 1, https://arxiv.org/abs/2203.05482
    Differs from it as `UniformSoup` does.

    Args:
        common: Share of the budget for the part in common, above 0 and below 1.
        rates: Learning rates of branches, as multiples of the task's, one after the other and from the first again.

    Raises:
        ArgumentError: If an option is out of its range.
    """

    name: ClassVar[str] = "greedy-soup"
    title: ClassVar[str] = "soup of chosen branches"

    common: float = 0.5
    rates: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        Branching(self.common, self.rates)

    def ensembles(self, task: TrainingTask, sizes: Sequence[int], trainer: Trainer) -> dict[int, Ensemble]:
        """Choose from the branches of each size above 1.

        Raises:
            DataError: If there are no validation examples.
        """
        if not len(task.dataset.validation):
            raise DataError("`validation` must hold examples, by which branches are chosen; got none. Hold some out.")
        return each_size(sizes, lambda size: self._soup(task, size, trainer) if size > 1 else None)

    def _soup(self, task: TrainingTask, size: int, trainer: Trainer) -> Ensemble | None:
        """Choose from the branches of one size."""
        branches = branched(task, size, trainer, Branching(self.common, self.rates))
        if branches is None:
            return None
        count, network = len(branches.weights), task.network(0)
        weights, kept = chosen(task, branches.weights)
        forward = branches.passes + selection_passes(task, count)
        cost = Cost(float(forward), float(branches.passes), prediction=1, parameters=num_parameters(network))
        notes = (*lost_notes(size, count), f"{len(kept)} of {count} branches are in the soup of size {size}.")
        return Ensemble(self.name, size, (Part(network, (weights,)),), cost, notes)


def chosen(task: TrainingTask, branches: Sequence[Tree]) -> tuple[Tree, tuple[int, ...]]:
    """Return the mean of the branches that are kept, and which these are, in the order in which they were taken.

    Args:
        task: What was trained; only its validation examples are predicted.
        branches: Their weights.
    """
    alone = _accuracies(task, branches)
    ranked = sorted(range(len(branches)), key=lambda index: -alone[index])
    kept, best, mean = ranked[:1], alone[ranked[0]], branches[ranked[0]]
    for index in ranked[1:]:
        wider = mean_of_weights([branches[each] for each in (*kept, index)])
        (candidate,) = with_statistics(task, [wider], task.dataset.train.inputs)
        (accuracy,) = _accuracies(task, [candidate])
        if accuracy >= best:
            kept, best, mean = [*kept, index], accuracy, candidate
    return mean, tuple(kept)


def _accuracies(task: TrainingTask, trees: Iterable[Tree]) -> list[float]:
    """Return the accuracy of weights on the validation examples."""
    examples = task.dataset.validation
    predictor = Predictor(task.placed_network(0), examples.inputs, prepare=task.dataset.prepare)
    return [float((found.argmax(dim=1) == examples.labels).float().mean()) for found in predictor.each(trees)]
