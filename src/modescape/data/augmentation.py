"""Augmentation: random changes of training images that keep their class."""

import torch
from jaxtyping import Shaped
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
    if inputs.ndim != 4:
        advice = "Set augment to none for data that are not images"
        raise ArgumentError(
            "inputs", "be images (example, channel, height, width)", Quoted(f"shape {tuple(inputs.shape)}"), advice
        )
    if padding < 0:
        raise ArgumentError("padding", "be at least 0", padding, "Pass padding=4")
    num_images, _, height, width = inputs.shape
    border = min(padding, min(height, width) // 8)
    shape = (2, num_images)
    places = torch.randint(0, 2 * border + 1, shape, generator=generator, device=generator.device).to(inputs.device)
    flips = torch.randint(0, 2, shape[1:], generator=generator, device=generator.device).to(inputs.device)
    windows = functional.pad(inputs, (border,) * 4).unfold(2, height, 1).unfold(3, width, 1)
    cropped = windows[torch.arange(num_images, device=inputs.device), :, places[0], places[1]]
    flipped = torch.where(flips.bool()[:, None, None, None], cropped.flip(3), cropped)
    return flipped.contiguous(memory_format=torch.channels_last)
