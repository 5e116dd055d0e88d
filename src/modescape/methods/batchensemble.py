"""BatchEnsemble: members that share their weight matrices, in one network."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, cast

import torch
from torch import Tensor, nn

from modescape.core.checks import check_at_least, check_choice
from modescape.core.errors import ModelError
from modescape.functions.predictions import evaluating
from modescape.methods.budgets import each_size
from modescape.methods.ensemble import Ensemble
from modescape.methods.joint import changed_task, fresh, joint_ensemble, recipe_from
from modescape.methods.protocol import Trainer
from modescape.methods.rank_one import RankOneEnsemble
from modescape.models import Recipe
from modescape.train import TrainingTask

TOLERANCE = 1e-3
"""Largest difference between logits of a member computed in the two ways, beside logits of order 1."""


@dataclass(frozen=True)
class BatchEnsemble:
    """One network, whose k members share weights W and have W * (s r^T), with vectors r and s and biases of their own.

    Each example of a batch is seen by one member, so that a pass costs hardly more than one of the base network: the
    budget of size k is spent on k times the epochs.

    Source: Wen, Tran, Ba (2020), section 3.1, https://arxiv.org/abs/2002.06715; the default of the factors, normal
    around 1, from what the authors published for CIFAR, https://github.com/google/uncertainty-baselines
    Differs from it in that examples are dealt to members in turn instead of in blocks, in that r and s learn at the
    rate of all weights and decay with them where weight decay is set, and in the length of the training.

    Args:
        initialisation: How r and s begin: normal around 1, or random signs, which set members further apart and learn
            more slowly.
        deviation: Standard deviation of those that are normal.

    Raises:
        ArgumentError: If an option is out of range.
    """

    name: ClassVar[str] = "batchensemble"
    title: ClassVar[str] = "BatchEnsemble"

    initialisation: Literal["normal", "signs"] = "normal"
    deviation: float = 0.5

    def __post_init__(self) -> None:
        check_choice(self.initialisation, ("normal", "signs"), "initialisation")
        check_at_least(self.deviation, 0, "deviation", "Pass 0.5")

    def ensembles(self, task: TrainingTask, sizes: Sequence[int], trainer: Trainer) -> dict[int, Ensemble]:
        """Train one network of as many members for each size."""

        def make(size: int) -> Ensemble | None:
            joint = changed_task(task, self.recipe(task.recipe, size))
            _check_members(joint)
            return joint_ensemble(self.name, task, joint, size, trainer, heads=size)

        return each_size(sizes, make)

    def recipe(self, base: Recipe, members: int) -> Recipe:
        """Return the recipe of the network of some members."""

        def build(input_shape: tuple[int, ...], num_classes: int) -> nn.Module:
            return RankOneEnsemble(fresh(base, input_shape, num_classes), members, self._drawn)

        options = {"members": members, "initialisation": self.initialisation, "deviation": self.deviation}
        return recipe_from("batchensemble", base, build, options)

    def _drawn(self, members: int, features: int) -> Tensor:
        """Draw the factors of a layer."""
        if self.initialisation == "normal":
            return 1.0 + self.deviation * torch.randn(members, features)
        return torch.randint(2, (members, features)) * 2.0 - 1.0


def _check_members(joint: TrainingTask) -> None:
    """Raise unless each member answers as an ordinary network of its weights does.

    It would not where a network reads the weights of its layers past them, or mixes up the rows of a batch.
    """
    network = cast("RankOneEnsemble", joint.network(0))
    inputs = joint.dataset.prepare(joint.dataset.train.inputs[:3])
    try:
        with torch.no_grad(), evaluating(network):
            together = network(inputs)
            apart = torch.stack([network.member(m).eval()(inputs) for m in range(network.members)], dim=1)
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise ModelError(f"{_RULE}; got {reason}. {_CURE}") from error
    if together.shape != apart.shape or not torch.allclose(together, apart, rtol=TOLERANCE, atol=TOLERANCE):
        raise ModelError(f"{_RULE}; got other answers from {joint.recipe.name}. {_CURE}")


_RULE = "`model` must call its layers, and keep examples along the first axis, for batchensemble"
_CURE = "Call layers instead of reading their weights, or leave batchensemble out."
