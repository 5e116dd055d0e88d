"""MIMO: one network that takes several examples at once and answers each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor, nn
from torch.nn import functional as F

from modescape.core.errors import ArgumentError, ModelError
from modescape.functions.predictions import evaluating
from modescape.methods.budgets import each_size
from modescape.methods.ensemble import Ensemble
from modescape.methods.joint import changed_task, fresh, joint_ensemble, recipe_from
from modescape.methods.protocol import Trainer
from modescape.models import Recipe
from modescape.train import Objective, TrainingTask


def arranged(
    rows: Shaped[Tensor, "row ..."], members: int, repetition: float = 0.0
) -> Shaped[Tensor, "group member ..."]:
    """Put rows into groups, one row for each member; the last group is filled up with the first rows.

    Args:
        rows: Examples, or their labels.
        members: Rows of a group.
        repetition: Share of the groups, rounded down, that have their first row in all places.

    >>> arranged(torch.arange(5), members=2, repetition=0.4).tolist()
    [[0, 0], [2, 3], [4, 0]]
    """
    num_groups = -(-len(rows) // members)
    filled = rows
    while len(filled) < num_groups * members:
        filled = torch.cat([filled, rows[: num_groups * members - len(filled)]])
    groups = filled.unflatten(0, (num_groups, members))
    alike = int(repetition * num_groups)
    return torch.cat([groups[:alike, :1].expand_as(groups[:alike]), groups[alike:]]) if alike else groups


class MultiInput(nn.Module):
    """A network of some members: inputs one behind the other along the first axis of an example, and as many answers.

    In training each group of examples is one pass: (example, class) logits, in the order of the examples (those of a
    group that are replaced by its first have the answers to that one). In evaluation mode an example is given to all
    members: (example, head, class).

    Args:
        network: Takes (group, member * channel, ...) and returns (group, member * class).
        members: How many there are.
        repetition: As in `arranged`.

    >>> network = MultiInput(nn.Linear(2 * 4, 2 * 3), members=2)
    >>> network.train()(torch.zeros(5, 4)).shape, network.eval()(torch.zeros(5, 4)).shape
    (torch.Size([5, 3]), torch.Size([5, 2, 3]))
    """

    def __init__(self, network: nn.Module, members: int, repetition: float = 0.0) -> None:
        super().__init__()
        self.network, self.members, self.repetition = network, members, repetition

    def forward(self, inputs: Tensor) -> Tensor:
        """Answer the examples of a group together, or each example with all members."""
        if not self.training:
            repeated = inputs.unsqueeze(1).expand(-1, self.members, *inputs.shape[1:])
            return self._answers(repeated)
        groups = arranged(inputs, self.members, self.repetition)
        return self._answers(groups).flatten(0, 1)[: len(inputs)]

    def _answers(self, groups: Shaped[Tensor, "group member ..."]) -> Float[Tensor, "group member class"]:
        """Run the network."""
        return self.network(groups.flatten(1, 2)).unflatten(1, (self.members, -1))


@dataclass(frozen=True)
class GroupLoss:
    """The cross-entropy where some examples are replaced by the first of their group.

    Args:
        members: Examples of a group.
        repetition: As in `arranged`.
        smoothing: Share of the target that is spread over all classes.
    """

    members: int
    repetition: float
    smoothing: float = 0.0

    def __call__(self, outputs: Float[Tensor, "batch class"], targets: Int[Tensor, "batch"]) -> Float[Tensor, "batch"]:
        """Return the loss of each answer in nats."""
        labels = arranged(targets, self.members, self.repetition).flatten(0, 1)[: len(targets)]
        return F.cross_entropy(outputs, labels, reduction="none", label_smoothing=self.smoothing)


@dataclass(frozen=True)
class Mimo:
    """One network with k inputs and k outputs, of which each learns examples of its own (multi-input multi-output).

    A pass answers k examples in training, so that the budget of size k lasts for up to k times k epochs, in batches of
    as many passes as before. To predict, the example is given to all inputs: one pass for k answers.

    Source: Havasi et al. (2021), section 2, https://arxiv.org/abs/2010.06610; its section on input repetition
    Differs from it in that an epoch gives each example to one of the members instead of to all, in that the share of
    groups with repeated inputs is fixed instead of random, and in that batches are not repeated.

    Args:
        repetition: Share of the passes in which all members are given the same example. The default is what the authors
            published for ResNet-50 (https://github.com/google/uncertainty-baselines), whose capacity is short; for
            networks as wide as their WideResNet-28-10 it is 0.

    Raises:
        ArgumentError: If the share is not in [0, 1].
    """

    name: ClassVar[str] = "mimo"
    title: ClassVar[str] = "MIMO: several inputs and outputs"

    repetition: float = 0.6

    def __post_init__(self) -> None:
        if not 0.0 <= self.repetition <= 1.0:
            raise ArgumentError("repetition", "be in [0, 1]", self.repetition, "Pass 0 for a new example each time")

    def ensembles(self, task: TrainingTask, sizes: Sequence[int], trainer: Trainer) -> dict[int, Ensemble]:
        """Train one network of as many members for each size."""

        def make(size: int) -> Ensemble | None:
            joint = self._joint(task, size)
            _check(joint, task.recipe.name, size)
            return joint_ensemble(self.name, task, joint, size, trainer, heads=size)

        return each_size(sizes, make)

    def recipe(self, base: Recipe, members: int) -> Recipe:
        """Return the recipe of the network of some members."""

        def build(input_shape: tuple[int, ...], num_classes: int) -> nn.Module:
            shape = (members * input_shape[0], *input_shape[1:])
            return MultiInput(fresh(base, shape, members * num_classes), members, self.repetition)

        return recipe_from("mimo", base, build, {"members": members, "repetition": self.repetition})

    def _joint(self, task: TrainingTask, size: int) -> TrainingTask:
        """Return the training of the network of some members, before its length is set."""
        objective: Objective | None = None
        if self.repetition:
            objective = GroupLoss(size, self.repetition, task.settings.label_smoothing)
        batch_size = size * task.settings.batch_size
        return changed_task(task, self.recipe(task.recipe, size), objective=objective, batch_size=batch_size)


def _check(joint: TrainingTask, base: str, members: int) -> None:
    """Raise unless the network takes the examples of all members and answers each."""
    network, num_classes = joint.network(0), joint.dataset.num_classes
    inputs = joint.dataset.prepare(joint.dataset.train.inputs[:2])
    try:
        with torch.no_grad(), evaluating(network):
            got = f"logits of shape {tuple(network(inputs).shape)}"
    except Exception as error:
        got = " ".join(f"{type(error).__name__}: {error}".split())
    if got != f"logits of shape {(2, members, num_classes)}":
        raise ModelError(
            "`model` must be built for any `input_shape` and `num_classes`, so that mimo can give it "
            f"{members} inputs; got {got} from {base}. Let its function take both, or leave mimo out."
        )
