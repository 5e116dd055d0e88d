"""Learning-rate schedules against torch's own."""

import pytest
import torch
from torch.optim import SGD
from torch.optim.lr_scheduler import CosineAnnealingLR, StepLR

from modescape.train import TrainSettings, learning_rate

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
