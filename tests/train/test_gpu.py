"""What differs on a GPU: engines agree up to rounding, steps are compiled into one graph, groups go to all devices."""

import pytest
import torch

from modescape.train import EngineChoice, MemoryCheckpoints, train_members
from train.training import distance, trained

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")

SETTINGS = {"device": "cuda", "optimizer": "sgd", "learning_rate": 0.05}
WAYS = (("loop", [(0,), (1,), (2,)]), ("vmap", [(0, 1, 2)]))


@pytest.mark.parametrize("model", ["mlp", "small-cnn"])
@pytest.mark.parametrize("engine", ["vmap", "compile"])
def test_engines_agree(model, engine, digits, make_task):
    task = make_task(model, dataset=digits, **SETTINGS)
    alone = trained(task, "loop", [(0,), (1,), (2,)], num_steps=10)
    together = trained(task, engine, [(0, 1, 2)], num_steps=10)
    for member in range(3):
        assert distance(alone[member].weights, together[member].weights) < 1e-3


def test_engines_agree_on_langevin_noise(digits, make_task):
    settings = {**SETTINGS, "optimizer": "sghmc", "schedule": "constant", "exploration": 0.0}
    task = make_task("small-cnn", dataset=digits, **settings)
    alone, together = (trained(task, engine, groups, num_steps=10) for engine, groups in WAYS)
    for member in range(3):
        assert distance(alone[member].weights, together[member].weights) < 1e-3


@pytest.mark.parametrize("precision", ["float32", "tf32", "bf16"])
def test_every_precision_trains(precision, digits, make_task):
    task = make_task("small-cnn", dataset=digits, precision=precision, **SETTINGS)
    states = trained(task, "vmap", [(0, 1)], num_steps=10)
    assert all(tensor.isfinite().all() for tensor in states[0].weights.values())


def test_groups_are_trained_on_every_device(digits, make_task):
    task = make_task("mlp", dataset=digits, members=4, **SETTINGS)
    choice = EngineChoice("vmap", 2, "", workers=len(task.devices))
    outcomes = train_members(task, choice, MemoryCheckpoints())
    assert [outcome.status for outcome in outcomes] == ["trained"] * 4


def test_masks_do_not_depend_on_how_they_are_asked_for(make_task):
    whole, parts = (make_task(**SETTINGS).masks(0, 0) for _ in range(2))
    assert torch.equal(whole.raw(3000), torch.cat([parts.raw(1000), parts.raw(2000)]))
