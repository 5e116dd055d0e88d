"""Residual networks for small images (version 1)."""

from torch import Tensor, nn
from torch.nn import functional as F

from modescape.core.errors import ModelError
from modescape.models.cnn import image_shape
from modescape.models.initialisation import initialise_xavier


class BasicBlock(nn.Module):
    """Two 3x3 convolutions with batch norm, and around them a shortcut or none.

    The shortcut is a 1x1 convolution where the shape changes.
    """

    def __init__(self, wide_in: int, wide_out: int, stride: int, dropout: float, *, skip: bool = True) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(wide_in, wide_out, 3, stride=stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(wide_out)
        self.dropout = nn.Dropout(dropout)
        self.conv2 = nn.Conv2d(wide_out, wide_out, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(wide_out)
        self.shortcut: nn.Module | None = nn.Identity() if skip else None
        if skip and (stride != 1 or wide_in != wide_out):
            self.shortcut = nn.Sequential(
                nn.Conv2d(wide_in, wide_out, 1, stride=stride, bias=False), nn.BatchNorm2d(wide_out)
            )

    def forward(self, inputs: Tensor) -> Tensor:
        """Map (example, channel, height, width) to the block's output."""
        hidden = self.dropout(F.relu(self.norm1(self.conv1(inputs))))
        changed = self.norm2(self.conv2(hidden))
        return F.relu(changed if self.shortcut is None else changed + self.shortcut(inputs))


def resnet(
    input_shape: tuple[int, ...],
    num_classes: int,
    *,
    depth: int = 56,
    width: float = 1.0,
    skip: bool = True,
    dropout: float = 0.0,
) -> nn.Module:
    """Return a residual network (version 1) for small images: 3 stages of basic blocks, 16, 32 and 64 channels.

    Without shortcuts it is the plain network whose landscape Li et al. (2018) hold against that of the residual one.

    Source: He et al. (2016), section 4.2, https://arxiv.org/abs/1512.03385; without shortcuts Li et al. (2018), section
    6.1, https://arxiv.org/abs/1712.09913
    Differs from it in the shortcuts, 1x1 convolutions instead of zero padding (their option B), and in Xavier's
    initialisation, which Fort et al. (2019) use.

    Args:
        input_shape: (channel, height, width) of one image.
        num_classes: Number of outputs (logits).
        depth: Layers with weights, shortcuts apart: 6 n + 2 for n blocks a stage.
        width: Factor on the number of channels.
        skip: Whether blocks have shortcuts.
        dropout: Probability that a value is dropped between the convolutions of a block.

    Raises:
        ModelError: If the inputs are not images, no channel is left, or no blocks make up the depth.

    >>> sum(p.numel() for p in resnet((3, 32, 32), 10, depth=8, skip=False).parameters())
    75290
    """
    channels_in, _, _ = image_shape(input_shape)
    num_blocks, rest = divmod(depth - 2, 6)
    if rest or num_blocks < 1:
        raise ModelError(f"`depth` must be 8, 14, 20 or another 6 n + 2; got {depth}. Pass 20 or 56.")
    stages = [round(channels * width) for channels in (16, 32, 64)]
    if min(stages) < 1:
        raise ModelError(f"`width` must leave at least one channel in each stage; got {stages}. Raise it.")
    layers: list[nn.Module] = [nn.Conv2d(channels_in, stages[0], 3, padding=1, bias=False), nn.BatchNorm2d(stages[0])]
    layers.append(nn.ReLU())
    wide = stages[0]
    for index, channels in enumerate(stages):
        for block in range(num_blocks):
            stride = 2 if index > 0 and block == 0 else 1
            layers.append(BasicBlock(wide, channels, stride, dropout, skip=skip))
            wide = channels
    network = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(wide, num_classes))
    initialise_xavier(network)
    return network


def resnet20(
    input_shape: tuple[int, ...], num_classes: int, *, width: float = 1.0, skip: bool = True, dropout: float = 0.0
) -> nn.Module:
    """Return `resnet` of depth 20; 272,474 parameters at 3x32x32.

    >>> sum(p.numel() for p in resnet20((3, 32, 32), 10).parameters())
    272474
    """
    return resnet(input_shape, num_classes, depth=20, width=width, skip=skip, dropout=dropout)
