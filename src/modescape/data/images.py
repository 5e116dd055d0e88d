"""Image files into pixels: decoding with Pillow in threads."""

import io
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Int64, UInt8
from PIL import Image, ImageOps
from torch import Tensor

from modescape.core.errors import DataError

BATCH = 32
"""Images decoded by one task of the pool: enough to hide what a task costs, few enough to hold in memory."""
GREY_MODES = ("1", "L", "LA", "La")
SIXTEEN_BIT_MODES = ("I;16", "I;16L", "I;16B", "I;16N")


class Encoded(NamedTuple):
    """One image as it is stored, and what to call it in messages."""

    where: str
    content: bytes | Path


Pixels: TypeAlias = UInt8[np.ndarray, "height width channel"]


@dataclass(frozen=True, eq=False)
class EncodedSplit:
    """One split of a source of image files.

    Args:
        labels: Class indices.
        images: Starts a pass over the images, in the order of the labels.
    """

    labels: Int64[Tensor, "example"]
    images: Callable[[], Iterator[Encoded]]


@dataclass(frozen=True, eq=False)
class EncodedSet:
    """A source of image files: class names and splits, `train` among them."""

    classes: tuple[str, ...]
    splits: Mapping[str, EncodedSplit]


class ColourFoundError(Exception):
    """A colour image turned up among images taken for grey; decode all of them as RGB."""


def decoded_image(image: Encoded, *, image_size: int | None = None) -> Pixels:
    """Return the pixels of one image: 1 channel for a grey image, 3 (RGB) for any other.

    Transparency is dropped, 16-bit grey is cut to its upper 8 bits, and a photograph is turned upright as its EXIF tag
    says.

    Args:
        image: An encoded image.
        image_size: Resize to this many pixels square (bilinear, antialiased).

    Raises:
        DataError: If it can't be decoded, with its name.
    """
    try:
        source = io.BytesIO(image.content) if isinstance(image.content, bytes) else image.content
        with Image.open(source) as opened:
            upright = _grey_or_rgb(ImageOps.exif_transpose(opened))
            if image_size is not None:
                upright = upright.resize((image_size, image_size), Image.Resampling.BILINEAR)
            pixels = np.asarray(upright)
    except Exception as error:  # Pillow's many decoders raise errors of many classes on damaged files
        reason = (str(error).splitlines() or [type(error).__name__])[0].partition("<_io")[0].strip()
        raise DataError(f"{image.where}: the image can't be decoded ({reason}). Replace it or leave it out.") from error
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


def decoded_batches(
    images: Iterable[Encoded], *, channels: int, image_size: int | None = None
) -> Iterator[UInt8[np.ndarray, "image height width channel"]]:
    """Yield the pixels of images in their order, in batches, decoded by a pool of threads.

    Args:
        images: Encoded images; only some batches are held at once.
        channels: 3 turns grey images into RGB.
        image_size: Resize to this many pixels square.

    Raises:
        DataError: If an image can't be decoded, or two differ in size.
        ColourFoundError: If `channels` is 1 and an image has colour.
    """
    first: tuple[Encoded, Pixels] | None = None
    for batch, decoded in _in_threads(images, channels=channels, image_size=image_size):
        first = first or (batch[0], decoded[0])
        for image, pixels in zip(batch, decoded, strict=True):
            if pixels.shape != first[1].shape:
                raise DataError(
                    f"Images differ in size: {first[0].where} is {_extent(first[1])}, {image.where} is "
                    f"{_extent(pixels)}. Set image_size to resize all to one size."
                )
        yield np.stack(decoded)


def _in_threads(
    images: Iterable[Encoded], *, channels: int, image_size: int | None
) -> Iterator[tuple[list[Encoded], list[Pixels]]]:
    """Yield batches of encoded images with their pixels, in order, few of them in flight."""

    def decode(batch: list[Encoded]) -> list[Pixels]:
        return [_with_channels(decoded_image(image, image_size=image_size), channels) for image in batch]

    remaining = iter(images)
    num_workers = min(os.cpu_count() or 1, 16)
    pending: deque[tuple[list[Encoded], Future[list[Pixels]]]] = deque()
    with ThreadPoolExecutor(num_workers, thread_name_prefix="decode") as pool:
        try:
            while batch := list(islice(remaining, BATCH)):
                pending.append((batch, pool.submit(decode, batch)))
                if len(pending) > 2 * num_workers:
                    done, future = pending.popleft()
                    yield done, future.result()
            for done, future in pending:
                yield done, future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _grey_or_rgb(image: Image.Image) -> Image.Image:
    """Return an image in mode L or RGB."""
    if image.mode in SIXTEEN_BIT_MODES:
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        message = f"its mode {image.mode} has more than 8 bits a pixel; save it with 8"
        raise ValueError(message)
    mode = "L" if image.mode in GREY_MODES else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _with_channels(pixels: Pixels, channels: int) -> Pixels:
    """Return pixels with so many channels: grey repeated, or an error when colour would be lost."""
    if pixels.shape[2] == channels:
        return pixels
    if channels == 1:
        raise ColourFoundError
    return np.repeat(pixels, 3, axis=2)


def _extent(pixels: Pixels) -> str:
    """Return the size of an image for a message."""
    return f"{pixels.shape[1]} x {pixels.shape[0]} pixels"
