"""Monte Carlo dropout against the mean over all sets of units."""

from itertools import product

import numpy as np
import pytest
import torch

from methods.descent import Recording
from methods.tiny import digits, tiny_task
from modescape.core.errors import ArgumentError, ModelError
from modescape.methods import MCDropout, Single, ensemble_predictions

RATE = 0.3


def units_task(**more):
    """Return a task of a network with six hidden units."""
    options = {"hidden": [6], "dropout": RATE}
    return tiny_task(model="mlp", options=options, members=2, epochs=2, **more)


def test_the_mean_over_many_passes_is_that_over_all_sets_of_units():
    ensemble = MCDropout(passes=100).ensembles(units_task(), (2,), Recording())[2]
    inputs = digits().test.inputs[:12]
    found = ensemble_predictions(ensemble, inputs, prepare=digits().prepare, seed=3)
    assert found.shape == (100, 12, 10)
    ((tree,),) = (part.weights for part in ensemble.parts)
    weights = {name: tensor.double() for name, tensor in tree.items()}
    units = digits().prepare(inputs).flatten(1).double() @ weights["1.weight"].T + weights["1.bias"]
    expected = torch.zeros(12, 10, dtype=torch.float64)
    for kept in product((0.0, 1.0), repeat=6):
        mask = torch.tensor(kept, dtype=torch.float64)
        chance = RATE ** (6 - sum(kept)) * (1 - RATE) ** sum(kept)
        hidden = (units * mask / (1 - RATE)).relu()
        expected += chance * (hidden @ weights["4.weight"].T + weights["4.bias"]).softmax(dim=1)
    error = found.std(axis=0) / np.sqrt(100)
    assert np.all(np.abs(found.mean(axis=0) - expected.numpy()) <= 5 * error + 1e-6)
    assert found.std(axis=0).max() > 0.02


def test_it_is_the_training_of_a_single_network_and_counts_its_passes():
    trainer = Recording()
    ensemble = MCDropout(passes=7).ensembles(units_task(), (1, 2), trainer)[2]
    Single().ensembles(units_task(), (1, 2), trainer)
    assert len(trainer.inner._kept) == 2
    assert (ensemble.num_members, ensemble.cost.prediction) == (7, 7)
    assert ensemble.cost.parameters == 64 * 6 + 6 + 6 * 10 + 10
    assert ensemble.cost.training == 2 * 2 * len(digits().train)


def test_a_network_without_dropout_is_refused_before_it_is_trained():
    trainer = Recording()
    with pytest.raises(ModelError, match=r"`model` must have dropout layers \(nn.Dropout\) that drop something"):
        MCDropout().ensembles(tiny_task(options={"width": 0.25, "dropout": 0.0}), (1,), trainer)
    assert not trainer.tasks


def test_no_pass_is_refused():
    with pytest.raises(ArgumentError, match=r"`passes` must be at least 1; got 0. Pass --method-option"):
        MCDropout(passes=0)
