"""The same training made longer or shorter, with a schedule of the same shape."""

from dataclasses import replace
from typing import Any

from modescape.methods.protocol import Trained, Trainer
from modescape.train import TrainingTask, TrainSettings

NAME = "single"


def lengthened(task: TrainingTask, epochs: int) -> TrainingTask:
    """Return the task of training one member for another number of epochs; it is member 0 of the task.

    Args:
        task: How a member is trained.
        epochs: How long that one is.

    Raises:
        ArgumentError: If there is no epoch, or (with schedule `triangular`) an odd number of them.

    >>> from modescape.data import DataSettings, load_dataset
    >>> from modescape.models import recipe
    >>> settings = TrainSettings(members=5, epochs=20, step_epochs=6)
    >>> task = TrainingTask(recipe("mlp"), load_dataset(DataSettings(), seed=0), settings, seed=0)
    >>> longer = lengthened(task, 60).settings
    >>> longer.members, longer.epochs, longer.step_epochs
    (1, 60, 18)
    """
    return replace(task, settings=stretched(task.settings, epochs).changed(members=1))


def alone(task: TrainingTask, epochs: int, **settings: Any) -> TrainingTask:
    """Return the task of training one member, of which only the last checkpoint and those asked for are kept.

    Args:
        task: How members are trained.
        epochs: How many epochs this one is trained.
        settings: What is done in another way.

    >>> from modescape.data import DataSettings, load_dataset
    >>> from modescape.models import recipe
    >>> task = TrainingTask(recipe("mlp"), load_dataset(DataSettings(), seed=0), TrainSettings(), seed=0)
    >>> alone(task, 60, schedule="cosine").settings.members
    1
    """
    kept = {"members": 1, "epochs": epochs, "trajectories": 0, "late_fraction": 0.0, "keep_best": False}
    return replace(task, settings=task.settings.changed(**(kept | settings)))


def stretched(settings: TrainSettings, epochs: int) -> TrainSettings:
    """Return settings of another number of epochs that keep the shape of the schedule.

    The learning rate falls after the same shares of the training, to the nearest epoch, and there are as many cycles as
    before, or the most below that of as many whole epochs each. Only the last checkpoint is kept.

    Args:
        settings: How a member is trained.
        epochs: How long it shall be.

    Raises:
        ArgumentError: If there is no epoch, or (with schedule `triangular`) an odd number of them.

    >>> stretched(TrainSettings(epochs=20, schedule="cyclical", cycles=4), epochs=30).cycles
    3
    """
    cycles = settings.cycles
    least = 2 if settings.schedule == "triangular" else 1
    fitting = [count for count in range(1, cycles + 1) if epochs % (count * least) == 0]
    return settings.changed(
        epochs=epochs,
        step_epochs=max(1, round(settings.step_epochs * epochs / settings.epochs)),
        cycles=max(fitting, default=cycles),
        trajectories=0,
        late_fraction=0.0,
    )


def fitting_epochs(settings: TrainSettings, epochs: int) -> int:
    """Return the most epochs up to a number that the schedule can have.

    >>> fitting_epochs(TrainSettings(epochs=8, schedule="triangular", cycles=2), 7), fitting_epochs(TrainSettings(), 7)
    (6, 7)
    """
    return epochs - epochs % 2 if settings.schedule == "triangular" else epochs


def trained_longer(task: TrainingTask, times: int, trainer: Trainer) -> Trained:
    """Train member 0 of a task a whole number of times as long; the methods that need this share it."""
    return trainer.train(NAME, lengthened(task, times * task.settings.epochs))
