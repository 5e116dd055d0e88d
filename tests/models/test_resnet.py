"""ResNet20, version 1."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from modescape.core.errors import ModelError
from modescape.models import resnet, resnet20
from modescape.models.resnet import BasicBlock


def test_the_parameter_count_of_version_1_with_1x1_shortcuts():
    assert sum(parameter.numel() for parameter in resnet20((3, 32, 32), 10).parameters()) == 272_474
    weighted = [m for m in resnet20((3, 32, 32), 10).modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len([layer for layer in weighted if getattr(layer, "kernel_size", None) != (1, 1)]) == 20


@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 28, 28), (3, 32, 32), (3, 64, 64), (1, 5, 9), (2, 1, 1)])
@pytest.mark.parametrize("num_classes", [2, 7])
def test_every_image_and_number_of_classes_passes(shape, num_classes):
    network = resnet20(shape, num_classes, width=0.125)
    assert network(torch.rand(3, *shape)).shape == (3, num_classes)


@pytest.mark.parametrize("width", [0.25, 0.5, 1.5])
def test_width_is_a_factor_on_channels(width):
    network = resnet20((3, 8, 8), 4, width=width)
    blocks = [layer for layer in network if isinstance(layer, BasicBlock)]
    assert [block.conv2.out_channels for block in blocks] == [round(c * width) for c in [16] * 3 + [32] * 3 + [64] * 3]
    assert network[-1].in_features == round(64 * width)


def test_images_are_halved_twice():
    network = resnet20((3, 32, 32), 10, width=0.125)
    assert network[:12](torch.rand(1, 3, 32, 32)).shape[2:] == (8, 8)


@pytest.mark.parametrize(("wide_out", "stride"), [(3, 1), (5, 1), (5, 2)])
def test_a_block_is_two_convolutions_around_a_shortcut(wide_out, stride):
    block = BasicBlock(3, wide_out, stride, 0.0).double().eval()
    for norm in (layer for layer in block.modules() if isinstance(layer, nn.BatchNorm2d)):
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)
        nn.init.normal_(norm.running_mean)
        nn.init.uniform_(norm.running_var, 0.5, 2.0)

    def normed(inputs, norm):
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        return (inputs - norm.running_mean[:, None, None]) * scale[:, None, None] + norm.bias[:, None, None]

    inputs = torch.randn(2, 3, 6, 6, dtype=torch.float64)
    hidden = normed(F.conv2d(inputs, block.conv1.weight, stride=stride, padding=1), block.norm1).clamp(min=0)
    hidden = normed(F.conv2d(hidden, block.conv2.weight, padding=1), block.norm2)
    shortcut = inputs
    if stride != 1 or wide_out != 3:
        shortcut = normed(F.conv2d(inputs, block.shortcut[0].weight, stride=stride), block.shortcut[1])
    torch.testing.assert_close(block(inputs), (hidden + shortcut).clamp(min=0))


def test_dropout_is_that_of_the_option_and_off_by_default():
    for options, rate in (({}, 0.0), ({"dropout": 0.3}, 0.3)):
        layers = [layer for layer in resnet20((1, 8, 8), 3, **options).modules() if isinstance(layer, nn.Dropout)]
        assert [layer.p for layer in layers] == [rate] * 9


def test_wrong_shapes_and_widths_are_refused():
    with pytest.raises(ModelError, match=r"takes images \(channel, height, width\); got inputs of shape \(7,\)"):
        resnet20((7,), 10)
    with pytest.raises(
        ModelError, match=r"`width` must leave at least one channel in each stage; got \[0, 0, 1\]\. Raise"
    ):
        resnet20((3, 8, 8), 10, width=0.01)


@pytest.mark.parametrize(("depth", "num_blocks"), [(8, 1), (14, 2), (32, 5)])
@pytest.mark.parametrize("skip", [True, False])
def test_depth_counts_layers_with_weights_besides_shortcuts(depth, num_blocks, skip):
    network = resnet((3, 8, 8), 4, depth=depth, width=0.25, skip=skip)
    weighted = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len([layer for layer in weighted if getattr(layer, "kernel_size", None) != (1, 1)]) == depth
    assert len([layer for layer in network if isinstance(layer, BasicBlock)]) == 3 * num_blocks


def test_without_skips_a_block_is_its_convolutions_alone():
    block = BasicBlock(3, 5, 2, 0.0, skip=False).eval()
    assert not [name for name, _ in block.named_parameters() if "shortcut" in name]
    inputs = torch.randn(2, 3, 6, 6)
    expected = block.norm2(block.conv2(block.norm1(block.conv1(inputs)).relu())).relu()
    torch.testing.assert_close(block(inputs), expected)
    with torch.no_grad():
        block.norm2.weight.zero_()
    assert not block(inputs).any()


@pytest.mark.parametrize("depth", [2, 9, 21, 0])
def test_depths_that_no_blocks_make_up_are_refused(depth):
    with pytest.raises(
        ModelError, match=rf"`depth` must be 8, 14, 20 or another 6 n \+ 2; got {depth}\. Pass 20 or 56"
    ):
        resnet((3, 8, 8), 4, depth=depth)
