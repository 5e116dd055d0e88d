"""Multiple-choice learning, where it is known who learns what."""

import numpy as np
import pytest
import torch

from methods.agreement import check_engines_agree
from methods.tiny import EPOCHS, digits, tiny_task
from modescape.core.errors import ArgumentError
from modescape.data import Dataset, Examples
from modescape.methods import MemoryTrainer, MultipleChoice, ensemble_predictions
from modescape.methods.heads import head_losses
from modescape.methods.independent import Independent
from modescape.methods.joint import changed_task
from modescape.methods.multiple_choice import BestOnly
from modescape.models import recipe
from modescape.train import TrainingTask, TrainSettings

N = 128


def two_clusters():
    """Return points of two kinds, 6 in 10 and 4 in 10, that look alike and whose classes are the other way round."""
    generator = torch.Generator().manual_seed(3)
    cluster = (torch.arange(240) % 5 > 2).long()
    side = torch.randn(240, generator=generator).sign()
    inputs = torch.stack([3.0 * side, torch.randn(240, generator=generator)], dim=1)
    inputs += 0.2 * torch.randn(240, 2, generator=generator)
    labels = ((side > 0) ^ (cluster == 1)).long()
    parts = [Examples(inputs[rows], labels[rows]) for rows in (slice(160), slice(160, 200), slice(200, 240))]
    return Dataset("clusters", ("a", "b"), *parts, torch.tensor(0.0), torch.tensor(1.0), "clusters")


def linear_task(seed=0):
    settings = TrainSettings(
        members=2, epochs=25, batch_size=20, learning_rate=0.05, engine="loop", trajectories=0, device="cpu"
    )
    return TrainingTask(recipe("mlp", {"hidden": [], "dropout": 0.0}), two_clusters(), settings, seed)


def right_answers(ensemble, dataset):
    predicted = ensemble_predictions(ensemble, dataset.test.inputs, prepare=dataset.prepare).argmax(axis=2)
    return predicted == dataset.test.labels.numpy()


@pytest.mark.parametrize("seed", [0, 1])
def test_members_divide_what_no_one_can_do_alone(seed):
    task = linear_task(seed)
    chosen = right_answers(MultipleChoice().ensembles(task, (2,), MemoryTrainer())[2], task.dataset)
    alone = right_answers(Independent().ensembles(task, (2,), MemoryTrainer())[2], task.dataset)
    assert chosen.any(axis=0).mean() > 0.95, "one of the two is right"
    assert alone.any(axis=0).mean() == pytest.approx(0.6, abs=0.1), "independent ones all learn what is more frequent"
    assert sorted(chosen.mean(axis=1)) == pytest.approx([0.4, 0.6], abs=0.1), "each is right on one kind"


def test_only_the_winner_takes_the_gradient():
    logits = torch.randn(8, 3, 4, generator=torch.Generator().manual_seed(1), requires_grad=True)
    labels = torch.arange(8) % 4
    losses = BestOnly(smoothing=0.1)(logits, labels)
    every = head_losses(logits, labels, smoothing=0.1)
    torch.testing.assert_close(losses, every.min(dim=1).values)
    losses.sum().backward()
    moved = logits.grad.abs().sum(dim=2) > 0
    assert torch.equal(moved, torch.nn.functional.one_hot(every.argmin(dim=1), 3).bool())


def test_with_all_winning_members_learn_apart():
    logits = torch.randn(8, 3, 4, generator=torch.Generator().manual_seed(1))
    labels = torch.arange(8) % 4
    expected = head_losses(logits, labels).mean(dim=1)
    torch.testing.assert_close(BestOnly(winners=3)(logits, labels), expected)
    torch.testing.assert_close(BestOnly(winners=9)(logits, labels), expected)
    two_best = head_losses(logits, labels).sort(dim=1).values[:, :2].mean(dim=1)
    torch.testing.assert_close(BestOnly(winners=2)(logits, labels), two_best)


def test_it_costs_what_as_many_members_cost():
    task = tiny_task(model="mlp", options={"hidden": [8]})
    ensemble = MultipleChoice().ensembles(task, (3,), MemoryTrainer())[3]
    assert ensemble.cost.forward == ensemble.cost.backward == 3 * EPOCHS * N
    assert ensemble.cost.prediction == 3.0
    assert ensemble.cost.parameters == 3 * (65 * 8 + 9 * 10)


def test_members_are_networks_of_the_base_architecture():
    task = tiny_task(epochs=1)
    ensemble = MultipleChoice().ensembles(task, (2,), MemoryTrainer())[2]
    (part,) = ensemble.parts
    assert part.heads == 0
    assert len(part.weights) == 2
    first, second = ensemble_predictions(ensemble, digits().test.inputs[:9], prepare=digits().prepare)
    assert np.abs(first - second).max() > 1e-3


def test_engines_agree():
    task = tiny_task()
    joint = changed_task(task, MultipleChoice().recipe(task.recipe, 3), objective=BestOnly())
    check_engines_agree(joint)


def test_bad_options_are_named():
    with pytest.raises(ArgumentError, match="`winners` must be at least 1; got 0"):
        MultipleChoice(winners=0)
