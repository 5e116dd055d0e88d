"""Corruption on the fly: any images, one by one, through an optional package."""

import contextlib
import functools
import importlib
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from jaxtyping import Shaped, UInt8
from torch import Tensor

from modescape.core.checks import check_choice
from modescape.core.errors import ArgumentError, MissingDependencyError, Quoted
from modescape.core.seeds import Stream, derived_seed, numpy_generator, seeded_globals
from modescape.data.corruptions.names import CIFAR_10_C, CORRUPTIONS, INTENSITIES, Constants, described

RECIPES = ("pixelwise", "blurs", "weather")
TAKE_SEED = ("impulse_noise", "glass_blur")
"""Functions of the library that have generators of their own; all others draw from NumPy's global one."""

Pixels: TypeAlias = UInt8[np.ndarray, "height width channel"]
Change: TypeAlias = Callable[[Pixels, int], Pixels]


def corrupted(
    images: Shaped[Tensor, "example channel height width"],
    name: str,
    intensity: int,
    *,
    seed: int,
    indices: Sequence[int] | None = None,
    constants: Constants = "auto",
) -> Shaped[Tensor, "example channel height width"]:
    """Return images corrupted in one way at one intensity.

    The random numbers of an image come from (seed, name, intensity, its index) and nothing else: it gets the same
    pixels in any batch and any order. Images of up to 64 pixels get the strengths of CIFAR-10-C, larger ones those of
    ImageNet-C. Images under 24 pixels are enlarged by a whole factor to 32 pixels or more for blurs, warping,
    weather and pixelation, and shrunk back by the mean of each block; noise, colour and JPEG are at their own size.

    Source: Hendrycks & Dietterich (2019), Benchmarking Neural Network Robustness to Common Corruptions and
    Perturbations, https://arxiv.org/abs/1903.12261. Differs from it in that pixels are rounded to the nearest level,
    where the published ones are cut off; `described` says for each type what else differs.

    Args:
        images: uint8, or float32 in [0, 1], which is rounded to 256 levels; 1 or 3 channels.
        name: One of `CORRUPTIONS`.
        intensity: 1 to 5.
        seed: Seed of the run.
        indices: Number of each image in its set; None counts from 0.
        constants: Whose strengths: `cifar10-c`, `imagenet-c` (from 32 pixels), or `auto`, by the size.

    Returns:
        New images of the same type and shape, in channels_last order.

    Raises:
        ArgumentError: If images, name, intensity or indices are not as above.
        MissingDependencyError: If `imagecorruptions-imaug` is not installed.

    >>> images = torch.randint(0, 256, (4, 3, 32, 32), dtype=torch.uint8)
    >>> first = corrupted(images, "fog", 3, seed=0)
    >>> torch.equal(corrupted(images[2:], "fog", 3, seed=0, indices=[2, 3]), first[2:])
    True
    """
    if intensity not in INTENSITIES:
        raise ArgumentError(
            "intensity", "be a whole number from 1 to 5", intensity, "Leave the images as they are for 0"
        )
    check_choice(name, CORRUPTIONS, "corruption")
    check_corruptible(images)
    numbers = range(len(images)) if indices is None else indices
    if len(numbers) != len(images):
        rule = f"hold one number for each of the {len(images)} images"
        raise ArgumentError("indices", rule, Quoted(f"{len(numbers)} numbers"), "Pass the place of each in its set")
    description = described(name, tuple(images.shape[1:]), constants)
    by_library = description.constants == "imagenet-c"
    change = _by_library(name, intensity) if by_library else _by_recipe(name, intensity, description.enlarged)
    key = (Stream.CORRUPTION, CORRUPTIONS.index(name), intensity)
    levels = _levels(images)
    out = np.empty_like(levels)
    for place, index in enumerate(numbers):
        out[place] = change(levels[place], derived_seed(seed, *key, int(index)))
    return _like(out, images)


def check_corruptible(images: Tensor) -> None:
    """Raise unless inputs are images that can be corrupted, and the package that does it is installed.

    Raises:
        ArgumentError: If they are no images, or neither uint8 nor float32 in [0, 1].
        MissingDependencyError: If the package is missing.

    >>> check_corruptible(torch.zeros(1, 3, 32, 32))
    """
    fits = images.ndim == 4 and images.shape[1] in (1, 3)
    got = Quoted(f"{str(images.dtype).removeprefix('torch.')} of shape {tuple(images.shape)}")
    if fits and images.dtype == torch.float32 and images.numel():
        low, high = images.aminmax()
        fits = bool(low >= 0.0 and high <= 1.0)
        got = got if fits else Quoted(f"float32 from {float(low):g} to {float(high):g}")
    if not fits or images.dtype not in (torch.uint8, torch.float32):
        rule = "be images of 1 or 3 channels, uint8 or float32 in [0, 1]"
        raise ArgumentError("images", rule, got, "Corruptions are for images; leave them out for other data")
    _recipes()


def _levels(images: Tensor) -> UInt8[np.ndarray, "example height width channel"]:
    """Return images as 8-bit levels, channels last."""
    levels = images if images.dtype == torch.uint8 else (images * 255.0).round().to(torch.uint8)
    return levels.permute(0, 2, 3, 1).numpy(force=True)


def _like(levels: UInt8[np.ndarray, "example height width channel"], images: Tensor) -> Tensor:
    """Return levels in the type and on the device of the images they were made from."""
    tensor = torch.from_numpy(levels).permute(0, 3, 1, 2).to(images.device)
    return tensor if images.dtype == torch.uint8 else tensor.to(torch.float32) / 255.0


def _by_recipe(name: str, intensity: int, factor: int) -> Change:
    """Return the function that corrupts one image with CIFAR-10-C's constants, enlarged by a factor."""
    recipe, strengths = _recipes()[name], CIFAR_10_C[name][intensity - 1]

    def change(levels: Pixels, seed: int) -> Pixels:
        image = _enlarged(levels, factor) / 255.0
        changed = np.clip(recipe(image, *strengths, generator=numpy_generator(seed)), 0.0, 1.0)
        return np.rint(_shrunk(changed, factor) * 255.0).astype(np.uint8)

    return change


def _by_library(name: str, intensity: int) -> Change:
    """Return the function that corrupts one image as the library does, with ImageNet-C's constants."""
    from imagecorruptions import corrupt  # noqa: PLC0415  optional

    def change(levels: Pixels, seed: int) -> Pixels:
        options = {"seed": seed % 2**32} if name in TAKE_SEED else {}
        # The library prints where its sizes do not fit, and goes on.
        with seeded_globals(seed), contextlib.redirect_stdout(io.StringIO()):
            changed = corrupt(np.ascontiguousarray(levels), intensity, name, **options)
        # It makes grey images RGB: one channel has all there is.
        return changed[:, :, : levels.shape[2]]

    return change


def _enlarged(levels: Shaped[np.ndarray, "..."], factor: int) -> Shaped[np.ndarray, "..."]:
    """Return an image with each pixel repeated along both sides."""
    return levels if factor == 1 else levels.repeat(factor, axis=0).repeat(factor, axis=1)


def _shrunk(image: Shaped[np.ndarray, "..."], factor: int) -> Shaped[np.ndarray, "..."]:
    """Return the mean of each block of pixels: undoes `_enlarged`."""
    if factor == 1:
        return image
    rows, columns, channels = image.shape
    return image.reshape(rows // factor, factor, columns // factor, factor, channels).mean(axis=(1, 3))


@functools.cache
def _recipes() -> Mapping[str, Callable[..., Any]]:
    """Return the function of each corruption; imports what they need."""
    try:
        modules = [importlib.import_module(f"modescape.data.corruptions.{name}") for name in RECIPES]
    except ImportError as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise MissingDependencyError(
            f"Corruptions need the package `imagecorruptions-imaug`, which can't be imported ({reason}). "
            'Run: pip install "modescape[corruptions]".'
        ) from error
    return {name: vars(module)[name] for name in CORRUPTIONS for module in modules if name in vars(module)}
