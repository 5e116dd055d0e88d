"""Learning-rate schedules: pure functions of the step, so that a resumed run needs no memory of them."""

from math import cos, pi

from modescape.train.settings import TrainSettings


def learning_rate(settings: TrainSettings, step: int, steps_per_epoch: int) -> float:
    """Return the learning rate at a step of training, counted from 0.

    constant: r; step: r * factor ** floor(epoch / step_epochs); cosine: r / 2 * (1 + cos(pi * step / num_steps)).
    Source of cosine: Loshchilov and Hutter (2017), equation 5 without restarts, https://arxiv.org/abs/1608.03983

    >>> settings = TrainSettings(learning_rate=0.8, step_epochs=2)
    >>> [learning_rate(settings, step, steps_per_epoch=1) for step in range(5)]
    [0.8, 0.8, 0.4, 0.4, 0.2]
    """
    if settings.schedule == "constant":
        return settings.learning_rate
    if settings.schedule == "cosine":
        done = step / (settings.epochs * steps_per_epoch)
        return settings.learning_rate / 2 * (1 + cos(pi * done))
    falls = (step // steps_per_epoch) // settings.step_epochs
    return settings.learning_rate * settings.step_factor**falls
