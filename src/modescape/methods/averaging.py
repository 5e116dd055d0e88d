"""Weights along the way of a network that has been trained: what averages of weights are made of."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from jaxtyping import Shaped
from torch import Tensor

from modescape.core.trees import Tree
from modescape.landscapes.batch_norm import has_running_statistics, renewed
from modescape.methods.lengthened import fitting_epochs, lengthened
from modescape.methods.protocol import Trained, Trainer
from modescape.methods.started import continued
from modescape.train import TrainingTask

NAME, PRETRAINING = "averaged", "pretraining"
LEAST = 2
"""Fewest epochs at the constant rate."""


@dataclass(frozen=True)
class Phases:
    """How the epochs of a network are divided.

    Args:
        pretraining: Epochs with the schedule of the task.
        averaging: Epochs after them, at a constant learning rate.
    """

    pretraining: int
    averaging: int


def phases(task: TrainingTask, epochs: float, share: float) -> Phases | None:
    """Divide epochs: a share, at least one, of them for pretraining, and at least two others.

    Args:
        task: How members are trained.
        epochs: Those that there are; a part of one is left.
        share: That of pretraining, in (0, 1).

    Returns:
        Nothing where there are too few.

    >>> from modescape.data import DataSettings, load_dataset
    >>> from modescape.models import recipe
    >>> from modescape.train import TrainSettings
    >>> task = TrainingTask(recipe("mlp"), load_dataset(DataSettings(), seed=0), TrainSettings(), seed=0)
    >>> phases(task, 20.5, 0.75), phases(task, 4, 0.75), phases(task, 2, 0.75)
    (Phases(pretraining=15, averaging=5), Phases(pretraining=2, averaging=2), None)
    """
    whole = int(epochs)
    first = fitting_epochs(task.settings, min(round(share * whole), whole - LEAST))
    return Phases(first, whole - first) if first >= 1 else None


def pretrained(task: TrainingTask, epochs: int, trainer: Trainer) -> Trained:
    """Train the first member for some epochs, with the whole schedule in them; several methods begin with that."""
    return trainer.train(PRETRAINING, lengthened(task, epochs))


def visited(
    task: TrainingTask, start: Tree, trainer: Trainer, *, epochs: int, rate: float, member: int = 0
) -> list[Tree]:
    """Train on from weights at a constant learning rate, and return the weights after each epoch.

    Args:
        task: How members are trained.
        start: The weights of one that has been trained.
        trainer: Trains.
        epochs: How many.
        rate: Learning rate, as a multiple of the task's.
        member: The number of that member.

    Raises:
        TrainingError: If it diverges.
    """
    further = continued(
        task,
        start,
        epochs=epochs,
        member=member,
        schedule="constant",
        learning_rate=rate * task.settings.learning_rate,
    )
    steps = range(1, epochs + 1)
    trained = trainer.train(NAME, further, steps=steps)
    return [trained.weights(0, step) for step in steps]


def renewal_passes(task: TrainingTask, num_examples: int) -> int:
    """Return the forward passes that new statistics of batch norm take: none without batch norm."""
    return num_examples if has_running_statistics(task.network(0)) else 0


def with_statistics(task: TrainingTask, trees: Iterable[Tree], inputs: Shaped[Tensor, "example ..."]) -> Iterator[Tree]:
    """Yield weights with the statistics of batch norm that belong to them, on the CPU.

    Args:
        task: What was trained.
        trees: Parameters and buffers.
        inputs: Raw training examples.
    """
    for tree in renewed(task.placed_network(0), trees, inputs, prepare=task.dataset.prepare):
        yield {name: tensor.cpu() for name, tensor in tree.items()}
