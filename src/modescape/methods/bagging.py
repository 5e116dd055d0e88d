"""Bagging: members that learn from examples drawn with replacement."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from jaxtyping import Int
from torch import Tensor

from modescape.core.seeds import Stream, numpy_generator
from modescape.methods.budgets import lost_notes
from modescape.methods.cost import Cost, num_parameters
from modescape.methods.ensemble import Ensemble, Part
from modescape.methods.independent import member_passes
from modescape.methods.protocol import Trainer
from modescape.train import TrainingTask


@dataclass(frozen=True)
class Bagging:
    """Independent members, each of which learns from a bootstrap sample of the training examples.

    A sample has as many examples as there are, drawn with replacement: each member sees 63 % of them, some several
    times. The prediction is the mean of the probabilities. Size k is the first k members.

    Source: Breiman (1996), section 2, https://doi.org/10.1007/BF00058655
    Differs from it in that members also differ in their initial weights, and predict by the mean of probabilities (its
    section 6.1); its trees vote.
    """

    name: ClassVar[str] = "bagging"
    title: ClassVar[str] = "bagging"

    def ensembles(self, task: TrainingTask, sizes: Sequence[int], trainer: Trainer) -> dict[int, Ensemble]:
        """Train all members, and take the first of them for each size."""
        trained = trainer.train(self.name, replace(task, subsets=bootstrap_rows(task)))
        network = task.network(0)
        found = {}
        for size in sizes:
            weights = tuple(trained.solution(member) for member in trained.members if member < size)
            if not weights:
                continue
            passes = float(size * member_passes(task))
            cost = Cost(passes, passes, prediction=len(weights), parameters=len(weights) * num_parameters(network))
            found[size] = Ensemble(self.name, size, (Part(network, weights),), cost, lost_notes(size, len(weights)))
        return found


def bootstrap_rows(task: TrainingTask) -> Int[Tensor, "member row"]:
    """Return the training examples of each member, drawn with replacement from those that it has otherwise.

    >>> from modescape.data import DataSettings, load_dataset
    >>> from modescape.models import recipe
    >>> from modescape.train import TrainSettings
    >>> data = load_dataset(DataSettings(limit=100), seed=0)
    >>> rows = bootstrap_rows(TrainingTask(recipe("mlp"), data, TrainSettings(members=3), seed=0))
    >>> rows.shape == (3, len(data.train)), len(rows[0].unique()) < len(data.train)
    (True, True)
    """
    rows = []
    for member in range(task.settings.members):
        generator = numpy_generator(task.stream_seed(Stream.BAGGING, member))
        drawn = torch.from_numpy(generator.integers(task.num_examples, size=task.num_examples))
        rows.append(drawn if task.subsets is None else task.subsets[member].index_select(0, drawn))
    return torch.stack(rows)
