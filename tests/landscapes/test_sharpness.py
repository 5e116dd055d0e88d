import numpy as np
import pytest
import torch
from torch import nn

from landscapes.curved import batches_of, images, is_same, pooled, state_of
from modescape.core.errors import ArgumentError
from modescape.landscapes import gradient_norm, sharpness

INPUTS, LABELS = images()
BATCHES = batches_of(INPUTS, LABELS)
LOSS = nn.CrossEntropyLoss()


def slow(radius):
    """The definition, on the whole set at once."""
    network = pooled().eval()
    before = LOSS(network(INPUTS), LABELS)
    before.backward()
    length = torch.sqrt(sum((parameter.grad**2).sum() for parameter in network.parameters()))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(parameter.grad, alpha=radius / length.item())
    return (LOSS(network(INPUTS), LABELS) - before).item(), length.item()


@pytest.mark.parametrize("radius", [0.01, 0.3])
def test_sharpness_is_the_rise_one_step_up_the_gradient(radius):
    assert sharpness(pooled(), LOSS, BATCHES, radius=radius) == pytest.approx(slow(radius)[0], rel=1e-9)


def test_the_norm_of_the_gradient_is_over_all_parameters():
    assert gradient_norm(pooled(), LOSS, BATCHES) == pytest.approx(slow(0.1)[1], rel=1e-9)


def test_a_small_radius_gives_the_norm_of_the_gradient():
    found = sharpness(pooled(), LOSS, BATCHES, radius=1e-6) / 1e-6
    assert found == pytest.approx(gradient_norm(pooled(), LOSS, BATCHES), rel=1e-4)


def test_a_network_at_its_minimum_has_no_sharpness():
    network = nn.Linear(2, 1)
    targets = network(torch.ones(3, 2)).detach()
    assert sharpness(network, nn.MSELoss(), [(torch.ones(3, 2), targets)], radius=1.0) == 0.0


@pytest.mark.parametrize("measure", [sharpness, gradient_norm])
def test_defect_the_model_is_changed(measure):
    network = pooled().requires_grad_(requires_grad=False)
    before = state_of(network)
    measure(network, LOSS, BATCHES)
    assert is_same(before, state_of(network))


def test_a_network_that_diverged_has_nan():
    network = pooled()
    nn.init.constant_(network[0].weight, float("nan"))
    assert np.isnan(sharpness(network, LOSS, BATCHES))
    assert np.isnan(gradient_norm(network, LOSS, BATCHES))


@pytest.mark.parametrize("radius", [0.0, -1.0, float("nan"), float("inf")])
def test_a_radius_is_above_zero(radius):
    with pytest.raises(ArgumentError, match=r"^`radius` must be above 0 and finite; got .* Pass 0.05\.$"):
        sharpness(pooled(), LOSS, BATCHES, radius=radius)
