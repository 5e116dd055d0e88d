"""Ensemble distribution distillation: one network that learns how the answers of an ensemble are spread."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from modescape.core.checks import check_at_least
from modescape.core.errors import ArgumentError
from modescape.methods.budgets import each_size
from modescape.methods.dirichlet import DirichletLikelihood
from modescape.methods.ensemble import Ensemble
from modescape.methods.protocol import Trainer
from modescape.methods.teachers import taught, teachers_of
from modescape.train import TrainingTask

LEAST_TEACHERS = 2
"""One answer has no spread: its likelihood grows without bound."""


@dataclass(frozen=True)
class DistributionDistillation:
    """A student whose logits are those of a Dirichlet distribution, fitted to the answers of all teachers.

    Its parameters are exp(logits), so that the softmax of the logits, in one pass, is the expected answer;
    `dirichlet_uncertainty` gives the spread. Teachers and budget are those of `Distillation`; there is none below
    size 3, for it takes two teachers.

    Source: Malinin, Mlodozeniec, Gales (2020), section 3, https://arxiv.org/abs/1905.00076
    Differs from it in that the temperature does not fall in the course of training, which has one objective from the
    first to the last epoch; in that the learning rate has the schedule of the task; and in the augmentation, as in
    `Distillation`.

    Args:
        temperature: At which the answers of the teachers are softened, and the student's likewise in training. At 1,
            where the paper ends, classes that teachers rule out outweigh the others. The spread learned is that of
            softened answers: `dirichlet_uncertainty(logits / temperature)`. The ensemble's part says so by its
            `concentration`, for `deploy` to report it.
        smoothing: Share of each answer that is spread over all classes: no class has probability 0.

    Raises:
        ArgumentError: If an option is out of its range.
    """

    name: ClassVar[str] = "distribution-distillation"
    title: ClassVar[str] = "distilled distribution"

    temperature: float = 2.5
    smoothing: float = 1e-3

    def __post_init__(self) -> None:
        if not 0.0 < self.temperature < float("inf"):
            raise ArgumentError("temperature", "be above 0", self.temperature, "Pass 1 to soften nothing")
        check_at_least(self.smoothing, 0.0, "smoothing", "Pass a small share, such as 0.001")
        if self.smoothing >= 1.0:
            raise ArgumentError("smoothing", "be below 1", self.smoothing, "Pass a small share, such as 0.001")

    def ensembles(self, task: TrainingTask, sizes: Sequence[int], trainer: Trainer) -> dict[int, Ensemble]:
        """Train a student for each size that has two teachers or more."""
        return each_size(sizes, lambda size: self._student(task, size, trainer) if size > LEAST_TEACHERS else None)

    def _student(self, task: TrainingTask, size: int, trainer: Trainer) -> Ensemble | None:
        """Train the student of one size."""
        teachers = teachers_of(task, size - 1, trainer)
        if teachers is None or teachers.logits.shape[1] < LEAST_TEACHERS:
            return None
        targets = (teachers.logits / self.temperature).softmax(dim=2)
        lesson = replace(task, targets=targets, objective=DirichletLikelihood(self.temperature, self.smoothing))
        found = taught(self.name, task, teachers, lesson, trainer)
        return found and replace(
            found, parts=tuple(replace(part, concentration=self.temperature) for part in found.parts)
        )
