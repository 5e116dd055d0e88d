"""What all methods have in common, held over the catalogue."""

import dataclasses

import numpy as np
import pytest
import torch

from methods.tiny import EPOCHS, MEMBERS, digits, tiny_task
from modescape.methods import METHODS, MemoryTrainer, ensemble_predictions
from modescape.train.task import TrainingTask

SIZES = (1, 2, MEMBERS)


class Counting:
    """A trainer that counts what it is asked to train."""

    def __init__(self, inner):
        self.inner, self.tasks, self.draws_globally = inner, [], False

    def train(self, name, task, *, steps=None):
        assert isinstance(task, TrainingTask)
        self.tasks.append(task)
        return self.inner.train(name, task, steps=steps)


def task(seed=0):
    """Return the task of all methods."""
    return tiny_task(seed=seed, batch_size=32)


@pytest.fixture(scope="module")
def trainers():
    """Return trainers that keep what several methods train: of a seed, of it once more, and of another."""
    return MemoryTrainer(), MemoryTrainer(), MemoryTrainer()


@pytest.fixture(scope="module", params=METHODS)
def made(request, trainers):
    """Return a method, its ensembles of all sizes, and the trainer that made them."""
    method, trainer = METHODS[request.param](), Counting(trainers[0])
    torch.manual_seed(7)
    before = torch.get_rng_state()
    ensembles = method.ensembles(task(), SIZES, trainer)
    trainer.draws_globally = not torch.equal(torch.get_rng_state(), before)
    return method, ensembles, trainer


@pytest.fixture(scope="module")
def predictions(made):
    """Return what each ensemble predicts, by size."""
    return {size: predicted(ensemble) for size, ensemble in made[1].items()}


def predicted(ensemble, seed=0):
    """Return what an ensemble predicts for the test examples."""
    return ensemble_predictions(ensemble, digits().test.inputs, prepare=digits().prepare, seed=seed)


def test_it_is_a_frozen_set_of_options_with_a_name(made):
    method, _, _ = made
    assert METHODS[method.name] is type(method)
    assert method.title
    assert dataclasses.is_dataclass(method)
    assert type(method).__dataclass_params__.frozen
    assert "Source:" in type(method).__doc__
    assert "http" in type(method).__doc__


def test_it_has_ensembles_of_the_sizes_asked_for(made):
    method, ensembles, _ = made
    assert ensembles
    assert set(ensembles) <= set(SIZES)
    assert MEMBERS in ensembles
    for size, ensemble in ensembles.items():
        assert (ensemble.method, ensemble.size) == (method.name, size)


def test_its_predictions_are_probabilities(made, predictions):
    for size, ensemble in made[1].items():
        found = predictions[size]
        assert found.shape == (ensemble.num_members, len(digits().test), 10)
        np.testing.assert_allclose(found.sum(axis=2), 1.0, atol=1e-5)
        assert found.min() >= 0.0


def test_its_weights_fit_its_networks(made):
    for ensemble in made[1].values():
        for part in ensemble.parts:
            named = {**dict(part.network.named_parameters()), **dict(part.network.named_buffers())}
            for weights in part.weights:
                assert {name: tensor.shape for name, tensor in weights.items()} == {
                    name: tensor.shape for name, tensor in named.items()
                }


def test_it_keeps_the_budget_and_spends_most_of_it(made):
    for size, ensemble in made[1].items():
        budget = size * EPOCHS * len(digits().train)
        assert ensemble.cost.training <= budget * (1 + 1e-9)
        # With so few epochs, rounding down to whole ones leaves up to half of the budget of the smallest size.
        assert ensemble.cost.training >= 0.5 * budget


def test_its_costs_of_prediction_are_positive(made):
    for ensemble in made[1].values():
        assert ensemble.cost.prediction > 0.0
        assert ensemble.cost.parameters > 0


def test_the_same_seed_gives_the_same_predictions_and_another_seed_others(made, predictions, trainers):
    method, _, _ = made
    again = METHODS[method.name]().ensembles(task(), (MEMBERS,), trainers[1])
    np.testing.assert_array_equal(predicted(again[MEMBERS]), predictions[MEMBERS])
    smallest = min(predictions)
    other = METHODS[method.name]().ensembles(task(seed=1), (smallest,), trainers[2])
    assert np.abs(predicted(other[smallest]).mean(axis=0) - predictions[smallest].mean(axis=0)).max() > 1e-3


def test_it_leaves_the_global_generators_as_they_were(made):
    _, ensembles, trainer = made
    assert not trainer.draws_globally
    before = torch.get_rng_state()
    predicted(ensembles[min(ensembles)])
    assert torch.equal(torch.get_rng_state(), before)


def test_what_was_trained_once_is_not_trained_again(made):
    method, _, trainer = made
    kept = dict(trainer.inner._kept)
    METHODS[method.name]().ensembles(task(), SIZES, trainer)
    assert trainer.inner._kept == kept


def test_what_it_trains_is_told_apart_by_name(made):
    _, _, trainer = made
    for task in trainer.tasks:
        assert task.recipe.name
