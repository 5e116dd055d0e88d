"""Stochastic weight averaging: one network in the middle of many."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from modescape.core.errors import ArgumentError
from modescape.core.trees import Tree, ravel, unravel
from modescape.methods.averaging import phases, pretrained, renewal_passes, visited, with_statistics
from modescape.methods.budgets import check_share, each_size, epoch_passes
from modescape.methods.cost import BACKWARD, Cost, num_parameters
from modescape.methods.ensemble import Ensemble, Part
from modescape.methods.protocol import Trainer
from modescape.train import TrainingTask
from modescape.weights import average


@dataclass(frozen=True)
class SWA:
    """One network: the average of the weights along a training at a constant learning rate.

    Most of the k E epochs have the schedule of the task; then the rate is constant, and the weights before it and after
    each epoch are averaged. The averages of batch norm are measured anew on all training examples.

    Source: Izmailov, Podoprikhin, Garipov, Vetrov, Wilson (2018), algorithm 1, https://arxiv.org/abs/1803.05407, with
    75 % of the budget before averaging begins (section 4.1).
    Differs from it in that the first part has the whole schedule in fewer epochs, where there it is broken off, and in
    that the optimiser begins the second without memory.

    Args:
        pretraining: Share of the epochs before averaging begins.
        rate: The constant learning rate, as a multiple of the task's first one.

    Raises:
        ArgumentError: If the share is not in (0, 1), or the rate not above 0.
    """

    pretraining: float = 0.75
    rate: float = 0.5

    name: ClassVar[str] = "swa"
    title: ClassVar[str] = "stochastic weight averaging"

    def __post_init__(self) -> None:
        check_share(self.pretraining, "pretraining", "Pass --method-option swa.pretraining=0.75")
        if not 0.0 < self.rate < float("inf"):
            raise ArgumentError("rate", "be above 0", self.rate, "Pass --method-option swa.rate=0.5")

    def ensembles(self, task: TrainingTask, sizes: Sequence[int], trainer: Trainer) -> dict[int, Ensemble]:
        """Train one network for each size; a budget of fewer than 3 epochs gives none."""
        return each_size(sizes, lambda size: self._ensemble(task, size, trainer))

    def _ensemble(self, task: TrainingTask, size: int, trainer: Trainer) -> Ensemble | None:
        """Train and average."""
        train, per_epoch = task.dataset.train, epoch_passes(task)
        renewal = renewal_passes(task, len(train))
        left = size * task.settings.epochs - renewal / (1 + BACKWARD) / per_epoch
        found = phases(task, left, self.pretraining)
        if found is None:
            return None
        start = pretrained(task, found.pretraining, trainer).solution(0)
        trees = visited(task, start, trainer, epochs=found.averaging, rate=self.rate)
        (weights,) = with_statistics(task, [averaged(task, [start, *trees])], train.inputs)
        passes, network = float((found.pretraining + found.averaging) * per_epoch), task.network(0)
        cost = Cost(passes, passes, prediction=1, parameters=num_parameters(network)).with_forward(renewal)
        return Ensemble(self.name, size, (Part(network, (weights,)),), cost)


def averaged(task: TrainingTask, trees: Sequence[Tree]) -> Tree:
    """Return the mean of the parameters of some weights; buffers are those of the last.

    >>> from modescape.data import DataSettings, load_dataset
    >>> from modescape.models import recipe
    >>> from modescape.train import TrainSettings, weights_of
    >>> data = load_dataset(DataSettings(), seed=0)
    >>> task = TrainingTask(recipe("mlp", {"hidden": []}), data, TrainSettings(), seed=0)
    >>> first = weights_of(task.network(0))
    >>> mean = averaged(task, [first, {name: tensor + 2 for name, tensor in first.items()}])
    >>> round((mean["1.weight"] - first["1.weight"]).mean().item(), 5)
    1.0
    """
    names = [name for name, _ in task.network(0).named_parameters()]
    own = [{name: tree[name] for name in names} for tree in trees]
    return {**trees[-1], **unravel(average(ravel(tree) for tree in own), like=own[0])}
