"""Dropout and pooling in one layer: the same numbers, gradients, weights and random choices."""

import copy

import pytest
import torch
from torch import nn

from modescape.models import recipe
from modescape.train.fusion import DropoutMaxPool, fuse
from modescape.train.noise import MaskSource, drawing
from train.training import INTERPRETED, distance, trained


def run(network, inputs, seed):
    """One training pass with a member's masks; outputs and gradients."""
    network.zero_grad()
    leaf = inputs.clone(memory_format=torch.preserve_format).requires_grad_()
    with drawing(MaskSource(seed)):
        outputs = network.train()(leaf)
    outputs.square().sum().backward()
    return [outputs.detach(), leaf.grad, *(p.grad.clone() for p in network.parameters())]


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize("size", [(8, 8), (9, 7)])
@pytest.mark.parametrize("probability", [0.1, 0.6, 1.0])
def test_a_fused_network_trains_as_the_original(layout, size, probability):
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1), nn.Dropout(probability), nn.MaxPool2d(2), nn.ReLU(), nn.Dropout(0.3)
    ).to(memory_format=layout)
    fused = fuse(copy.deepcopy(network))
    assert isinstance(fused[1], DropoutMaxPool)
    inputs = torch.randn(4, 3, *size).contiguous(memory_format=layout)
    for found, expected in zip(run(fused, inputs, 5), run(network, inputs, 5), strict=True):
        torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_names_of_weights_stay_and_evaluation_is_the_same():
    network = recipe("small-cnn").build((3, 32, 32), 10, seed=0).eval()
    fused = fuse(copy.deepcopy(network)).eval()
    assert list(fused.state_dict()) == list(network.state_dict())
    inputs = torch.randn(2, 3, 32, 32)
    assert torch.equal(fused(inputs), network(inputs))
    assert sum(isinstance(layer, DropoutMaxPool) for layer in fused) == 3


def test_without_a_source_of_masks_it_draws_from_the_global_generator():
    layer = fuse(nn.Sequential(nn.Dropout(0.5), nn.MaxPool2d(2))).train()
    torch.manual_seed(3)
    first = layer(torch.ones(50, 1, 2, 2))
    torch.manual_seed(3)
    assert torch.equal(first, layer(torch.ones(50, 1, 2, 2)))
    assert set(first.unique().tolist()) <= {0.0, 2.0}
    assert torch.equal(layer.eval()(torch.ones(5, 1, 2, 2)), torch.ones(5, 1, 1, 1))


def hooked():
    layer = nn.Dropout(0.1)
    layer.register_forward_hook(lambda *_: None)
    return layer


OTHERS = [
    nn.Sequential(nn.Dropout(0.1, inplace=True), nn.MaxPool2d(2)),
    nn.Sequential(nn.Dropout2d(0.1), nn.MaxPool2d(2)),
    nn.Sequential(nn.Dropout(0.1), nn.MaxPool2d(3)),
    nn.Sequential(nn.Dropout(0.1), nn.MaxPool2d(2, stride=1)),
    nn.Sequential(nn.Dropout(0.1), nn.MaxPool2d(2, padding=1)),
    nn.Sequential(nn.Dropout(0.1), nn.MaxPool2d(2, ceil_mode=True)),
    nn.Sequential(nn.Dropout(0.1), nn.ReLU(), nn.MaxPool2d(2)),
    nn.Sequential(hooked(), nn.MaxPool2d(2)),
]


@pytest.mark.parametrize("network", OTHERS)
def test_other_layers_are_left_alone(network):
    before = [type(layer) for layer in network]
    assert [type(layer) for layer in fuse(network)] == before


class Skipping(nn.Module):
    """Uses a part of its Sequential by itself."""

    def __init__(self, input_shape, num_classes):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(input_shape[0], 4, 3, padding=1), nn.Dropout(0.3), nn.MaxPool2d(2))
        self.head = nn.Linear(4, num_classes)

    def forward(self, inputs):
        skip = self.body[:2](inputs)
        return self.head(skip.mean((2, 3)) + self.body[2](skip).mean((2, 3)))


def test_layers_that_are_used_in_several_places_are_left_alone():
    conv, drop = nn.Conv2d(4, 4, 3, padding=1), nn.Dropout(0.2)
    for network in (nn.Sequential(drop, conv, drop, nn.MaxPool2d(2)), nn.Sequential(conv, drop, conv, nn.MaxPool2d(2))):
        inputs = torch.randn(2, 4, 8, 8)
        expected = network.eval()(inputs)
        assert torch.equal(fuse(network)(inputs), expected)


def test_a_network_that_fusing_would_change_is_not_fused(digits, make_task):
    assert not make_task(Skipping, dataset=digits).fusible
    assert make_task("small-cnn", dataset=digits).fusible
    task = make_task(Skipping, dataset=digits)
    loop, vmap = (trained(task, engine, [(1,)], num_steps=5)[1].weights for engine in INTERPRETED)
    assert distance(loop, vmap) <= 1e-5
