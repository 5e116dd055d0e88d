"""A softmax regression trained on all examples at once, whose training is known to the last step, and odd trainers."""

from dataclasses import replace
from math import cos, pi

import torch
from torch import nn
from torch.nn import functional as F

from methods.tiny import digits, tiny_task
from modescape.core.errors import TrainingError
from modescape.methods import MemoryTrainer
from modescape.models import Recipe

RATE = 0.4


def linear_task(*, epochs, members=3, seed=0, **settings):
    """Return a task in which an epoch is one step of gradient descent."""
    known = {"optimizer": "sgd", "momentum": 0.0, "learning_rate": RATE, "batch_size": 128} | settings
    return tiny_task(model="mlp", options={"hidden": []}, epochs=epochs, members=members, seed=seed, **known)


def normalised(num_classes):
    """Build batch norm on the pixels, then a linear layer."""
    return nn.Sequential(nn.Flatten(), nn.BatchNorm1d(64), nn.Linear(64, num_classes))


def normalised_task(**settings):
    """Return a task whose network has batch norm."""
    return replace(tiny_task(**settings), recipe=Recipe("normalised", normalised))


def descended(start, rates, *, rows=None, momentum=0.0, decay=0.0):
    """Return the weights before and after each step of gradient descent, in double precision."""
    train = digits().train
    rows = torch.arange(len(train)) if rows is None else rows
    inputs = digits().prepare(train.inputs)[rows].flatten(1).double()
    weight, bias = (start[name].double().clone() for name in ("1.weight", "1.bias"))
    way = [{"1.weight": weight, "1.bias": bias}]
    speeds = [torch.zeros_like(weight), torch.zeros_like(bias)]
    for rate in rates:
        weight, bias = (tensor.clone().requires_grad_() for tensor in way[-1].values())
        loss = F.cross_entropy(inputs @ weight.T + bias, train.labels[rows])
        gradients = torch.autograd.grad(loss, [weight, bias])
        now = [weight.detach(), bias.detach()]
        speeds = [momentum * v - rate * (g + decay * w) for v, g, w in zip(speeds, gradients, now, strict=True)]
        way.append({"1.weight": now[0] + speeds[0], "1.bias": now[1] + speeds[1]})
    return way


def cosine_rates(highest, length, cycles=1):
    """Return the rates of cosine cycles."""
    return [highest / 2 * (1 + cos(pi * (step % length) / length)) for step in range(length * cycles)]


def check_close(found, expected, tolerance=2e-5):
    """Raise unless weights in single precision are those expected, and have moved by more than what is forgiven."""
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name].double(), tensor, atol=tolerance, rtol=tolerance)


class Losing:
    """A trainer in whose hands some members diverge, and some trainings as a whole."""

    def __init__(self, members=(), names=(), calls=None, inner=None):
        self.inner, self.members, self.names, self.calls = inner or MemoryTrainer(), members, names, calls
        self.num_calls = 0

    def train(self, name, task, *, steps=None):
        if name in self.names:
            self.num_calls += 1
            if self.calls is None or self.num_calls in self.calls:
                raise TrainingError("`learning_rate` must be lower.")
        found = self.inner.train(name, task, steps=steps)
        outcomes = {
            member: replace(outcome, status="diverged") if member in self.members else outcome
            for member, outcome in found.outcomes.items()
        }
        return replace(found, outcomes=outcomes)


class Recording:
    """A trainer that keeps what it is asked to train, by name."""

    def __init__(self, inner=None):
        self.inner, self.tasks = inner or MemoryTrainer(), {}

    def train(self, name, task, *, steps=None):
        self.tasks.setdefault(name, []).append((task, steps))
        return self.inner.train(name, task, steps=steps)

    def only(self, name):
        """Return the one task of a name."""
        ((task, _),) = self.tasks[name]
        return task
