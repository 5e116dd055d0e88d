"""Augmentation: random changes of training images that keep their class."""

import torch
from jaxtyping import Int64, Shaped
from torch import Tensor
from torch.nn import functional

from modescape.core.errors import ArgumentError, Quoted


def crop_and_flip(
    inputs: Shaped[Tensor, "example channel height width"], *, generator: torch.Generator, padding: int = 4
) -> Shaped[Tensor, "example channel height width"]:
    """Return images cropped at random out of their zero-padded selves and flipped left to right with chance 1/2.

    Each image is padded with zeros on all sides, cut back to its size at a place drawn uniformly, and flipped or not.
    The padding used is `min(padding, shorter side // 8)`: the 4 pixels of the usual recipe on 32-pixel images, and 1
    on the 8-pixel digits, where 4 would push half the picture out.

    Source: He et al. (2016), Deep Residual Learning for Image Recognition, section 4.2,
    https://arxiv.org/abs/1512.03385. Own code, because torchvision draws from the global generator; here every draw
    comes from the given one, so that a member's images do not depend on the members trained beside it.

    Args:
        inputs: Raw images of any type on any device, before `Dataset.prepare`: a padded pixel is a raw 0.
        generator: Where all random numbers come from; three draws an image.
        padding: Most pixels added on each side, at least 0.

    Raises:
        ArgumentError: If the inputs are not images or the padding is negative.

    >>> images = torch.arange(64.0).reshape(1, 1, 8, 8)
    >>> crop_and_flip(images, generator=torch.Generator().manual_seed(0)).shape
    torch.Size([1, 1, 8, 8])
    """
    drawn = drawn_crops(len(inputs), tuple(inputs.shape[1:]), generator=generator, padding=padding)
    return cropped(inputs, drawn, padding=padding)


def drawn_crops(
    num_images: int, image_shape: tuple[int, ...], *, generator: torch.Generator, padding: int = 4
) -> Int64[Tensor, "example 3"]:
    """Draw where each image is cropped and whether it is flipped: what `cropped` needs, for a whole epoch at once.

    Args:
        num_images: How many.
        image_shape: (channel, height, width) of one image.
        generator: Where all random numbers come from; the draws lie on its device.
        padding: As in `crop_and_flip`.

    Returns:
        (row, column, flip) for each image: the corner of the crop in the padded image, and 1 where it is flipped.

    Raises:
        ArgumentError: If the shape is not that of an image or the padding is negative.

    >>> drawn_crops(5, (3, 32, 32), generator=torch.Generator().manual_seed(0)).shape
    torch.Size([5, 3])
    """
    border = _border(image_shape, padding)
    limits = (2 * border + 1, 2 * border + 1, 2)
    drawn = [torch.randint(limit, (num_images,), generator=generator, device=generator.device) for limit in limits]
    return torch.stack(drawn, dim=1)


def cropped(
    inputs: Shaped[Tensor, "example channel height width"], crops: Int64[Tensor, "example 3"], *, padding: int = 4
) -> Shaped[Tensor, "example channel height width"]:
    """Return images cropped and flipped as `drawn_crops` has drawn.

    Raises:
        ArgumentError: As `crop_and_flip` does.

    >>> images = torch.arange(64.0).reshape(1, 1, 8, 8)
    >>> torch.equal(cropped(images, torch.tensor([[1, 1, 1]])), images.flip(3))
    True
    """
    border = _border(tuple(inputs.shape[1:]), padding)
    num_images, _, height, width = inputs.shape
    rows, columns, flips = crops.to(inputs.device).unbind(1)
    windows = functional.pad(inputs, (border,) * 4).unfold(2, height, 1).unfold(3, width, 1)
    chosen = windows[torch.arange(num_images, device=inputs.device), :, rows, columns]
    flipped = torch.where(flips.bool()[:, None, None, None], chosen.flip(3), chosen)
    return flipped.contiguous(memory_format=torch.channels_last)


def _border(image_shape: tuple[int, ...], padding: int) -> int:
    """Return how many pixels are added on each side of an image."""
    if len(image_shape) != 3:
        advice = "Set augment to none for data that are not images"
        got = Quoted(f"examples of shape {image_shape}")
        raise ArgumentError("inputs", "be images (example, channel, height, width)", got, advice)
    if padding < 0:
        raise ArgumentError("padding", "be at least 0", padding, "Pass padding=4")
    return min(padding, min(image_shape[1:]) // 8)
