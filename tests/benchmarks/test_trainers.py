"""The ways to train that are compared."""

import pytest
import torch

from trainers import (
    accuracies,
    digits,
    installed,
    made_images,
    mean_nll,
    member_steps,
    modescape_run,
    plain_loop,
    task_of,
    torch_ensemble,
    with_settings,
)


@pytest.fixture(scope="module")
def task():
    return task_of("mlp", digits(), 2, 3, engine="loop")


def test_steps_are_those_of_full_batches(task):
    assert member_steps(task) == 2 * 3 * (1_214 // 128)


@pytest.mark.parametrize("way", ["plain", "modescape", "TorchEnsemble"])
def test_each_way_trains_every_member_by_itself(task, way):
    if way == "TorchEnsemble" and installed("torchensemble") is None:
        pytest.skip("TorchEnsemble is not installed")
    ways = {"plain": plain_loop, "modescape": lambda each: modescape_run(each)[0], "TorchEnsemble": torch_ensemble}
    networks = ways[way](task)()()
    train = task.dataset.train
    before = mean_nll([task.network(0)], train, task.dataset.prepare)[0]
    losses = mean_nll(networks, train, task.dataset.prepare)
    assert len(losses) == 2
    assert losses[0] != losses[1]
    assert max(losses) < before / 1.5
    assert min(accuracies(networks, train, task.dataset.prepare)) > 0.5


def test_a_plain_member_depends_on_the_seed_of_the_run(task):
    again, other = plain_loop(task)()(), plain_loop(task_of("mlp", digits(), 2, 3, engine="loop", seed=1))()()
    first = plain_loop(task)()()[0][1].weight
    assert torch.equal(first, again[0][1].weight)
    assert not torch.equal(first, other[0][1].weight)


def test_settings_are_changed_in_a_copy(task):
    assert with_settings(task, engine="vmap").settings.engine == "vmap"
    assert task.settings.engine == "loop"


def test_made_images_can_be_learned_from_their_class():
    examples = made_images(200).train
    pixels = examples.inputs.flatten(1).float()
    means = torch.stack([pixels[examples.labels == number].mean(dim=0) for number in range(10)])
    nearest = torch.cdist(pixels, means).argmin(dim=1)
    assert (nearest == examples.labels).float().mean() > 0.9
