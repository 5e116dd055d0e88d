"""Schedules: pure functions of the step, so that a resumed run needs no memory of them."""

from math import cos, pi

from modescape.train.settings import TrainSettings

CYCLIC = frozenset({"cyclical", "triangular"})
"""Schedules that are made of cycles."""


def learning_rate(settings: TrainSettings, step: int, steps_per_epoch: int) -> float:
    """Return the learning rate at a step of training, counted from 0.

    constant: r; step: r * factor ** floor(epoch / step_epochs); cosine: r / 2 * (1 + cos(pi * step / num_steps));
    cyclical: r / 2 * (1 + cos(pi * (step mod L) / L)), with L = num_steps / cycles; triangular: a straight line from r
    down to r * low_factor in the middle of each cycle of L steps, and up again.
    Source of cosine: Loshchilov and Hutter (2017), equation 5 without restarts, https://arxiv.org/abs/1608.03983
    Source of cyclical: Zhang et al. (2020), equation 1, https://arxiv.org/abs/1902.03932
    Source of triangular: Garipov et al. (2018), section 4, https://arxiv.org/abs/1802.10026

    >>> settings = TrainSettings(learning_rate=0.8, step_epochs=2)
    >>> [learning_rate(settings, step, steps_per_epoch=1) for step in range(5)]
    [0.8, 0.8, 0.4, 0.4, 0.2]
    >>> settings = TrainSettings(learning_rate=0.8, schedule="cyclical", cycles=2, epochs=4)
    >>> [round(learning_rate(settings, step, steps_per_epoch=1), 3) for step in range(4)]
    [0.8, 0.4, 0.8, 0.4]
    >>> settings = TrainSettings(learning_rate=0.8, schedule="triangular", cycles=1, epochs=4, low_factor=0.5)
    >>> [round(learning_rate(settings, step, steps_per_epoch=1), 3) for step in range(4)]
    [0.8, 0.6, 0.4, 0.6]
    """
    if settings.schedule == "constant":
        return settings.learning_rate
    if settings.schedule == "triangular":
        length = epochs_per_cycle(settings) * steps_per_epoch
        height = abs(1 - 2 * (step % length) / length)
        return settings.learning_rate * (settings.low_factor + (1 - settings.low_factor) * height)
    if settings.schedule in {"cosine", "cyclical"}:
        length = epochs_per_cycle(settings) * steps_per_epoch
        return settings.learning_rate / 2 * (1 + cos(pi * (step % length) / length))
    falls = (step // steps_per_epoch) // settings.step_epochs
    return settings.learning_rate * settings.step_factor**falls


def epochs_per_cycle(settings: TrainSettings) -> int:
    """Return the epochs in a cycle; schedules without cycles are a single one.

    >>> epochs_per_cycle(TrainSettings(epochs=12, schedule="cyclical", cycles=3))
    4
    """
    return settings.epochs // settings.cycles if settings.schedule in CYCLIC else settings.epochs


def is_sampling(settings: TrainSettings, step: int, steps_per_epoch: int) -> bool:
    """Say whether a step, counted from 0, belongs to the sampling phase of its cycle, in which noise is added.

    It does if the share of the cycle that has gone when the step ends exceeds the exploration.
    Source: Zhang et al. (2020), algorithm 1, https://arxiv.org/abs/1902.03932
    Differs from it in that a step that lies in both phases counts as one of sampling; such a step is there only where
    the exploration is not a whole number of steps.

    >>> settings = TrainSettings(epochs=5, schedule="cosine", exploration=0.6)
    >>> [is_sampling(settings, step, steps_per_epoch=1) for step in range(5)]
    [False, False, False, True, True]
    """
    length = epochs_per_cycle(settings) * steps_per_epoch
    return (step % length + 1) / length > settings.exploration


def sampling_epochs(settings: TrainSettings) -> list[int]:
    """Return the checkpoints, in epochs trained, that are samples: epochs that end in the sampling phase of a cycle.

    >>> sampling_epochs(TrainSettings(epochs=20, schedule="cyclical", cycles=2, exploration=0.8))
    [9, 10, 19, 20]
    """
    return [epoch + 1 for epoch in range(settings.epochs) if is_sampling(settings, epoch, steps_per_epoch=1)]


def cycle_of(settings: TrainSettings, epoch: int) -> int:
    """Return the cycle, counted from 0, that a checkpoint (in epochs trained, from 1) belongs to.

    >>> settings = TrainSettings(epochs=20, schedule="cyclical", cycles=2)
    >>> [cycle_of(settings, epoch) for epoch in (1, 10, 11, 20)]
    [0, 0, 1, 1]
    """
    return (epoch - 1) // epochs_per_cycle(settings)
