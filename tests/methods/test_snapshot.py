"""Snapshots against gradient descent with a rate that is known at each step."""

import pytest

from methods.descent import RATE, Recording, check_close, cosine_rates, descended, linear_task
from methods.tiny import digits
from modescape.core.errors import ArgumentError
from modescape.methods import MemoryTrainer, Snapshot
from modescape.train import weights_of


def test_members_are_the_ends_of_cosine_cycles():
    task = linear_task(epochs=4, members=3, schedule="step", step_epochs=1)
    made = Snapshot(rate=1.5).ensembles(task, (1, 3), MemoryTrainer())
    way = descended(weights_of(task.network(0)), cosine_rates(1.5 * RATE, 4, cycles=3))
    (part,) = made[3].parts
    for weights, step in zip(part.weights, (4, 8, 12), strict=True):
        check_close(weights, way[step])
    assert made[1].parts[0].weights[0] is part.weights[0]
    assert (made[3].cost.prediction, made[3].cost.parameters) == (3, 3 * 650)
    assert made[3].cost.training == 3 * 4 * len(digits().train)


def test_all_sizes_share_one_training_whose_length_is_that_of_the_largest():
    trainer = Recording()
    made = Snapshot().ensembles(linear_task(epochs=2, members=5), (1, 2, 3), trainer)
    assert {size: ensemble.num_members for size, ensemble in made.items()} == {1: 1, 2: 2, 3: 3}
    assert trainer.only("snapshot").settings.epochs == 6
    fewer = Snapshot().ensembles(linear_task(epochs=2, members=5), (2,), trainer)[2]
    for first, second in zip(fewer.parts[0].weights, made[2].parts[0].weights, strict=True):
        check_close(first, {name: tensor.double() for name, tensor in second.items()}, tolerance=1e-7)


def test_a_rate_of_nothing_is_refused():
    with pytest.raises(ArgumentError, match=r"`rate` must be above 0; got 0.0"):
        Snapshot(rate=0.0)
