"""BatchEnsemble as a method: its lengths, its costs, its engines, and the networks that it refuses."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from methods.agreement import check_engines_agree
from methods.tiny import EPOCHS, digits, tiny_task
from modescape.core.errors import ArgumentError, ModelError
from modescape.methods import BatchEnsemble, MemoryTrainer, ensemble_predictions
from modescape.methods.joint import changed_task
from modescape.models import Recipe

N = 128


def test_the_budget_is_spent_on_as_many_times_the_epochs():
    task = tiny_task(model="mlp", options={"hidden": [12]})
    ensemble = BatchEnsemble().ensembles(task, (3,), MemoryTrainer())[3]
    assert ensemble.cost.training == 3 * EPOCHS * N
    assert ensemble.cost.prediction == 3.0
    assert ensemble.num_members == 3


def test_its_parameters_are_the_shared_weights_and_vectors_of_each_member():
    task = tiny_task(model="mlp", options={"hidden": [12]}, epochs=1)
    ensemble = BatchEnsemble().ensembles(task, (4,), MemoryTrainer())[4]
    shared = 64 * 12 + 12 * 10
    assert ensemble.cost.parameters == shared + 4 * ((64 + 12 + 12) + (12 + 10 + 10))


def test_members_answer_apart_and_their_answers_are_those_of_their_own_networks():
    ensemble = BatchEnsemble().ensembles(tiny_task(epochs=2), (3,), MemoryTrainer())[3]
    part = ensemble.parts[0]
    network = part.network.eval()
    network.load_state_dict(part.weights[0])
    test = digits().test.inputs[:20]
    found = ensemble_predictions(ensemble, test, prepare=digits().prepare)
    with torch.no_grad():
        expected = [network.member(m).eval()(digits().prepare(test)).softmax(dim=1).numpy() for m in range(3)]
    np.testing.assert_allclose(found, np.stack(expected), atol=1e-5)
    assert np.abs(found[0] - found[1]).max() > 0.01


def with_batch_norm(num_classes):
    """Return a small network with batch norm and dropout."""
    first = [nn.Conv2d(1, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.2), nn.Flatten()]
    return nn.Sequential(*first, nn.Linear(144, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, num_classes))


@pytest.mark.parametrize(
    ("model", "options", "optimizer"),
    [
        ("small-cnn", None, "adam"),
        # Not with Adam: batch norm undoes the output factors before it, and Adam turns the rounding of their zero
        # gradients into steps.
        (with_batch_norm, {}, "sgd"),
        ("mlp", {"hidden": [16], "dropout": 0.2}, "adam"),
    ],
)
def test_engines_agree(model, options, optimizer):
    rate = {"adam": 3e-3, "sgd": 0.05}[optimizer]
    task = tiny_task(model=model, options=options, label_smoothing=0.1, optimizer=optimizer, learning_rate=rate)
    check_engines_agree(changed_task(task, BatchEnsemble().recipe(task.recipe, 3)))


def test_factors_begin_as_signs_or_around_one():
    def factors(method):
        base = tiny_task(model="mlp", options={"hidden": [400]}).recipe
        network = method.recipe(base, 3).build((64,), 10, seed=0)
        return network.network[1].output_factors.detach()

    signs = factors(BatchEnsemble(initialisation="signs"))
    assert set(signs.flatten().tolist()) == {-1.0, 1.0}
    assert signs.mean().abs() < 0.15
    normal = factors(BatchEnsemble(deviation=0.2))
    assert normal.mean().item() == pytest.approx(1.0, abs=0.02)
    assert normal.std().item() == pytest.approx(0.2, abs=0.02)


class ReadsWeights(nn.Module):
    """Uses the weights of a layer past the layer."""

    def __init__(self):
        super().__init__()
        self.first, self.head = nn.Linear(64, 8), nn.Linear(8, 10)

    def forward(self, inputs):
        return self.head(F.linear(inputs.flatten(1), self.first.weight))


class MixesRows(nn.Module):
    """Makes a batch of the rows of the images, so that those of an image would belong to several members."""

    def __init__(self):
        super().__init__()
        self.rows, self.head = nn.Linear(8, 4), nn.Linear(4, 10)

    def forward(self, inputs):
        rows = self.rows(inputs.flatten(0, 2)).relu()
        return self.head(rows.view(len(inputs), 8, 4).mean(dim=1))


@pytest.mark.parametrize(
    ("network", "match"),
    [
        (ReadsWeights, r"must call its layers.* got AttributeError.* leave batchensemble out"),
        (MixesRows, r"keep examples along the first axis.* got other answers from batchensemble of MixesRows"),
    ],
)
def test_networks_in_which_rows_have_no_member_are_refused(network, match):
    task = changed_task(tiny_task(), Recipe(network.__name__, network))
    with pytest.raises(ModelError, match=match):
        BatchEnsemble().ensembles(task, (3,), MemoryTrainer())


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"initialisation": "zeros"}, "`initialisation` must be one of normal, signs; got 'zeros'"),
        ({"deviation": -0.1}, "`deviation` must be at least 0; got -0.1"),
    ],
)
def test_bad_options_are_named(options, match):
    with pytest.raises(ArgumentError, match=match):
        BatchEnsemble(**options)
