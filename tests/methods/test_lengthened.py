"""Longer and shorter training with a schedule of the same shape."""

import pytest
import torch

from methods.tiny import tiny_task
from modescape.core.errors import ArgumentError
from modescape.core.trees import ravel
from modescape.methods import MemoryTrainer
from modescape.methods.lengthened import alone, fitting_epochs, lengthened, stretched, trained_longer
from modescape.train import TrainSettings, learning_rate


@pytest.mark.parametrize("schedule", ["step", "cosine", "constant", "cyclical", "triangular"])
def test_the_learning_rate_is_that_of_the_same_share_of_the_training(schedule):
    settings = TrainSettings(epochs=12, step_epochs=5, step_factor=0.3, schedule=schedule, cycles=3)
    longer = stretched(settings, 36)
    assert longer.epochs == 36
    for step in range(12 * 4):
        assert learning_rate(longer, 3 * step, 4) == pytest.approx(learning_rate(settings, step, 4), rel=1e-12)


def test_a_shorter_training_falls_at_least_once_an_epoch():
    assert stretched(TrainSettings(epochs=40, step_epochs=10), 2).step_epochs == 1


def test_cycles_are_as_many_as_fit():
    settings = TrainSettings(epochs=16, schedule="cyclical", cycles=8)
    assert stretched(settings, 12).cycles == 6
    assert stretched(settings, 7).cycles == 7
    assert stretched(settings.changed(schedule="triangular"), 12).cycles == 6


def test_it_is_one_member_with_the_start_and_the_settings_of_the_first():
    task = tiny_task(members=3, epochs=4, weight_decay=0.1)
    longer = lengthened(task, 8)
    assert (longer.settings.members, longer.settings.weight_decay, longer.seed) == (1, 0.1, task.seed)
    first, second = (dict(found.network(0).named_parameters()) for found in (task, longer))
    assert torch.equal(ravel(first), ravel(second))


def test_training_longer_is_done_once():
    trainer, task = MemoryTrainer(), tiny_task(model="mlp", options={"hidden": [4]}, epochs=1)
    assert trained_longer(task, 2, trainer) is trained_longer(task, 2, trainer)
    assert len(trained_longer(task, 2, trainer).solution(0)) == 4


def test_no_epoch_and_odd_triangles_are_refused():
    with pytest.raises(ArgumentError, match=r"`epochs` must be greater than or equal to 1; got 0"):
        stretched(TrainSettings(), 0)
    settings = TrainSettings(epochs=8, schedule="triangular", cycles=2)
    with pytest.raises(ArgumentError, match=r"`cycles` must divide the number of epochs, 7"):
        stretched(settings, 7)


def test_alone_a_member_keeps_what_the_task_says_but_for_what_is_changed():
    task = tiny_task(members=3, epochs=4, keep_best=True, weight_decay=0.1)
    found = alone(task, 6, schedule="cosine").settings
    assert (found.members, found.epochs, found.schedule, found.weight_decay) == (1, 6, "cosine", 0.1)
    assert (found.keep_best, found.trajectories, found.late_fraction) == (False, 0, 0.0)


def test_triangles_have_an_even_number_of_epochs():
    settings = TrainSettings(epochs=8, schedule="triangular", cycles=2)
    assert [fitting_epochs(settings, epochs) for epochs in (4, 5, 1)] == [4, 4, 0]
    assert fitting_epochs(settings.changed(schedule="step"), 5) == 5
