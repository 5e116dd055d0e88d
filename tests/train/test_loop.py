"""What the loop engine takes that others don't."""

import random

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from modescape.train import ENGINES, load_weights, weights_of
from modescape.train.loop import LoopEngine
from train.networks import CumulativeNorm, Noisy
from train.training import INTERPRETED, distance, trained


@pytest.mark.parametrize("source", ["torch", "numpy", "python"])
def test_a_network_that_draws_from_global_generators_is_trained_reproducibly(source, make_task):
    first = trained(make_task(Noisy, {"source": source}), "loop", [(0,), (1,)])
    torch.manual_seed(9)
    np.random.seed(9)  # noqa: NPY002
    random.seed(9)
    again = trained(make_task(Noisy, {"source": source}), "loop", [(1,), (0,)])
    for member in (0, 1):
        assert distance(first[member].weights, again[member].weights) == 0.0
    assert distance(first[0].weights, first[1].weights) > 0.01


def test_such_a_network_goes_on_after_an_epoch_as_if_it_had_not_stopped(make_task):
    straight = LoopEngine().begin(make_task(Noisy), (1,))
    straight.train_epoch(0)
    resumed = LoopEngine().begin(make_task(Noisy), (1,), straight.states())
    torch.rand(5)
    assert straight.train_epoch(1).tolist() == resumed.train_epoch(1).tolist()
    assert distance(straight.states()[0].weights, resumed.states()[0].weights) == 0.0


def test_its_noise_differs_from_epoch_to_epoch_and_between_members(make_task):
    task = make_task(Noisy)
    seeds = {task.other_noise_seed(member, epoch) for member in range(4) for epoch in range(4)}
    assert len(seeds) == 16


def test_batch_norm_with_a_cumulative_average(make_task):
    weights = trained(make_task(CumulativeNorm), "loop", [(0,)])[0].weights
    assert weights["norm.num_batches_tracked"] == 10
    assert weights["norm.running_mean"].abs().max() > 0


def test_weights_are_copies_on_the_cpu_in_the_networks_order(digits, make_task):
    network = make_task("resnet20", {"width": 0.25}, dataset=digits).network(0)
    network.to(memory_format=torch.channels_last)
    weights = weights_of(network)
    expected = [name for name, _ in network.named_parameters()] + [name for name, _ in network.named_buffers()]
    assert list(weights) == expected
    assert all(tensor.is_contiguous() and not tensor.requires_grad for tensor in weights.values())
    weights["0.weight"].fill_(3)
    assert not (network[0].weight == 3).any()
    load_weights(network, weights)
    assert (network[0].weight == 3).all()
    assert network[0].weight.requires_grad


class Checkpointed(nn.Module):
    """Computes its hidden values, dropout included, once more in the backward pass."""

    def __init__(self, input_shape, num_classes, reentrant=False):
        super().__init__()
        self.reentrant = reentrant
        self.first, self.last = nn.Linear(input_shape[0], 8), nn.Linear(8, num_classes)

    def forward(self, inputs):
        def hidden(values):
            return F.dropout(self.first(values), 0.4, self.training)

        inputs = inputs.clone().requires_grad_()
        return self.last(checkpoint(hidden, inputs, use_reentrant=self.reentrant))


@pytest.mark.parametrize("reentrant", [False, True])
def test_activation_checkpointing_repeats_its_dropout(reentrant, make_task):
    task = make_task(Checkpointed, {"reentrant": reentrant}, optimizer="sgd", learning_rate=0.1)
    assert task.noise.uncontrolled
    first, again = (trained(task, "loop", [(0,)])[0].weights for _ in range(2))
    assert distance(first, again) == 0.0
    assert distance(first, weights_of(task.network(0))) > 0.01


class Solid(nn.Module):
    """A 3D convolution, and a pooling inside `torch.vmap`."""

    def __init__(self, input_shape, num_classes):
        super().__init__()
        self.conv = nn.Conv3d(1, 2, 3, padding=1)
        self.head = nn.Linear(2 * (input_shape[1] // 2) * (input_shape[2] // 2), num_classes)

    def forward(self, inputs):
        images = self.conv(inputs.unsqueeze(1)).squeeze(2).contiguous(memory_format=torch.channels_last)
        return self.head(torch.vmap(lambda image: F.max_pool2d(image[None], 2)[0])(images).flatten(1))


def test_kernels_of_three_dimensions_and_a_vmap_of_the_users(digits, make_task):
    task = make_task(Solid, dataset=digits)
    weights = trained(task, "loop", [(0,)], num_steps=3)[0].weights
    assert distance(weights, weights_of(task.network(0))) > 1e-4


class Counted(nn.Module):
    """Counts all its passes in a buffer, those in evaluation too."""

    def __init__(self, input_shape, num_classes):
        super().__init__()
        self.layer = nn.Linear(input_shape[0], num_classes)
        self.register_buffer("passes", torch.zeros(()))

    def forward(self, inputs):
        self.passes = self.passes + 1
        return self.layer(inputs)


@pytest.mark.parametrize("engine", INTERPRETED)
def test_looking_at_validation_examples_changes_no_buffer(engine, make_task):
    group = ENGINES[engine].begin(make_task(Counted), (0,))
    group.train_epoch(0, 3)
    group.accuracy()
    assert group.states()[0].weights["passes"] == 3
