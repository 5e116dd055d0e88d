"""Averages after alignment: copies of one network become it again, linear networks average their logits."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from methods.descent import Losing, Recording, linear_task
from methods.tiny import EPOCHS, digits, tiny_task
from modescape.core.errors import ArgumentError, ModelError
from modescape.functions.many import predict_each
from modescape.methods import AlignedAverage, MemoryTrainer
from modescape.methods.branches import mean_of_weights
from modescape.models import Recipe
from modescape.train import weights_of
from modescape.weights.symmetry import permuted, random_permutation, scaled, symmetry_of

N = 128


class Copies:
    """A trainer that answers with exchanged and rescaled copies of one network, whatever is to be trained."""

    def __init__(self, task, *, scale):
        network = task.network(0)
        symmetry = symmetry_of(network, digits().prepare(digits().train.inputs[:4]))
        weights = weights_of(network)
        self.trees, self.members = [weights], (0, 1, 2)
        for seed in (1, 2):
            copy = permuted(
                weights, symmetry, random_permutation(symmetry, generator=torch.Generator().manual_seed(seed))
            )
            factors = {name: torch.rand(symmetry.shape(name)) + 0.5 for name in symmetry.scalings} if scale else {}
            self.trees.append(scaled(copy, symmetry, factors) if factors else copy)

    def train(self, name, task, *, steps=None):
        del name, task, steps
        return self

    def solution(self, member):
        return self.trees[member]


def mlp_task(**settings):
    """Return a task of a small multilayer perceptron."""
    return tiny_task(model="mlp", options={"hidden": [12, 9]}, **settings)


@pytest.mark.parametrize("matching", ["activations", "weights"])
def test_copies_of_one_network_become_that_network(matching):
    task = mlp_task()
    trainer = Copies(task, scale=True)
    found = AlignedAverage(matching, examples=100).ensembles(task, (2, 3), trainer)
    for size in (2, 3):
        (weights,) = found[size].parts[0].weights
        for name, tensor in trainer.trees[0].items():
            torch.testing.assert_close(weights[name], tensor, atol=2e-5, rtol=1e-4)
    plain = mean_of_weights(trainer.trees)
    assert (plain["1.weight"] - trainer.trees[0]["1.weight"]).abs().max() > 0.05


def test_statistics_of_batch_norm_are_renewed():
    def build(num_classes):
        norm = nn.BatchNorm1d(8)
        return nn.Sequential(nn.Flatten(), nn.Linear(64, 8), norm, nn.ReLU(), nn.Linear(8, num_classes))

    task = replace(tiny_task(), recipe=Recipe("normalised", build))
    trainer = Copies(task, scale=False)
    found = AlignedAverage("activations", examples=100).ensembles(task, (3,), trainer)[3]
    (weights,) = found.parts[0].weights
    first = trainer.trees[0]
    inputs = digits().prepare(digits().train.inputs).flatten(1).double()
    hidden = inputs @ first["1.weight"].double().T + first["1.bias"].double()
    torch.testing.assert_close(weights["2.running_mean"].double(), hidden.mean(dim=0), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(weights["2.running_var"].double(), hidden.var(dim=0), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(weights["4.weight"], first["4.weight"])
    assert found.cost.forward - found.cost.backward == 2 * 2 * 100 + N


def test_linear_networks_average_their_logits():
    task = linear_task(epochs=5)
    trainer = MemoryTrainer()
    found = AlignedAverage().ensembles(task, (3,), trainer)[3]
    members = trainer.train("independent", task)
    trees = [members.solution(member) for member in range(3)]
    inputs, network = digits().test.inputs, task.network(0)
    answers = predict_each(
        network, [*trees, *found.parts[0].weights], inputs, prepare=digits().prepare, output="logits"
    )
    *apart, one = [each.numpy() for each in answers]
    np.testing.assert_allclose(one, np.mean(apart, axis=0), atol=1e-4)
    # Nothing is exchanged, so that nothing but the training is paid.
    assert found.cost.forward == found.cost.backward == 3 * 5 * N


def test_members_are_trained_as_long_as_the_budget_leaves():
    trainer = Recording()
    found = AlignedAverage("activations", examples=60).ensembles(mlp_task(), (1, 2, 3), trainer)
    assert set(found) == {2, 3}
    assert {task.settings.epochs for task, _ in trainer.tasks["aligned-average"]} == {EPOCHS - 1}
    assert len(trainer.inner._kept) == 1, "sizes share their members"
    for size, ensemble in found.items():
        assert ensemble.cost.backward == size * (EPOCHS - 1) * N
        assert ensemble.cost.forward == ensemble.cost.backward + (size - 1) * 5 * 60
        assert ensemble.cost.training <= size * EPOCHS * N


def test_examples_that_a_last_batch_leaves_over_are_no_part_of_the_budget():
    task = mlp_task(batch_size=60)  # 120 of 128 in each epoch
    found = AlignedAverage(examples=20).ensembles(task, (2,), MemoryTrainer())[2]
    assert found.cost.backward == 2 * (EPOCHS - 1) * 120
    assert found.cost.training <= 2 * EPOCHS * 120


def test_matching_by_weights_needs_no_activations():
    found = AlignedAverage("weights", examples=60).ensembles(mlp_task(), (2,), MemoryTrainer())[2]
    assert found.cost.forward == found.cost.backward + 3 * 60


def test_there_is_none_where_no_epoch_is_left():
    assert AlignedAverage().ensembles(mlp_task(epochs=1), (2,), MemoryTrainer()) == {}


def test_members_that_diverged_are_left_out():
    found = AlignedAverage().ensembles(mlp_task(), (2, 3), Losing(members=(0, 1)))
    assert set(found) == {3}
    assert found[3].notes == ("2 of 3 members diverged and are left out.",)


def test_a_network_that_is_not_understood_is_refused():
    class Deciding(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(64, 10)

        def forward(self, inputs):
            outputs = self.layer(inputs.flatten(1))
            return outputs if outputs.sum() > 0 else -outputs

    task = replace(tiny_task(), recipe=Recipe("deciding", Deciding))
    with pytest.raises(ModelError, match=r"`model` must have units of which it is known .*; got deciding: .*traced"):
        AlignedAverage().ensembles(task, (2,), MemoryTrainer())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"matching": "names"}, r"`matching` must be one of weights, activations; got 'names'"),
        ({"examples": 1}, r"`examples` must be at least 2; got 1\. Pass some hundreds"),
        ({"starts": 0}, r"`starts` must be at least 1; got 0"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(ArgumentError, match=message):
        AlignedAverage(**options)
