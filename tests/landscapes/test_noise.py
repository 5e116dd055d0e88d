"""Dropout from a generator of its own."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from modescape.landscapes.noise import Dropouts, draws_globally, noise_of


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
def test_drops_as_often_as_it_says_and_rescales(probability):
    inputs = torch.ones(400, 500)
    with Dropouts(seed=1):
        found = F.dropout(inputs, probability)
    assert (found == 0).float().mean().item() == pytest.approx(probability, abs=0.005)
    assert found.max().item() == pytest.approx(1 / (1 - probability), rel=1e-4)
    assert found.mean().item() == pytest.approx(1.0, abs=0.02)


def test_whole_channels_are_dropped():
    with Dropouts(seed=1):
        found = F.dropout2d(torch.ones(20, 30, 4, 4), 0.25)
    assert (found.amin((2, 3)) == found.amax((2, 3))).all()
    assert (found[:, :, 0, 0] == 0).float().mean().item() == pytest.approx(0.25, abs=0.06)
    with Dropouts(seed=1):
        assert F.dropout1d(torch.ones(2, 3, 4), 0.5, training=False).eq(1).all()


def test_edges_and_places():
    inputs = torch.ones(50)
    with Dropouts(seed=1) as masks:
        assert F.dropout(inputs, 1.0).eq(0).all()
        assert F.dropout(inputs, 0.0) is inputs
        assert nn.Dropout(0.5).eval()(inputs) is inputs
        assert masks.count == 1
        changed = inputs.clone()
        assert F.dropout(changed, 0.5, inplace=True) is changed
        assert set(changed.tolist()) == {0.0, 2.0}
        with pytest.raises(ValueError, match="probability"):
            F.dropout(inputs, 1.5)


def test_the_gradient_is_that_of_the_mask():
    inputs = torch.ones(3, 2, 4, 4, requires_grad=True)
    with Dropouts(seed=1):
        found = F.max_pool2d(F.dropout(inputs, 0.5), 2)
    with Dropouts(seed=1):
        mask = F.dropout(torch.ones(3, 2, 4, 4), 0.5)
    found.sum().backward()
    again = torch.ones(3, 2, 4, 4, requires_grad=True)
    F.max_pool2d(again * mask, 2).sum().backward()
    torch.testing.assert_close(inputs.grad, again.grad)


def test_masks_depend_on_the_seed_and_on_no_other_thread():
    def masks(seed):
        with Dropouts(seed):
            return [F.dropout(torch.ones(300), 0.5) for _ in range(50)]

    alone = [masks(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(masks, range(4)))
    for one, other in zip(alone, together, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
    assert not torch.equal(alone[0][0], alone[1][0])
    assert not torch.equal(alone[0][0], alone[0][1])


class Noisy(nn.Linear):
    def forward(self, inputs):
        return super().forward(inputs) + torch.randn(len(inputs), 2)


class NumpyNoise(nn.Linear):
    def forward(self, inputs):
        return super().forward(inputs) * float(np.random.random_sample())  # noqa: NPY002


class Checkpointed(nn.Linear):
    def forward(self, inputs):
        return checkpoint(lambda x: super(Checkpointed, self).forward(F.dropout(x, 0.5)), inputs, use_reentrant=False)


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        (nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Dropout(0.3)), False),
        (Noisy(2, 2), True),
        (NumpyNoise(2, 2), True),
        (Checkpointed(2, 2), True),
    ],
)
def test_global_noise_is_found_without_a_trace(network, expected):
    batch = torch.ones(4, 2), torch.zeros(4).long()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    state = torch.random.get_rng_state()
    assert draws_globally(network, *batch, F.cross_entropy) is expected
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())


@pytest.mark.parametrize("globally", [True, False])
def test_noise_is_repeated_by_its_seed(globally):
    def noise(seed):
        with noise_of(seed, torch.device("cpu"), globally=globally):
            return F.dropout(torch.ones(60), 0.5).tolist()

    assert noise(1) == noise(1) != noise(2)
