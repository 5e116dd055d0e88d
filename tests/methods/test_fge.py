"""Fast geometric ensembles against gradient descent with rates that are known at each step."""

from dataclasses import replace

import pytest
import torch

from methods.descent import RATE, Losing, Recording, check_close, descended, linear_task
from methods.tiny import digits
from modescape.core.errors import ArgumentError
from modescape.methods import FGE, MemoryTrainer
from modescape.train import weights_of

NUM_EXAMPLES = len(digits().train)


def triangle(high, low, length, cycles):
    """Return rates that fall in a straight line to the middle of each cycle and rise again."""
    half = length // 2
    down = [high + (low - high) * step / half for step in range(half)]
    up = [low + (high - low) * step / half for step in range(half)]
    return (down + up) * cycles


def test_members_are_the_middles_of_cycles_after_pretraining():
    task = linear_task(epochs=7, members=2, schedule="step", step_epochs=3, step_factor=0.2)
    method = FGE(pretraining=0.3, cycle_epochs=4, rate=0.8, low_factor=0.1)
    made = method.ensembles(task, (1, 2), MemoryTrainer())
    assert {size: ensemble.num_members for size, ensemble in made.items()} == {1: 1, 2: 2}
    # Of 14 epochs, the 10 after pretraining are two whole cycles, and two more epochs before them.
    rates = [RATE] * 3 + [0.2 * RATE] * 3 + triangle(0.8 * RATE, 0.08 * RATE, 4, cycles=2)
    way = descended(weights_of(task.network(0)), rates)
    for weights, step in zip(made[2].parts[0].weights, (8, 12), strict=True):
        check_close(weights, way[step])
    assert (made[1].cost.training, made[2].cost.training) == (7 * NUM_EXAMPLES, 14 * NUM_EXAMPLES)
    assert (made[2].cost.prediction, made[2].cost.parameters) == (2, 2 * 650)


def test_cycles_go_on_from_the_pretrained_weights_with_orders_of_their_own():
    task, trainer = linear_task(epochs=8, batch_size=32), Recording()
    FGE(cycle_epochs=2).ensembles(task, (2,), trainer)
    first, cycles = trainer.only("pretraining"), trainer.only("fge")
    assert (first.settings.epochs, cycles.settings.epochs, cycles.settings.cycles) == (12, 4, 2)
    assert (cycles.settings.learning_rate, cycles.settings.low_factor) == (0.5 * RATE, 0.01)
    pretrained = trainer.inner.train("pretraining", first).solution(0)
    check_close(weights_of(cycles.network(0)), {name: tensor.double() for name, tensor in pretrained.items()}, 0.0)
    assert not (cycles.order(0, 0) == first.order(0, 0)).all()


@pytest.mark.parametrize(
    ("epochs", "plan"),
    [
        (2, None),
        (3, (1, 2, 1)),
        (4, (2, 2, 1)),
        (5, (3, 2, 1)),
        (12, (10, 2, 1)),
        (16, (12, 4, 1)),
        (20, (16, 4, 1)),
        (40, (32, 4, 2)),
    ],
)
def test_few_epochs_have_short_cycles_or_none(epochs, plan):
    trainer = Recording()
    made = FGE().ensembles(linear_task(epochs=epochs), (1,), trainer)
    if plan is None:
        assert (made, trainer.tasks) == ({}, {})
        return
    cycles = trainer.only("fge").settings
    found = (trainer.only("pretraining").settings.epochs, cycles.epochs // cycles.cycles, cycles.cycles)
    assert found == plan
    assert made[1].cost.training == epochs * NUM_EXAMPLES


def test_pretraining_by_a_triangular_schedule_has_an_even_number_of_epochs():
    trainer = Recording()
    made = FGE(cycle_epochs=2).ensembles(linear_task(epochs=9, schedule="step"), (1,), trainer)
    assert (trainer.only("pretraining").settings.epochs, made[1].cost.training) == (7, 9 * NUM_EXAMPLES)
    trainer, task = Recording(), linear_task(epochs=6, schedule="triangular", cycles=1)
    made = FGE(pretraining=0.5).ensembles(task, (1,), trainer)
    assert (trainer.only("pretraining").settings.epochs, made[1].cost.training) == (4, 6 * NUM_EXAMPLES)


def test_a_size_that_diverges_is_left_out():
    made = FGE().ensembles(linear_task(epochs=4), (1, 2), Losing(names=("fge",), calls=(1,)))
    assert set(made) == {2}


def test_it_has_the_rows_of_the_first_member():
    trainer, rows = Recording(), torch.arange(3 * 40).view(3, 40)
    FGE().ensembles(replace(linear_task(epochs=4), subsets=rows), (1,), trainer)
    assert torch.equal(trainer.only("fge").subsets, rows[:1])


@pytest.mark.parametrize("value", [0, 1, 3, -2])
def test_cycles_of_an_odd_number_of_epochs_are_refused(value):
    with pytest.raises(ArgumentError, match=rf"`cycle_epochs` must be 2, 4 or another even number; got {value}"):
        FGE(cycle_epochs=value)


@pytest.mark.parametrize(
    ("option", "value", "rule"),
    [
        ("pretraining", 1.0, "above 0 and below 1"),
        ("rate", 0.0, "above 0"),
        ("rate", float("inf"), "above 0"),
        ("low_factor", 0.0, "above 0 and at most 1"),
        ("low_factor", 1.5, "above 0 and at most 1"),
    ],
)
def test_options_out_of_range_are_refused(option, value, rule):
    with pytest.raises(ArgumentError, match=rf"`{option}` must be {rule}; got {value}"):
        FGE(**{option: value})
