"""Teachers of a student: the first independent members, and what they answer to the training examples."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from modescape.functions.many import Predictor
from modescape.methods.budgets import epoch_passes, lost_notes
from modescape.methods.cost import BACKWARD, Cost, num_parameters
from modescape.methods.ensemble import Ensemble, Part
from modescape.methods.independent import independent_members, member_passes
from modescape.methods.lengthened import fitting_epochs, lengthened
from modescape.methods.protocol import Trainer
from modescape.train import TrainingTask


@dataclass(frozen=True, eq=False)
class Teachers:
    """Members of a task that teach.

    Args:
        logits: Their answers to all training examples, those of the first member first.
        trained: The members that were trained, diverged ones among them.
        passes: Training passes of those, of one network over one example.
    """

    logits: Float[Tensor, "example teacher class"]
    trained: int
    passes: int

    @property
    def answers(self) -> int:
        """Forward passes that their answers took."""
        return self.logits.shape[0] * self.logits.shape[1]

    def epochs_left(self, task: TrainingTask) -> int:
        """Return how many epochs of a student the budget of one member more than were trained leaves."""
        budget = (self.trained + 1) * task.settings.epochs * epoch_passes(task)
        left = budget - self.passes - self.answers / (1 + BACKWARD)
        return fitting_epochs(task.settings, int(left // epoch_passes(task)))


def teachers_of(task: TrainingTask, count: int, trainer: Trainer) -> Teachers | None:
    """Return the first members of a task as teachers, or nothing if all of these diverged.

    Raises:
        TrainingError: If all members of the task diverge.
    """
    trained = independent_members(task, trainer)
    weights = [trained.solution(member) for member in trained.members if member < count]
    if not weights:
        return None
    network = task.placed_network(0)
    predictor = Predictor(network, task.dataset.train.inputs, prepare=task.dataset.prepare, output="logits")
    return Teachers(torch.stack(list(predictor.each(weights)), dim=1), count, count * member_passes(task))


def taught(
    method: str, task: TrainingTask, teachers: Teachers, lesson: TrainingTask, trainer: Trainer
) -> Ensemble | None:
    """Train a student, and return it with what it and its teachers cost; nothing if the budget leaves it no epoch.

    Args:
        method: Name of the method.
        task: How one member is trained.
        teachers: Of the student.
        lesson: The task with what is to be learned.
        trainer: Trains.

    Raises:
        TrainingError: If the student diverges.
    """
    epochs = teachers.epochs_left(task)
    if epochs < 1:
        return None
    # The next member's place: with the random numbers of a teacher it would begin where that one began.
    student = replace(lengthened(lesson, epochs), first_member=task.first_member + teachers.trained)
    trained = trainer.train(method, student)
    passes = float(teachers.passes + member_passes(student))
    network = task.network(0)
    cost = Cost(passes + teachers.answers, passes, prediction=1, parameters=num_parameters(network))
    notes = lost_notes(teachers.trained, teachers.logits.shape[1])
    return Ensemble(method, teachers.trained + 1, (Part(network, (trained.solution(0),)),), cost, notes)
