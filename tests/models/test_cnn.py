"""The plain convolutional networks."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from modescape.core.errors import ModelError
from modescape.core.seeds import seeded_globals
from modescape.models import medium_cnn, plain_cnn, small_cnn


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


def test_parameter_counts_of_the_paper():
    assert count(small_cnn((3, 32, 32), 10)) == 19_466
    assert count(medium_cnn((3, 32, 32), 10)) == 971_146


@pytest.mark.parametrize("build", [small_cnn, medium_cnn])
@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 28, 28), (3, 32, 32), (3, 64, 64), (3, 5, 17), (2, 1, 1), (1, 1, 9)])
@pytest.mark.parametrize("num_classes", [2, 7])
def test_every_image_and_number_of_classes_passes(build, shape, num_classes):
    network = build(shape, num_classes, width=0.25)
    assert network(torch.rand(3, *shape)).shape == (3, num_classes)


@pytest.mark.parametrize(("width", "channels"), [(0.5, [8, 16, 16]), (2.0, [32, 64, 64]), (1.0, [16, 32, 32])])
def test_width_is_a_factor_on_channels(width, channels):
    network = small_cnn((3, 32, 32), 4, width=width)
    assert [layer.out_channels for layer in network if isinstance(layer, nn.Conv2d)] == channels
    assert network[-1].in_features == channels[-1] * 4 * 4


def test_layers_are_in_the_papers_order_with_no_relu_after_the_last():
    kinds = [type(layer).__name__ for layer in plain_cnn((3, 32, 32), 10, channels=[4, 5], dropout=0.3)]
    block = ["Conv2d", "Dropout", "MaxPool2d"]
    assert kinds == [*block, "ReLU", *block, "Flatten", "Linear"]


def test_the_function_is_that_of_its_layers():
    with seeded_globals(0):
        network = plain_cnn((2, 6, 6), 3, channels=[4, 5], dropout=0.3).eval().double()
        images = torch.rand(3, 2, 6, 6, dtype=torch.float64) - 0.5
    weights = list(network.parameters())
    hidden = F.max_pool2d(F.conv2d(images, weights[0], weights[1], padding=1), 2).clamp(min=0)
    hidden = F.max_pool2d(F.conv2d(hidden, weights[2], weights[3], padding=1), 2)
    assert (hidden < 0).any()
    torch.testing.assert_close(network(images), hidden.flatten(1) @ weights[4].T + weights[5])


def test_dropout_is_that_of_the_option():
    network = small_cnn((1, 8, 8), 3, dropout=0.37)
    assert [layer.p for layer in network.modules() if isinstance(layer, nn.Dropout)] == [0.37] * 3


@pytest.mark.parametrize("shape", [(7,), (8, 8), (1, 2, 3, 4)])
def test_inputs_that_are_no_images_are_refused(shape):
    with pytest.raises(ModelError, match=r"`model` must fit the data: a convolutional .*; got inputs of shape \(.*mlp"):
        small_cnn(shape, 10)


def test_a_width_that_leaves_no_channel_is_refused():
    with pytest.raises(
        ModelError, match=r"`width` must leave at least one channel in each block; got \[0, 1, 1\]\. Raise"
    ):
        small_cnn((3, 32, 32), 10, width=0.02)
    with pytest.raises(ModelError, match=r"at least one channel in each block; got \[\]"):
        plain_cnn((3, 32, 32), 10, channels=[])
