"""Deep ensembles: members trained apart, from initial weights of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from modescape.methods.cost import Cost, num_parameters
from modescape.methods.ensemble import Ensemble, Part
from modescape.methods.protocol import Trained, Trainer
from modescape.train import TrainingTask

NAME = "independent"


@dataclass(frozen=True)
class Independent:
    """Members of one architecture, each with initial weights and an order of examples of its own.

    The prediction is the mean of their probabilities. Size k is the first k members.

    Source: Lakshminarayanan, Pritzel, Blundell (2017), section 2.4, https://arxiv.org/abs/1612.01474
    Differs from it in that there is no adversarial training.
    """

    name: ClassVar[str] = NAME
    title: ClassVar[str] = "independent members"

    def ensembles(self, task: TrainingTask, sizes: Sequence[int], trainer: Trainer) -> dict[int, Ensemble]:
        """Train all members, and take the first of them for each size."""
        trained = independent_members(task, trainer)
        network = task.network(0)
        found = {}
        for size in sizes:
            weights = tuple(trained.solution(member) for member in trained.members if member < size)
            if not weights:
                continue
            passes = float(size * member_passes(task))
            cost = Cost(passes, passes, prediction=len(weights), parameters=len(weights) * num_parameters(network))
            lost = size - len(weights)
            notes = (f"{lost} of {size} members diverged and are left out.",) if lost else ()
            found[size] = Ensemble(self.name, size, (Part(network, weights),), cost, notes)
        return found


def independent_members(task: TrainingTask, trainer: Trainer) -> Trained:
    """Train the members of a task apart, as it says; several methods begin with them."""
    return trainer.train(NAME, task)


def member_passes(task: TrainingTask) -> int:
    """Return how many examples the training of one member passes through its network."""
    return task.settings.epochs * task.steps_per_epoch * task.batch_size
