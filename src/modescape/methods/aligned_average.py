"""The average of independent members whose units have been brought into line."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Literal

from torch import Tensor

from modescape.core.checks import check_at_least, check_choice
from modescape.core.errors import ModelError
from modescape.core.seeds import Stream, derived_seed, numpy_generator
from modescape.core.trees import Tree
from modescape.landscapes import Repair, between, has_running_statistics
from modescape.methods.averaging import renewal_passes, with_statistics
from modescape.methods.budgets import each_size, epoch_passes, lost_notes
from modescape.methods.cost import BACKWARD, Cost, num_parameters
from modescape.methods.ensemble import Ensemble, Part
from modescape.methods.independent import independent_members
from modescape.methods.lengthened import fitting_epochs, stretched
from modescape.methods.protocol import Trained, Trainer
from modescape.train import TrainingTask
from modescape.weights.alignment import aligned
from modescape.weights.symmetry import Symmetry, UnsupportedGraphError, symmetry_of

NAME = "aligned-average"
BATCH_SIZE = 500
"""Examples at once where activations are compared and repaired."""
TRACED = 4
"""Examples that trace the network."""


@dataclass(frozen=True)
class AlignedAverage:
    """One network: the mean of the weights of independent members, brought into line with one another.

    Members are taken in one after the other. Units of each are exchanged, and rescaled where that changes nothing, so
    that they fit those of the mean so far, which is the first member at first; the new mean, (j - 1) / j of the one
    before and 1 / j of member j, is repaired on training examples. Networks with batch norm have its statistics
    renewed once, at the end, instead.

    Members are trained as many epochs as the budget leaves after the forward passes of alignment and repair: one epoch
    less than independent ones, as a rule. There is none of size 1.

    Source: Ainsworth, Hayase, Srinivasa (2023), section 3, https://arxiv.org/abs/2209.04836, for matching; Jordan,
    Sedghi, Saukh, Entezari, Neyshabur (2023), section 4, https://arxiv.org/abs/2211.08403, for the repair.
    Differs from the former in that each network is aligned once, and not to the mean of the others again and again (its
    algorithm 3), and in the scales of units; from the latter in that repairs follow one another.

    Args:
        matching: Units are matched by their `weights`, or by their `activations` on training examples.
        examples: Training examples for matching and repair, drawn at random; at most as many as there are.
        starts: Of matching by weights, of which the best is taken.

    Raises:
        ArgumentError: If an option is out of its range.
    """

    name: ClassVar[str] = NAME
    title: ClassVar[str] = "average after alignment"

    matching: Literal["weights", "activations"] = "weights"
    examples: int = 2000
    starts: int = 3

    def __post_init__(self) -> None:
        check_choice(self.matching, ("weights", "activations"), "matching")
        check_at_least(self.examples, 2, "examples", "Pass some hundreds of them")
        check_at_least(self.starts, 1, "starts", "Pass 3")

    def ensembles(self, task: TrainingTask, sizes: Sequence[int], trainer: Trainer) -> dict[int, Ensemble]:
        """Average the first members for each size above 1.

        Raises:
            ModelError: If it is not known which units of the network may be exchanged.
        """
        merging = _Merging(self, task, _symmetry(task))
        return each_size(sizes, lambda size: merging.ensemble(size, trainer) if size > 1 else None)


def _symmetry(task: TrainingTask) -> Symmetry:
    """Return which units may be exchanged."""
    try:
        return symmetry_of(task.network(0), task.dataset.prepare(task.dataset.train.inputs[:TRACED]))
    except UnsupportedGraphError as error:
        raise ModelError(
            f"`model` must have units of which it is known that they may be exchanged; got {task.recipe.name}: {error}"
        ) from None


@dataclass(frozen=True, eq=False)
class _Merging:
    """How members become one.

    Args:
        options: Of the method.
        task: How a member is trained.
        symmetry: Of the network.
    """

    options: AlignedAverage
    task: TrainingTask
    symmetry: Symmetry

    @cached_property
    def batches(self) -> list[Tensor]:
        """The examples for matching and repair."""
        inputs = self.task.dataset.train.inputs
        count = min(self.options.examples, len(inputs))
        drawn = numpy_generator(derived_seed(self.task.seed, Stream.ALIGNMENT)).permutation(len(inputs))[:count]
        return [self.task.dataset.prepare(batch) for batch in inputs[drawn].split(BATCH_SIZE)]

    @cached_property
    def normalised(self) -> bool:
        """Whether there is batch norm whose statistics are renewed."""
        return has_running_statistics(self.task.network(0))

    def passes(self, size: int) -> int:
        """Return the forward passes of alignment and repair."""
        count = min(self.options.examples, len(self.task.dataset.train))
        matched = 2 * count if self.options.matching == "activations" and self.symmetry.groups else 0
        repaired = 0 if self.normalised or not self.symmetry.groups else 3 * count
        return (size - 1) * (matched + repaired) + renewal_passes(self.task, len(self.task.dataset.train))

    def ensemble(self, size: int, trainer: Trainer) -> Ensemble | None:
        """Return the average of the first members, if the budget leaves an epoch to train them."""
        budget = size * self.task.settings.epochs * epoch_passes(self.task)
        left = budget - self.passes(size) / (1 + BACKWARD)
        epochs = min(self.task.settings.epochs, int(left // (size * epoch_passes(self.task))))
        epochs = fitting_epochs(self.task.settings, epochs)
        if epochs < 1:
            return None
        trained = self._trained(epochs, trainer)
        trees = [trained.solution(member) for member in trained.members if member < size]
        if not trees:
            return None
        network, passes = self.task.network(0), float(size * epochs * epoch_passes(self.task))
        cost = Cost(passes + self.passes(len(trees)), passes, prediction=1, parameters=num_parameters(network))
        part = Part(network, (self.merged(trees),))
        return Ensemble(NAME, size, (part,), cost, lost_notes(size, len(trees)))

    def _trained(self, epochs: int, trainer: Trainer) -> Trained:
        """Return the members, those of the task if they may be trained as long."""
        settings = self.task.settings
        if epochs == settings.epochs:
            return independent_members(self.task, trainer)
        shorter = stretched(settings, epochs).changed(members=settings.members)
        return trainer.train(NAME, replace(self.task, settings=shorter))

    def merged(self, trees: Sequence[Tree]) -> Tree:
        """Return the mean of some networks, each aligned to that of those before it."""
        mean = trees[0]
        for index, tree in enumerate(trees[1:], start=2):
            beside = self._aligned(mean, tree, index)
            if self.normalised or not self.symmetry.groups:
                mean = between(mean, beside, 1 / index)
            else:
                mean = Repair(self.symmetry, mean, beside, self.batches).at(1 / index)
        return next(with_statistics(self.task, [mean], self.task.dataset.train.inputs))

    def _aligned(self, mean: Tree, tree: Tree, index: int) -> Tree:
        """Return a network aligned to the mean so far."""
        return aligned(
            mean,
            tree,
            self.symmetry,
            parameters=[name for name, _ in self.task.network(0).named_parameters()],
            method=self.options.matching if self.symmetry.groups else "none",
            batches=self.batches,
            starts=self.options.starts,
            seed=derived_seed(self.task.seed, Stream.ALIGNMENT, index),
        ).weights
