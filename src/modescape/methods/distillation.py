"""Distillation: one network that learns what an ensemble answers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from modescape.core.checks import check_at_least
from modescape.core.errors import ArgumentError
from modescape.methods.budgets import each_size
from modescape.methods.ensemble import Ensemble
from modescape.methods.protocol import Trainer
from modescape.methods.teachers import taught, teachers_of
from modescape.train import TrainingTask

NAME = "distillation"


@dataclass(frozen=True)
class SoftTargets:
    """The loss of a student of soft targets.

    L = -(1 - a) T^2 sum_c q_c log softmax(z / T)_c - a log softmax(z)_y, with q the targets, y the label.
    T^2 gives the gradients of both terms the same scale, whatever the temperature.

    Source: Hinton, Vinyals, Dean (2015), section 2, https://arxiv.org/abs/1503.02531

    Args:
        temperature: T, as that at which the targets were made.
        alpha: a, the weight of labels.

    >>> targets = torch.tensor([[[0.5, 0.5], [1.0, 0.0]]])
    >>> SoftTargets(temperature=2.0, alpha=0.0)(torch.zeros(1, 2), targets).item() / 4
    0.6931471824645996
    """

    temperature: float
    alpha: float

    def __call__(
        self, outputs: Float[Tensor, "batch class"], targets: Float[Tensor, "batch 2 class"]
    ) -> Float[Tensor, "batch"]:
        """Return the loss of each example in nats.

        Args:
            outputs: The student's logits.
            targets: For each example, the soft targets and the label as a row of 0 and 1.
        """
        soft = -(targets[:, 0] * F.log_softmax(outputs / self.temperature, dim=1)).sum(dim=1)
        hard = -(targets[:, 1] * F.log_softmax(outputs, dim=1)).sum(dim=1)
        return (1 - self.alpha) * self.temperature**2 * soft + self.alpha * hard


@dataclass(frozen=True)
class Distillation:
    """A student of the base network's architecture that learns the mean answer of teachers; it predicts in one pass.

    At size k the teachers are the first k - 1 independent members; the student is trained as long as the budget leaves
    it, after the teachers have answered all training examples once. There is none of size 1.

    Source: Hinton, Vinyals, Dean (2015), sections 2 and 4, https://arxiv.org/abs/1503.02531
    Differs from it in that the student is as large as each teacher, and learns from the training examples of these.
    Where images are cropped and flipped at random, the student sees them so, and the targets are those of the images
    as they are.

    Args:
        temperature: At which teachers and student are softened. The paper takes 2 to 20 for students smaller than
            teachers; for one as large, 1 has given the better answers.
        alpha: Weight of the labels, 0 to 1; the paper gives them the smaller weight.

    Raises:
        ArgumentError: If an option is out of its range.
    """

    name: ClassVar[str] = NAME
    title: ClassVar[str] = "distilled ensemble"

    temperature: float = 1.0
    alpha: float = 0.1

    def __post_init__(self) -> None:
        if not 0.0 < self.temperature < float("inf"):
            raise ArgumentError("temperature", "be above 0", self.temperature, "Pass 1 to soften nothing")
        check_at_least(self.alpha, 0.0, "alpha", "Pass the weight of the labels, such as 0.1")
        if self.alpha > 1.0:
            raise ArgumentError("alpha", "be at most 1", self.alpha, "Pass the weight of the labels, such as 0.1")

    def ensembles(self, task: TrainingTask, sizes: Sequence[int], trainer: Trainer) -> dict[int, Ensemble]:
        """Train a student for each size that has teachers."""
        return each_size(sizes, lambda size: self._student(task, size, trainer) if size > 1 else None)

    def _student(self, task: TrainingTask, size: int, trainer: Trainer) -> Ensemble | None:
        """Train the student of one size."""
        teachers = teachers_of(task, size - 1, trainer)
        if teachers is None:
            return None
        soft = (teachers.logits / self.temperature).softmax(dim=2).mean(dim=1)
        hard = F.one_hot(task.dataset.train.labels, task.dataset.num_classes).to(soft)
        objective = SoftTargets(self.temperature, self.alpha)
        lesson = replace(task, targets=torch.stack([soft, hard], dim=1), objective=objective)
        return taught(self.name, task, teachers, lesson, trainer)
