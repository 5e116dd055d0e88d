"""Residual networks for small images (version 1)."""

from torch import Tensor, nn
from torch.nn import functional as F

from modescape.core.errors import ModelError
from modescape.models.cnn import image_shape
from modescape.models.initialisation import initialise_xavier


class BasicBlock(nn.Module):
    """Two 3x3 convolutions with batch norm around a shortcut; a 1x1 convolution where the shape changes."""

    def __init__(self, wide_in: int, wide_out: int, stride: int, dropout: float) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(wide_in, wide_out, 3, stride=stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(wide_out)
        self.dropout = nn.Dropout(dropout)
        self.conv2 = nn.Conv2d(wide_out, wide_out, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(wide_out)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or wide_in != wide_out:
            self.shortcut = nn.Sequential(
                nn.Conv2d(wide_in, wide_out, 1, stride=stride, bias=False), nn.BatchNorm2d(wide_out)
            )

    def forward(self, inputs: Tensor) -> Tensor:
        """Map (example, channel, height, width) to the block's output."""
        hidden = self.dropout(F.relu(self.norm1(self.conv1(inputs))))
        return F.relu(self.norm2(self.conv2(hidden)) + self.shortcut(inputs))


def resnet20(input_shape: tuple[int, ...], num_classes: int, *, width: float = 1.0, dropout: float = 0.0) -> nn.Module:
    """Return ResNet20v1: 3 stages of 3 basic blocks, 16, 32 and 64 channels; 272,474 parameters at 3x32x32.

    Source: He et al. (2016), section 4.2, https://arxiv.org/abs/1512.03385
    Differs from it in the shortcuts, 1x1 convolutions instead of zero padding (their option B), and in Xavier's
    initialisation, which Fort et al. (2019) use.

    Args:
        input_shape: (channel, height, width) of one image.
        num_classes: Number of outputs (logits).
        width: Factor on the number of channels.
        dropout: Probability that a value is dropped between the convolutions of a block.

    Raises:
        ModelError: If the inputs are not images, or no channel is left.

    >>> sum(p.numel() for p in resnet20((3, 32, 32), 10).parameters())
    272474
    """
    depth, _, _ = image_shape(input_shape)
    stages = [round(channels * width) for channels in (16, 32, 64)]
    if min(stages) < 1:
        raise ModelError(f"`width` must leave at least one channel in each stage; got {stages}. Raise it.")
    layers: list[nn.Module] = [nn.Conv2d(depth, stages[0], 3, padding=1, bias=False), nn.BatchNorm2d(stages[0])]
    layers.append(nn.ReLU())
    wide = stages[0]
    for index, channels in enumerate(stages):
        for block in range(3):
            stride = 2 if index > 0 and block == 0 else 1
            layers.append(BasicBlock(wide, channels, stride, dropout))
            wide = channels
    network = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(wide, num_classes))
    initialise_xavier(network)
    return network
