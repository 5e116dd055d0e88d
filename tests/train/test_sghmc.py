"""Stochastic gradient Hamiltonian Monte Carlo: its update, its noise, and samples of a posterior that is known."""

import numpy as np
import pytest
import torch
from scipy.linalg import solve_discrete_lyapunov
from torch import nn
from torch.optim import SGD

from modescape.data import Dataset, Examples
from modescape.train import ENGINES
from modescape.train.sghmc import SGHMC, LangevinNoise, noise_deviation

STARTS = [1.5, -2.0, 0.25]


def test_the_update_is_that_of_the_source_in_double_precision():
    momentum, decay, rates = 0.7, 0.03, [0.5, 0.1, 0.02, 0.4]
    weight = torch.tensor(STARTS, dtype=torch.float64)
    optimizer = SGHMC([weight], lr=9.0, momentum=momentum, weight_decay=decay)
    expected, velocity = np.array(STARTS), np.zeros(3)
    for step, rate in enumerate(rates):
        gradient = np.cos(np.arange(3.0) + step)
        velocity = momentum * velocity - rate * (gradient + decay * expected)
        expected = expected + velocity
        weight.grad = torch.tensor(gradient)
        optimizer.param_groups[0]["lr"] = rate
        optimizer.step()
    np.testing.assert_allclose(weight.numpy(), expected, rtol=1e-14)
    np.testing.assert_allclose(optimizer.state[weight]["velocity"].numpy(), velocity, rtol=1e-13)


def test_with_a_constant_rate_it_is_torchs_sgd():
    ours, theirs = (torch.tensor(STARTS, dtype=torch.float64) for _ in range(2))
    settings = {"lr": 0.2, "momentum": 0.85, "weight_decay": 0.1}
    optimizers = SGHMC([ours], **settings), SGD([theirs], **settings)
    for step in range(6):
        for weight, optimizer in zip((ours, theirs), optimizers, strict=True):
            weight.grad = torch.sin(torch.arange(3.0, dtype=torch.float64) + step)
            optimizer.step()
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-14)


def test_a_rate_that_rises_does_not_raise_the_velocity_already_there():
    weight = torch.zeros(1)
    optimizer = SGHMC([weight], lr=1e-6, momentum=0.5)
    for rate, gradient in ((1e-6, 1e3), (10.0, 0.0)):
        weight.grad = torch.tensor([gradient])
        optimizer.param_groups[0]["lr"] = rate
        optimizer.step()
    assert weight.item() == pytest.approx(-1.5e-3)


def test_the_deviation_of_the_noise_is_that_of_the_source():
    rate, momentum, temperature, num_examples = 0.03, 0.85, 0.4, 700
    deviation = noise_deviation(rate=rate, momentum=momentum, temperature=temperature, num_examples=num_examples)
    friction = 1.0 - momentum
    # Their code adds noise to the velocity, to which the gradient comes multiplied by the rate.
    assert rate * deviation == pytest.approx((2.0 * rate * friction * temperature / num_examples) ** 0.5)


def test_noise_is_normal_belongs_to_the_member_and_leaves_the_padding():
    vectors = [torch.zeros(2, 4096), torch.zeros(2, 64, dtype=torch.float64)]
    LangevinNoise((11, 12), 2.5).add_to(vectors, (4000, 60))
    assert vectors[0][:, :4000].std() == pytest.approx(2.5, rel=0.04)
    assert vectors[0].mean().abs() < 0.1
    assert abs(torch.corrcoef(vectors[0][:, :4000])[0, 1]) < 0.06
    assert vectors[1][:, :60].all()
    assert not vectors[0][:, 4000:].any()
    assert not vectors[1][:, 60:].any()
    alone = [torch.zeros(1, 4096), torch.zeros(1, 64, dtype=torch.float64)]
    LangevinNoise((12,), 2.5).add_to(alone, (4000, 60))
    assert all(torch.equal(own[0], both[1]) for own, both in zip(alone, vectors, strict=True))


class Regression(nn.Module):
    """Linear regression as a classifier: its cross-entropy is half the squared residual, plus 1.

    An example is a row of inputs with the target behind them; its label is 0.
    """

    def __init__(self, input_shape):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(input_shape[0] - 1))

    def forward(self, examples):
        residuals = examples[:, -1] - examples[:, :-1] @ self.weight
        loss = 0.5 * residuals.square() + 1.0
        other = loss.expm1().log()
        return torch.stack([torch.zeros_like(other), other], dim=1)


NUM_EXAMPLES, DECAY, MOMENTUM = 24, 0.2, 0.8


def observed():
    """Inputs and targets, in double precision."""
    generator = np.random.default_rng(4)
    inputs = generator.normal(size=(NUM_EXAMPLES, 2)) @ np.array([[1.0, 0.6], [0.0, 0.7]])
    return inputs, inputs @ np.array([0.8, -0.5]) + generator.normal(size=NUM_EXAMPLES)


def posterior():
    """Mean and precision of the weights given the data: unit noise, prior of variance 1 / (N decay)."""
    inputs, targets = observed()
    precision = inputs.T @ inputs + NUM_EXAMPLES * DECAY * np.eye(2)
    return np.linalg.solve(precision, inputs.T @ targets), precision


def stationary_covariance(precision, *, rate, temperature):
    """Covariance of the weights under the update itself, by its linear recursion (deviation, velocity)."""
    pull = rate * precision / NUM_EXAMPLES
    step = np.block([[np.eye(2) - pull, MOMENTUM * np.eye(2)], [-pull, MOMENTUM * np.eye(2)]])
    noise = 2 * (1 - MOMENTUM) * rate * temperature / NUM_EXAMPLES * np.kron(np.ones((2, 2)), np.eye(2))
    return solve_discrete_lyapunov(step, noise)[:2, :2]


def samples(make_task, *, rate, temperature, every=8, count=80, members=40):
    """Train chains with all examples in each batch, and return the weights of every few steps, (sample, 2)."""
    inputs, targets = observed()
    rows = torch.tensor(np.column_stack([inputs, targets]), dtype=torch.float32)
    examples = Examples(rows, torch.zeros(NUM_EXAMPLES, dtype=torch.int64))
    dataset = Dataset(
        "line", ("a", "b"), examples, examples, examples, torch.tensor(0.0), torch.tensor(1.0), "fingerprint"
    )
    settings = {"optimizer": "sghmc", "schedule": "constant", "exploration": 0.0, "momentum": MOMENTUM}
    settings |= {"learning_rate": rate, "temperature": temperature, "weight_decay": DECAY}
    epochs = every * (count + 10)
    task = make_task(Regression, dataset=dataset, batch_size=NUM_EXAMPLES, epochs=epochs, members=members, **settings)
    group = ENGINES["vmap"].begin(task, range(members))
    found = []
    for epoch in range(epochs):
        group.train_epoch(epoch)
        if epoch >= 10 * every and epoch % every == 0:
            found += [state.weights["weight"].double().numpy() for state in group.states()]
    return np.array(found)


def test_samples_of_a_gaussian_posterior_have_its_mean_and_covariance(make_task):
    mean, precision = posterior()
    covariance = np.linalg.inv(precision)
    rate = 0.03
    exact = stationary_covariance(precision, rate=rate, temperature=1.0)
    np.testing.assert_allclose(exact, covariance, rtol=0.02)
    found = samples(make_task, rate=rate, temperature=1.0)
    scale = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(found.mean(axis=0) / scale, mean / scale, atol=0.1)
    np.testing.assert_allclose(np.cov(found.T) / np.outer(scale, scale), covariance / np.outer(scale, scale), atol=0.08)


def test_the_temperature_scales_the_covariance(make_task):
    few = {"rate": 0.03, "every": 20, "count": 10, "members": 10}
    cold, warm = (samples(make_task, temperature=temperature, **few) for temperature in (0.25, 4.0))
    # The same noise but for its size, and a linear recursion: all deviations are four times as large.
    np.testing.assert_allclose(np.cov(warm.T), 16 * np.cov(cold.T), rtol=1e-3)


def test_at_temperature_0_it_is_gradient_descent(make_task):
    mean, _ = posterior()
    found = samples(make_task, rate=0.03, temperature=0.0, every=20, count=2, members=1)
    np.testing.assert_allclose(found[-1], mean, atol=1e-4)


def test_with_large_steps_the_covariance_is_that_of_the_recursion(make_task):
    _, precision = posterior()
    rate = 1.2
    exact = stationary_covariance(precision, rate=rate, temperature=0.5)
    biased = np.linalg.inv(precision) * 0.5
    assert np.abs(exact / biased - 1).max() > 0.2
    found = np.cov(samples(make_task, rate=rate, temperature=0.5).T)
    scale = np.sqrt(np.outer(np.diag(exact), np.diag(exact)))
    np.testing.assert_allclose(found / scale, exact / scale, atol=0.08)


def noisy(make_task, **settings):
    settings = {"optimizer": "sghmc", "schedule": "cyclical", "epochs": 6, "cycles": 2, "exploration": 0.5, **settings}
    return make_task(**settings)


def test_noise_comes_in_the_sampling_phase_with_the_rate_of_the_step(make_task):
    task = noisy(make_task, momentum=0.7, temperature=0.3, learning_rate=0.2)
    assert task.steps_per_epoch == 5
    noises = [task.langevin((0, 2), step) for step in range(30)]
    assert [noise is not None for noise in noises] == ([False] * 7 + [True] * 8) * 2
    rate = 0.2 / 2 * (1 + np.cos(np.pi * 9 / 15))
    assert noises[24].deviation == pytest.approx((2 * 0.3 * 0.3 / (rate * 90)) ** 0.5)
    seeds = [seed for noise in noises if noise is not None for seed in noise.seeds]
    assert len(set(seeds)) == len(seeds) == 32
    assert noises[24].seeds == (task.langevin((0,), 24).seeds[0], task.langevin((2, 1), 24).seeds[0])


@pytest.mark.parametrize("settings", [{"temperature": 0.0}, {"optimizer": "sgd"}])
def test_without_temperature_and_in_other_optimisers_there_is_none(settings, make_task):
    assert noisy(make_task, **settings).langevin((0,), 14) is None
