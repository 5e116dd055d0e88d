"""Micro-batches: the same step, with the same masks, whoever makes them."""

import pytest
import torch
from torch import nn

from modescape.train import ENGINES
from train.networks import Awkward
from train.training import INTERPRETED, distance, trained

SETTINGS = {"optimizer": "sgd", "learning_rate": 0.05, "label_smoothing": 0.1}


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr("modescape.train.task.MICRO_BATCH", 6)


def test_large_batches_of_images_are_cut_on_a_cpu(small_parts, digits, features, make_task):  # noqa: ARG001
    task = make_task("small-cnn", dataset=digits, batch_size=16)
    assert task.parts == [slice(0, 6), slice(6, 12), slice(12, 16)]
    assert make_task("small-cnn", dataset=digits, batch_size=6).parts == [slice(0, 6)]
    assert make_task("mlp", dataset=features, batch_size=16).parts == [slice(0, 16)]


def untracked():
    return nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2, track_running_stats=False), nn.Flatten(), nn.Linear(72, 10)
    )


@pytest.mark.parametrize(("builder", "options"), [("resnet20", {"width": 0.125}), (Awkward, {}), (untracked, {})])
def test_networks_whose_examples_depend_on_one_another_are_not(small_parts, builder, options, digits, make_task):  # noqa: ARG001
    task = make_task(builder, options, dataset=digits, batch_size=16)
    assert not task.noise.divisible
    assert task.parts == [slice(0, 16)]


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("engine", INTERPRETED)
def test_a_step_in_parts_is_the_step_of_the_whole_batch(monkeypatch, engine, dropout, digits, make_task):
    task = make_task("small-cnn", {"dropout": dropout}, dataset=digits, **SETTINGS)
    whole = trained(task, engine, [(1,)], num_steps=10)[1].weights
    monkeypatch.setattr("modescape.train.task.MICRO_BATCH", 6)
    task = make_task("small-cnn", {"dropout": dropout}, dataset=digits, **SETTINGS)
    parts = trained(task, engine, [(1,)], num_steps=10)[1].weights
    assert len(task.parts) == 3
    assert 0.0 < distance(whole, parts) <= 1e-5


def test_the_engines_agree_in_parts_with_the_default_recipe(small_parts, digits, make_task):  # noqa: ARG001
    task = make_task("small-cnn", {"dropout": 0.1}, dataset=digits, epochs=40)
    loop = trained(task, "loop", [(0,), (1,)], num_steps=20)
    vmap = trained(task, "vmap", [(0, 1)], num_steps=20)
    assert all(distance(loop[member].weights, vmap[member].weights) <= 1e-4 for member in (0, 1))


@pytest.mark.parametrize("engine", INTERPRETED)
def test_the_loss_is_the_mean_of_the_batch(small_parts, engine, digits, make_task):  # noqa: ARG001
    task = make_task("small-cnn", {"dropout": 0.0}, dataset=digits, label_smoothing=0.1)
    loss = ENGINES[engine].begin(task, (0,)).train_epoch(0, 1)
    inputs, labels = task.batch(task.order(0, 0)[0], None)
    expected = nn.functional.cross_entropy(task.network(0)(inputs), labels, label_smoothing=0.1)
    torch.testing.assert_close(loss[0], expected.detach())
