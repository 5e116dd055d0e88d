"""How long a network is trained in place of an ensemble, by counts made by hand."""

import pytest
import torch
from torch import nn

from methods.tiny import EPOCHS, digits, tiny_task
from modescape.core.seeds import seeded_globals
from modescape.methods import MemoryTrainer, flops
from modescape.methods.joint import (
    changed_task,
    fresh,
    joint_ensemble,
    recipe_from,
    training_flops,
    within_budget,
)
from modescape.models import recipe
from modescape.train import task_key

PIXELS, BATCH = 64, 16


def linear_task(**settings):
    """Return a task of a linear model, of 2 * 64 * 10 FLOPs."""
    return tiny_task(model="mlp", options={"hidden": []}, **settings)


def hidden(units):
    """Return the recipe of a model with a hidden layer, of 2 * units * (64 + 10) FLOPs."""
    return recipe("mlp", {"hidden": [units], "dropout": 0.0})


@pytest.mark.parametrize(("units", "size"), [(20, 3), (30, 4), (5, 2)])
def test_epochs_are_those_that_the_flops_leave(units, size):
    task = linear_task()
    planned = within_budget(task, changed_task(task, hidden(units)), size)
    share = 2 * units * (PIXELS + 10) / (2 * PIXELS * 10)
    epochs = int(size * EPOCHS / share + 1e-9)
    assert planned is not None
    longer, passes = planned
    assert longer.settings.epochs == epochs
    assert passes == pytest.approx(epochs * 128 * share)
    assert passes <= size * EPOCHS * 128


def test_there_is_nothing_where_not_even_an_epoch_fits():
    task = linear_task(epochs=1)
    assert within_budget(task, changed_task(task, hidden(500)), 2) is None
    assert joint_ensemble("any", task, changed_task(task, hidden(500)), 2, MemoryTrainer()) is None


def test_triangles_get_an_even_number_of_epochs():
    task = linear_task(epochs=6, schedule="triangular", cycles=3)
    planned = within_budget(task, changed_task(task, hidden(10)), 1)
    share = 10 * (PIXELS + 10) / (PIXELS * 10)
    assert 5 < 6 / share < 6
    assert planned is not None
    assert planned[0].settings.epochs == 4


def test_flops_in_training_are_those_of_the_whole_batch():
    class Pairing(nn.Module):
        """Joins two examples in training."""

        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 3)

        def forward(self, inputs):
            return self.layer(inputs.view(-1, 2, 4).mean(dim=1) if self.training else inputs)

    network = Pairing().eval()
    assert training_flops(network, [torch.zeros(6, 4), torch.zeros(2, 4)]) == 12.0
    assert flops(network, torch.zeros(8, 4)) == 24.0
    assert not network.training


def test_counting_leaves_generators_and_statistics_as_they_were():
    network = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))
    before = torch.get_rng_state()
    training_flops(network, [torch.ones(6, 4)])
    assert torch.equal(torch.get_rng_state(), before)
    assert network[1].num_batches_tracked.item() == 0


def test_what_a_network_depends_on_tells_trainings_apart():
    def build(shape, num_classes):
        return fresh(hidden(4), shape, num_classes)

    task = linear_task()
    recipes = [
        recipe_from("kind", hidden(4), build, {"members": 2}),
        recipe_from("kind", hidden(4), build, {"members": 3}),
        recipe_from("kind", hidden(5), build, {"members": 2}),
        recipe_from("other", hidden(4), build, {"members": 2}),
    ]
    assert len({task_key(changed_task(task, made)) for made in recipes}) == 4


def test_fresh_networks_follow_the_seed_of_the_member():
    def drawn(seed):
        with seeded_globals(seed):
            return [fresh(hidden(4), (64,), 10)[1].weight for _ in range(2)]

    first, second = drawn(3)
    assert not torch.equal(first, second)
    assert torch.equal(first, drawn(3)[0])
    assert not torch.equal(first, drawn(4)[0])


def test_prediction_and_parameters_are_those_of_the_network():
    task = linear_task()
    ensemble = joint_ensemble("wide", task, changed_task(task, hidden(20)), 3, MemoryTrainer())
    assert ensemble is not None
    assert ensemble.cost.prediction == pytest.approx(20 * 74 / 640)
    assert ensemble.cost.parameters == 20 * 65 + 10 * 21
    assert ensemble.cost.forward == ensemble.cost.backward <= 3 * EPOCHS * len(digits().train)
