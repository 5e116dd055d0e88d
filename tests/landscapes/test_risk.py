import pytest
import torch
from torch import nn

from modescape.core.errors import ArgumentError
from modescape.landscapes.risk import Risk, mean_gradient, mean_loss, placed, still

GENERATOR = torch.Generator().manual_seed(1)
INPUTS = torch.randn(7, 3, generator=GENERATOR, dtype=torch.float64)
TARGETS = torch.randn(7, 2, generator=GENERATOR, dtype=torch.float64)
BATCHES = [(INPUTS[:5], TARGETS[:5]), (INPUTS[5:], TARGETS[5:])]


def linear():
    torch.manual_seed(3)
    return nn.Linear(3, 2).double()


def test_the_mean_is_over_examples_whatever_the_batches_and_the_reduction():
    network = linear()
    expected = ((network(INPUTS) - TARGETS) ** 2).mean().item()
    for loss in (nn.MSELoss(), nn.MSELoss(reduction="none"), nn.functional.mse_loss):
        assert mean_loss(network, Risk(loss), BATCHES) == pytest.approx(expected, rel=1e-12)


def test_the_gradient_is_that_of_the_mean():
    network = linear()
    loss, gradients = mean_gradient(network, Risk(nn.MSELoss()), BATCHES)
    whole = ((network(INPUTS) - TARGETS) ** 2).mean()
    assert loss == pytest.approx(whole.item(), rel=1e-12)
    for found, expected in zip(gradients, torch.autograd.grad(whole, list(network.parameters())), strict=True):
        torch.testing.assert_close(found, expected)


def test_a_parameter_that_outputs_do_not_depend_on_has_no_gradient():
    network = nn.Sequential(linear())
    network.register_parameter("idle", nn.Parameter(torch.ones(2, dtype=torch.float64)))
    _, gradients = mean_gradient(network, Risk(nn.MSELoss()), BATCHES)
    assert gradients[0].tolist() == [0.0, 0.0]
    assert gradients[1].abs().sum() > 0


def test_a_still_copy_has_nothing_random_and_nothing_frozen_in_it():
    network = nn.Sequential(nn.Linear(3, 2), nn.Dropout(), nn.BatchNorm1d(2)).requires_grad_(requires_grad=False)
    copied = still(network)
    assert not any(part.training for part in copied.modules())
    assert all(parameter.requires_grad for parameter in copied.parameters())
    assert network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_a_still_copy_is_contiguous_and_apart():
    network = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
    copied = still(network)
    assert copied.weight.is_contiguous()
    assert copied.weight.data_ptr() != network.weight.data_ptr()
    assert not network.weight.is_contiguous()


def test_a_network_that_writes_into_its_inputs_leaves_them_as_they_were():
    copied, inputs = still(nn.ReLU(inplace=True)), torch.tensor([-1.0])
    assert copied(inputs).item() == 0.0
    assert inputs.item() == -1.0


def test_batches_without_examples_are_left_out():
    empty = (INPUTS[:0], TARGETS[:0])
    assert len(placed([empty, *BATCHES], linear())) == 2


def test_what_can_not_be_measured_is_refused():
    with pytest.raises(ArgumentError, match=r"^`batches` must hold at least one example; got 0 batches. Pass a list"):
        placed([], linear())
    with pytest.raises(ArgumentError, match=r"^`loss` must be a mean over the batch; got one with reduction='sum'"):
        Risk(nn.MSELoss(reduction="sum"))
