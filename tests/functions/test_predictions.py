"""Class probabilities of networks, one by one and stacked."""

import random

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from modescape.core.trees import stack
from modescape.functions import predict, predict_stacked
from modescape.functions.predictions import evaluating


def halved(batch):
    return batch.float() / 2


def network(seed, *, dropping=False):
    torch.manual_seed(seed)
    tail = [AlwaysDropping()] if dropping else []
    parts = [nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.5), nn.Flatten(), *tail, nn.Linear(36, 3)]
    built = nn.Sequential(*parts)
    nn.init.normal_(built[1].running_mean)
    nn.init.uniform_(built[1].running_var, 0.5, 2.0)
    return built


class AlwaysDropping(nn.Module):
    def forward(self, inputs):
        return F.dropout(inputs, 0.5)


def tree(built):
    return {name: t.detach() for name, t in [*built.named_parameters(), *built.named_buffers()]}


INPUTS = torch.randint(0, 9, (11, 2, 5, 5), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


@pytest.mark.parametrize("batch_size", [1, 4, 11, 64])
def test_predictions_are_the_softmax_of_logits_in_evaluation_mode(batch_size):
    built = network(1)
    found = predict(built, INPUTS, prepare=halved, batch_size=batch_size)
    logits = built.double().eval()(INPUTS.double() / 2).detach().numpy()
    powers = np.exp(logits)
    np.testing.assert_allclose(found.numpy(), powers / powers.sum(axis=1, keepdims=True), rtol=0, atol=1e-6)
    assert found.dtype == torch.float32
    assert not found.requires_grad


@pytest.mark.parametrize("batch_size", [3, 64])
@pytest.mark.parametrize("num_members", [1, 3])
@pytest.mark.parametrize("dropping", [False, True])
def test_stacked_predictions_are_those_of_each(num_members, batch_size, dropping):
    networks = [network(seed, dropping=dropping) for seed in range(num_members)]
    expected = [predict(built, INPUTS, prepare=halved, batch_size=batch_size) for built in networks]
    weights = stack([tree(built) for built in networks])
    found = predict_stacked(network(99, dropping=dropping), weights, INPUTS, prepare=halved, batch_size=batch_size)
    assert found.shape == (num_members, 11, 3)
    torch.testing.assert_close(found, torch.stack(expected), rtol=0, atol=1e-6)


def states():
    return torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002


def test_what_is_drawn_in_evaluation_mode_comes_from_the_seed_and_leaves_no_trace():
    built = network(1, dropping=True)
    before = states()
    first, other = (predict(built, INPUTS, prepare=halved, seed=seed) for seed in (5, 6))
    assert states() == before
    torch.rand(3)
    assert torch.equal(predict(built, INPUTS, prepare=halved, seed=5), first)
    assert not torch.equal(first, other)
    weights = stack([tree(built)])
    assert torch.equal(predict_stacked(built, weights, INPUTS, prepare=halved, seed=6)[0], other)


def test_the_network_is_left_as_it_was():
    built = network(1).train()
    built[3].eval()
    before = {name: tensor.clone() for name, tensor in tree(built).items()}
    predict(built, INPUTS, prepare=halved)
    predict_stacked(built, stack([tree(built)] * 2), INPUTS, prepare=halved)
    assert [part.training for part in built] == [True, True, True, False, True, True]
    assert all(torch.equal(tensor, before[name]) for name, tensor in tree(built).items())
    assert all(parameter.grad is None for parameter in built.parameters())


def test_modes_come_back_after_an_error():
    built = network(1).train()
    built[1].eval()
    with evaluating(built):
        assert not any(part.training for part in built.modules())
    with pytest.raises(RuntimeError, match="shapes"), evaluating(built):
        built[5](torch.zeros(1, 5))
    assert [part.training for part in built][:3] == [True, False, True]
    assert built.training


def test_a_network_without_parameters_and_without_examples():
    assert predict(nn.Flatten(), torch.zeros(2, 3), prepare=halved).tolist() == [[pytest.approx(1 / 3)] * 3] * 2
    assert predict(nn.Linear(4, 3), torch.zeros(0, 4), prepare=halved).shape == (0, 3)
