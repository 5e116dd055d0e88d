"""Corruptions that mix neighbouring pixels: five blurs, elastic warping, pixelation and JPEG.

Each takes one image with pixels in [0, 1], the constants of its intensity and a generator, and returns numbers that the
caller clips. Source of all: Hendrycks & Dietterich (2019), appendix B, https://arxiv.org/abs/1903.12261; kernels,
zooms and shuffles are those of the package `imagecorruptions-imaug`.
"""

import functools
import io

import cv2
import numpy as np
from imagecorruptions import corruptions as library
from jaxtyping import Float
from PIL import Image as Pictures
from scipy.ndimage import map_coordinates
from skimage.filters import gaussian

from modescape.data.corruptions.names import LARGEST_SMALL_SIDE
from modescape.data.corruptions.pixelwise import Image


def gaussian_blur(image: Image, deviation: float, *, generator: np.random.Generator) -> Image:  # noqa: ARG001
    """Return the image under a Gaussian of so many pixels."""
    return gaussian(image, sigma=deviation, channel_axis=-1)


def glass_blur(image: Image, deviation: float, rounds: int, *, generator: np.random.Generator) -> Image:
    """Return the image blurred, each pixel replaced by a neighbour at random, and blurred again.

    In a round, pixel (row, column) gets the value at (row - i, column - j), i and j being 0 or 1 at random; the first
    two rows and columns stay. That is what the loop over pixels of the library (and of the published script) does at
    the reach of one pixel that CIFAR-10-C has everywhere: pixels are visited from the last to the first, so that the
    neighbour has not changed yet, and its swap of two views copies. At once for all pixels it needs no compiler.
    """
    changed = np.array(gaussian(image, sigma=deviation, channel_axis=-1))
    rows, columns = np.mgrid[2 : image.shape[0], 2 : image.shape[1]]
    for _ in range(rounds):
        up, left = generator.integers(2, size=(2, *rows.shape))
        changed[2:, 2:] = changed[rows - up, columns - left]
    return gaussian(changed, sigma=deviation, channel_axis=-1)


def defocus_blur(image: Image, radius: float, softness: float, *, generator: np.random.Generator) -> Image:  # noqa: ARG001
    """Return the image under a disk with soft edges."""
    return cv2.filter2D(image, -1, library.disk(radius=radius, alias_blur=softness)).reshape(image.shape)


def motion_blur(image: Image, radius: int, deviation: float, *, generator: np.random.Generator) -> Image:
    """Return the image under half a Gaussian along a line, up to 45 degrees from level."""
    return library._motion_blur(image, radius, deviation, generator.uniform(-45.0, 45.0))


def zoom_blur(image: Image, end: float, *, generator: np.random.Generator) -> Image:  # noqa: ARG001
    """Return the mean of the image and its zooms by 1.00, 1.01, 1.02, ... up to an end, about the centre.

    A zoom is linear, and acts on rows and columns apart: Z = R image C^T, with R and C the library's own zooms of unit
    images, which is 10 times as fast as to zoom each small image.
    """
    factors = np.arange(1.0, end, 0.01)
    height, width = image.shape[:2]
    if max(height, width) > LARGEST_SMALL_SIDE:
        return np.mean([image, *(zoomed(image, factor) for factor in factors)], axis=0)
    channels = np.moveaxis(image, 2, 0)[:, None]
    zooms = _zooms(height, end) @ channels @ _zooms(width, end).transpose(0, 2, 1)
    return (image + np.moveaxis(zooms.sum(axis=1), 0, 2)) / (len(factors) + 1)


@functools.lru_cache(maxsize=32)
def _zooms(side: int, end: float) -> Float[np.ndarray, "zoom side side"]:
    """Return the matrices that zoom a column of pixels by 1.00, 1.01, 1.02, ..."""
    units = np.repeat(np.eye(side)[:, None, :], side, axis=1)
    return np.stack([zoomed(units, factor)[:, 0] for factor in np.arange(1.0, end, 0.01)])


def zoomed(image: Image, factor: float) -> Image:
    """Return the middle of an image enlarged by a factor, at the image's own size."""
    height, width = image.shape[:2]
    enlarged = np.asarray(library.clipped_zoom(image, factor))
    top, left = (enlarged.shape[0] - height) // 2, (enlarged.shape[1] - width) // 2
    return enlarged[top : top + height, left : left + width]


def elastic_transform(
    image: Image, height: float, smoothness: float, reach: float, *, generator: np.random.Generator
) -> Image:
    """Return the image under a random affine map, and then wobbled by smooth random displacements.

    The map moves three points by up to `reach`; displacements are uniform noise under a Gaussian of `smoothness`, times
    `height`. All are shares of the shorter side.
    """
    rows, columns = image.shape[:2]
    side = min(rows, columns)
    centre, arm = np.array([columns // 2, rows // 2], dtype=np.float32), side // 3
    before = np.stack([centre + arm, centre + np.array([arm, -arm]), centre - arm]).astype(np.float32)
    after = before + generator.uniform(-reach * side, reach * side, before.shape).astype(np.float32)
    affine = cv2.getAffineTransform(before, after)
    moved = cv2.warpAffine(image, affine, (columns, rows), borderMode=cv2.BORDER_REFLECT_101).reshape(image.shape)
    if height == 0.0:
        return moved
    noise = [generator.uniform(-1.0, 1.0, (rows, columns)) for _ in range(2)]
    shifts = [gaussian(drawn, smoothness * side, mode="reflect", truncate=3) * height * side for drawn in noise]
    places = np.mgrid[:rows, :columns] + np.stack(shifts)
    channels = [map_coordinates(channel, places, order=1, mode="reflect") for channel in np.moveaxis(moved, 2, 0)]
    return np.stack(channels, axis=2)


def pixelate(image: Image, share: float, *, generator: np.random.Generator) -> Image:  # noqa: ARG001
    """Return the image shrunk to a share of its sides and enlarged again, both by boxes."""
    rows, columns = image.shape[:2]
    small = picture(image).resize((max(int(columns * share), 1), max(int(rows * share), 1)), Pictures.Resampling.BOX)
    return pixels(small.resize((columns, rows), Pictures.Resampling.BOX))


def jpeg_compression(image: Image, quality: int, *, generator: np.random.Generator) -> Image:  # noqa: ARG001
    """Return the image written as JPEG and read again."""
    written = io.BytesIO()
    picture(image).save(written, "JPEG", quality=quality)
    with Pictures.open(written) as read:
        return pixels(read)


def picture(image: Image) -> Pictures.Image:
    """Return an image with pixels in [0, 1] as an 8-bit picture."""
    levels = np.rint(image * 255.0).astype(np.uint8)
    return Pictures.fromarray(levels[:, :, 0] if levels.shape[2] == 1 else levels)


def pixels(shown: Pictures.Image) -> Image:
    """Return the pixels of a picture in [0, 1]."""
    levels = np.asarray(shown)
    return np.atleast_3d(levels) / 255.0
