"""Cyclical SG-MCMC: without noise against momentum descent, with it against the prior alone."""

import pytest

from methods.descent import Recording, check_close, cosine_rates, descended, linear_task
from methods.tiny import digits
from modescape.core.errors import ArgumentError
from modescape.core.trees import ravel
from modescape.methods import CyclicalSGMCMC, MemoryTrainer
from modescape.train import weights_of

NUM_EXAMPLES = len(digits().train)


def test_at_temperature_zero_samples_are_points_of_descent_with_momentum():
    task = linear_task(epochs=5, members=2, momentum=0.6, weight_decay=0.05)
    method = CyclicalSGMCMC(samples=2, rate=0.3, exploration=0.5, temperature=0.0)
    made = method.ensembles(task, (1, 2), MemoryTrainer())
    way = descended(weights_of(task.network(0)), cosine_rates(0.3, 5, cycles=2), momentum=0.6, decay=0.05)
    (part,) = made[2].parts
    for weights, step in zip(part.weights, (4, 5, 9, 10), strict=True):
        check_close(weights, way[step])
    assert made[1].num_members == 2
    assert (made[2].cost.prediction, made[2].cost.parameters) == (4, 4 * 650)
    assert made[2].cost.training == 10 * NUM_EXAMPLES


@pytest.mark.parametrize(
    ("epochs", "options", "steps"),
    [
        (4, {}, [4, 8]),
        (20, {}, [18, 19, 20, 38, 39, 40]),
        (20, {"samples": 9}, [17, 18, 19, 20, 37, 38, 39, 40]),
        (4, {"exploration": 0.0}, [2, 3, 4, 6, 7, 8]),
    ],
)
def test_samples_are_the_last_epochs_of_each_cycle_in_its_sampling_phase(epochs, options, steps):
    trainer = Recording()
    CyclicalSGMCMC(**options).ensembles(linear_task(epochs=epochs), (1, 2), trainer)
    ((task, found),) = trainer.tasks["csgmcmc"]
    assert list(found) == steps
    assert (task.settings.optimizer, task.settings.temperature) == ("sghmc", 1.0)


def test_with_noise_the_chain_is_as_wide_as_its_temperature_says():
    def spread(temperature):
        method = CyclicalSGMCMC(rate=0.3, temperature=temperature, exploration=0.2)
        found = method.ensembles(linear_task(epochs=5), (1,), MemoryTrainer())[1]
        return ravel(found.parts[0].weights[0])

    still = spread(0.0)
    widths = [(spread(temperature) - still).std().item() for temperature in (0.01, 1.0)]
    assert widths[1] == pytest.approx(10 * widths[0], rel=0.1)
    assert widths[0] > 1e-3


@pytest.mark.parametrize(
    ("option", "value", "rule"),
    [
        ("samples", 0, "at least 1"),
        ("rate", 0.0, "above 0"),
        ("exploration", 1.0, "at least 0 and below 1"),
        ("exploration", -0.1, "at least 0 and below 1"),
        ("temperature", -1.0, "at least 0"),
    ],
)
def test_options_out_of_range_are_refused(option, value, rule):
    with pytest.raises(ArgumentError, match=rf"`{option}` must be {rule}; got {value}"):
        CyclicalSGMCMC(**{option: value})
