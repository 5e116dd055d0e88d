"""What the loop engine takes that others don't."""

import random

import numpy as np
import pytest
import torch

from modescape.train import load_weights, weights_of
from modescape.train.loop import LoopEngine
from train.networks import CumulativeNorm, Noisy
from train.training import distance, trained


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
