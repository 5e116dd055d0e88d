"""Copies of a network for workers."""

import threading

import pytest
import torch
from torch import nn

from modescape.core.errors import ArgumentError
from modescape.functions.copies import Copies, draws_numbers


def scaled(value):
    return {"weight": torch.full((1, 1), float(value))}


@pytest.mark.parametrize("workers", [1, 3])
def test_results_come_in_order_and_copies_are_used_again(workers):
    copies, networks = Copies(nn.Linear(1, 1, bias=False), workers=workers), set()

    def work(network):
        networks.add(id(network))
        return network.weight.item()

    for _ in range(2):
        assert list(copies.each((scaled(value) for value in range(9)), work)) == list(range(9))
    assert len(networks) == (1 if workers == 1 else workers + 1)


def test_what_work_does_to_buffers_has_no_influence_on_the_next():
    network = nn.BatchNorm1d(1)

    def work(copied):
        found = copied.running_mean.item()
        copied.running_mean.add_(1)
        return found

    weights = [dict(network.named_parameters())] * 4
    assert list(Copies(network, workers=1).each(weights, work)) == [0.0] * 4
    assert network.running_mean.item() == 0.0


def test_each_vector_gets_the_random_numbers_that_it_would_get_alone():
    network = nn.Linear(1, 1, bias=False)
    copies = Copies(network, workers=3, seed=4)
    before = torch.get_rng_state()
    found = list(
        copies.each([scaled(0)] * 3, lambda _: (torch.rand(()).item(), threading.current_thread().name), draws=True)
    )
    assert len(set(found)) == 1
    assert found[0][1] == threading.current_thread().name
    other = Copies(network, workers=3, seed=5)
    assert next(other.each([scaled(0)], lambda _: torch.rand(()).item(), draws=True)) != found[0][0]
    assert torch.equal(torch.get_rng_state(), before)


def test_whether_numbers_are_drawn_is_found_out():
    device = torch.device("cpu")
    assert draws_numbers(lambda: torch.rand(2), seed=3, device=device)
    assert not draws_numbers(lambda: torch.ones(2), seed=3, device=device)


def test_kernels_keep_their_layout_if_wanted():
    network = nn.Conv2d(3, 4, 3)
    assert Copies(network, images_last=False).fresh().weight.is_contiguous()
    assert not Copies(network).fresh().weight.is_contiguous()


def test_no_worker_is_refused():
    with pytest.raises(ArgumentError, match=r"`workers` must be at least 1; got 0\. Leave it out"):
        Copies(nn.Linear(1, 1), workers=0)
