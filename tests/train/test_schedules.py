"""Learning-rate schedules against torch's own."""

from math import ceil, cos, pi

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.optim import SGD
from torch.optim.lr_scheduler import CosineAnnealingLR, CosineAnnealingWarmRestarts, StepLR

from modescape.train import TrainSettings, cycle_of, learning_rate, sampling_epochs
from modescape.train.schedules import is_sampling

EPOCHS, STEPS = 7, 5


def torchs(make, *, every):
    """Learning rates of a schedule of torch's, advanced after so many steps."""
    optimizer = SGD([torch.zeros(1, requires_grad=True)], lr=0.37)
    schedule = make(optimizer)
    rates = []
    for step in range(EPOCHS * STEPS):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if (step + 1) % every == 0:
            schedule.step()
    return rates


def ours(**settings):
    chosen = TrainSettings(epochs=EPOCHS, learning_rate=0.37, **settings)
    return [learning_rate(chosen, step, STEPS) for step in range(EPOCHS * STEPS)]


@pytest.mark.parametrize(("step_epochs", "step_factor"), [(2, 0.3), (3, 0.5), (1, 0.9), (10, 0.1)])
def test_step_falls_as_torchs(step_epochs, step_factor):
    expected = torchs(lambda optimizer: StepLR(optimizer, step_epochs, gamma=step_factor), every=STEPS)
    assert ours(schedule="step", step_epochs=step_epochs, step_factor=step_factor) == pytest.approx(expected, rel=1e-12)


def test_cosine_falls_as_torchs():
    expected = torchs(lambda optimizer: CosineAnnealingLR(optimizer, T_max=EPOCHS * STEPS), every=1)
    found = ours(schedule="cosine")
    assert found == pytest.approx(expected, rel=1e-9)
    assert found[0] == 0.37
    assert 0 < found[-1] < 0.01


def test_constant_stays():
    assert set(ours(schedule="constant", step_factor=0.1, step_epochs=1)) == {0.37}


def test_the_default_is_the_papers_halving_every_10_epochs():
    settings = TrainSettings()
    rates = [learning_rate(settings, epoch * 9 + 8, 9) for epoch in (0, 9, 10, 19, 20, 39)]
    assert rates == [1.6e-3, 1.6e-3, 0.8e-3, 0.8e-3, 0.4e-3, 0.2e-3]


def cyclical(**changes):
    return TrainSettings(**{"epochs": 12, "learning_rate": 0.37, "schedule": "cyclical", "cycles": 3, **changes})


def test_cyclical_is_torchs_warm_restarts():
    optimizer = SGD([torch.zeros(1, requires_grad=True)], lr=0.37)
    schedule = CosineAnnealingWarmRestarts(optimizer, T_0=4 * STEPS)
    for step in range(12 * STEPS):
        rate = optimizer.param_groups[0]["lr"]
        assert learning_rate(cyclical(), step, STEPS) == pytest.approx(rate, rel=1e-9)
        optimizer.step()
        schedule.step()


def test_cyclical_is_equation_1_of_its_source():
    # Steps are counted from 1 there.
    num_steps, num_cycles = 12 * STEPS, 3
    for k in range(1, num_steps + 1):
        length = ceil(num_steps / num_cycles)
        expected = 0.37 / 2 * (cos(pi * ((k - 1) % length) / length) + 1)
        assert learning_rate(cyclical(), k - 1, STEPS) == pytest.approx(expected, rel=1e-12)
        sampling = ((k - 1) % length) / length >= 0.8
        assert is_sampling(cyclical(exploration=0.8), k - 1, STEPS) == sampling


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5), st.integers(1, 12), st.integers(1, 7), st.floats(0, 0.99))
def test_samples_are_the_epochs_whose_last_step_has_noise(cycles, length, steps_per_epoch, exploration):
    chosen = cyclical(epochs=cycles * length, cycles=cycles, exploration=exploration)
    noisy = [is_sampling(chosen, step, steps_per_epoch) for step in range(chosen.epochs * steps_per_epoch)]
    found = sampling_epochs(chosen)
    assert found == [epoch for epoch in range(1, chosen.epochs + 1) if noisy[epoch * steps_per_epoch - 1]]
    assert [epoch for epoch in found if epoch % length == 0] == [length * (cycle + 1) for cycle in range(cycles)]
    counts = [sum(cycle_of(chosen, epoch) == cycle for epoch in found) for cycle in range(cycles)]
    assert len(set(counts)) == 1


def test_samples_of_the_papers_settings():
    settings = TrainSettings(epochs=200, schedule="cyclical", exploration=0.94)
    assert sampling_epochs(settings) == [48, 49, 50, 98, 99, 100, 148, 149, 150, 198, 199, 200]
    assert [cycle_of(settings, epoch) for epoch in (1, 50, 51, 200)] == [0, 0, 1, 3]


def test_other_schedules_are_one_cycle():
    assert sampling_epochs(TrainSettings(epochs=10, schedule="constant", exploration=0.7)) == [8, 9, 10]
    assert sampling_epochs(TrainSettings(epochs=3, schedule="constant", exploration=0.0)) == [1, 2, 3]
