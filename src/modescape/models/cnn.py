"""The two plain convolutional networks of Fort et al. (2019)."""

from collections.abc import Sequence

from torch import nn

from modescape.core.errors import ModelError
from modescape.models.initialisation import initialise_xavier

SMALL = (16, 32, 32)
MEDIUM = (64, 128, 256, 256)


def small_cnn(input_shape: tuple[int, ...], num_classes: int, *, width: float = 1.0, dropout: float = 0.1) -> nn.Module:
    """Return SmallCNN: 3 blocks of 16, 32 and 32 channels; 19,466 parameters at 3x32x32 and 10 classes.

    Args:
        input_shape: (channel, height, width) of one image.
        num_classes: Number of outputs (logits).
        width: Factor on the number of channels.
        dropout: Probability that a value is dropped after each convolution.

    Raises:
        ModelError: If the inputs are not images.

    >>> sum(p.numel() for p in small_cnn((3, 32, 32), 10).parameters())
    19466
    """
    return plain_cnn(input_shape, num_classes, channels=[round(c * width) for c in SMALL], dropout=dropout)


def medium_cnn(
    input_shape: tuple[int, ...], num_classes: int, *, width: float = 1.0, dropout: float = 0.1
) -> nn.Module:
    """Return MediumCNN: 4 blocks of 64, 128, 256 and 256 channels; 971,146 parameters at 3x32x32 and 10 classes.

    Arguments and errors are those of `small_cnn`.

    >>> sum(p.numel() for p in medium_cnn((3, 32, 32), 10).parameters())
    971146
    """
    return plain_cnn(input_shape, num_classes, channels=[round(c * width) for c in MEDIUM], dropout=dropout)


def plain_cnn(
    input_shape: tuple[int, ...], num_classes: int, *, channels: Sequence[int], dropout: float = 0.1
) -> nn.Module:
    """Return blocks of 3x3 convolution, dropout, 2x2 max-pool and ReLU (none after the last), then a linear layer.

    Source: Fort et al. (2019), published notebook,
    https://github.com/google-deepmind/deepmind-research/tree/master/ensemble_loss_landscape
    Differs from it in that a block pools only where the image still has two pixels or more each way, so that small
    images pass.

    Args:
        input_shape: (channel, height, width) of one image.
        num_classes: Number of outputs (logits).
        channels: Output channels of each block.
        dropout: Probability that a value is dropped after each convolution.

    Raises:
        ModelError: If the inputs are not images, or a block has no channels.

    >>> import torch
    >>> plain_cnn((1, 8, 8), 3, channels=[4, 4, 4, 4])(torch.zeros(2, 1, 8, 8)).shape
    torch.Size([2, 3])
    """
    depth, height, width = image_shape(input_shape)
    if min(channels, default=0) < 1:
        raise ModelError(f"`width` must leave at least one channel in each block; got {list(channels)}. Raise it.")
    layers: list[nn.Module] = []
    for index, wide in enumerate(channels):
        layers += [nn.Conv2d(depth, wide, kernel_size=3, padding=1), nn.Dropout(dropout)]
        if min(height, width) >= 2:
            layers.append(nn.MaxPool2d(2))
            height, width = height // 2, width // 2
        if index < len(channels) - 1:
            layers.append(nn.ReLU())
        depth = wide
    network = nn.Sequential(*layers, nn.Flatten(), nn.Linear(depth * height * width, num_classes))
    initialise_xavier(network)
    return network


def image_shape(input_shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Return (channel, height, width), or say that inputs are not images.

    Raises:
        ModelError: If the shape has not three entries.

    >>> image_shape((3, 32, 32))
    (3, 32, 32)
    """
    if len(input_shape) != 3:
        raise ModelError(
            f"`model` must fit the data: a convolutional network takes images (channel, height, width); got inputs of "
            f"shape {tuple(input_shape)}. Choose --model mlp, or data with images."
        )
    depth, height, width = input_shape
    return depth, height, width
