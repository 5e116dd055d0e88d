"""Cross-validation ensembles: each member leaves out a fold of the training examples."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from jaxtyping import Int
from torch import Tensor

from modescape.core.errors import ArgumentError, Quoted
from modescape.core.seeds import Stream, derived_seed, numpy_generator
from modescape.methods.budgets import each_size, epoch_passes, lost_notes
from modescape.methods.cost import Cost, num_parameters
from modescape.methods.ensemble import Ensemble, Part
from modescape.methods.independent import member_passes
from modescape.methods.lengthened import fitting_epochs, stretched
from modescape.methods.protocol import Trainer
from modescape.train import TrainingTask


@dataclass(frozen=True)
class KFold:
    """Independent members of which each learns from all but one of k folds of the training examples.

    A member sees the share (k - 1) / k of the examples, in so many more epochs that its passes are those of a member
    that sees all, to whole epochs. The prediction is the mean of the probabilities. There is no size 1, and each size
    is trained for itself, because its folds are others.

    Source: Krogh, Vedelsby (1995), section 4, https://papers.nips.cc/paper/1001
    Differs from it in that members have equal weights; there they minimise an estimate of the error.
    """

    name: ClassVar[str] = "k-fold"
    title: ClassVar[str] = "members of a cross-validation"

    def ensembles(self, task: TrainingTask, sizes: Sequence[int], trainer: Trainer) -> dict[int, Ensemble]:
        """Train as many members as each size has, from size 2 on."""

        def make(size: int) -> Ensemble | None:
            return self._ensemble(task, size, trainer) if 2 <= size <= task.num_examples else None

        return each_size(sizes, make)

    def _ensemble(self, task: TrainingTask, size: int, trainer: Trainer) -> Ensemble:
        """Train the members of one size."""
        folded = _folded(task, size)
        trained = trainer.train(self.name, folded)
        weights = tuple(trained.solution(member) for member in trained.members)
        network, passes = task.network(0), float(size * member_passes(folded))
        cost = Cost(passes, passes, prediction=len(weights), parameters=len(weights) * num_parameters(network))
        return Ensemble(self.name, size, (Part(network, weights),), cost, lost_notes(size, len(weights)))


def rows_without_folds(num_examples: int, num_folds: int, *, seed: int) -> Int[Tensor, "fold row"]:
    """Return, for each fold, the examples that are not in it.

    Folds are drawn at random and equally large; the examples that are left over (fewer than there are folds) are in no
    fold, so that all members see them and all see as many.

    Args:
        num_examples: How many there are.
        num_folds: At least 2.
        seed: Seed of the folds.

    Raises:
        ArgumentError: If there are fewer than 2 folds, or more than examples.

    >>> rows_without_folds(5, 2, seed=0).shape
    torch.Size([2, 3])
    """
    if not 2 <= num_folds <= num_examples:
        advice = "Pass more data, or other sizes"
        raise ArgumentError("num_folds", f"be from 2 to {num_examples}, the examples", Quoted(f"{num_folds}"), advice)
    length = num_examples // num_folds
    order = torch.from_numpy(numpy_generator(seed).permutation(num_examples))
    starts = [fold * length for fold in range(num_folds)]
    return torch.stack([torch.cat([order[:start], order[start + length :]]) for start in starts])


def _folded(task: TrainingTask, size: int) -> TrainingTask:
    """Return how the members of one size are trained."""
    rows = rows_without_folds(task.num_examples, size, seed=derived_seed(task.seed, Stream.FOLDS, size))
    if task.subsets is not None:
        rows = torch.stack([own[left] for own, left in zip(task.subsets, rows, strict=False)])
    few = replace(task, settings=task.settings.changed(members=size), subsets=rows)
    epochs = fitting_epochs(task.settings, member_passes(task) // epoch_passes(few))
    return replace(few, settings=stretched(few.settings, max(task.settings.epochs, epochs)))
