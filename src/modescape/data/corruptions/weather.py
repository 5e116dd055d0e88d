"""Corruptions that lay something over an image: snow, frost, fog and spatter.

Each takes one image with pixels in [0, 1], the constants of its intensity and a generator, and returns numbers that the
caller clips. Source of all: Hendrycks & Dietterich (2019), appendix B, https://arxiv.org/abs/1903.12261; clouds, motion
and the pictures of frost are those of the package `imagecorruptions-imaug`.
"""

import functools
from importlib import resources

import cv2
import numpy as np
from imagecorruptions import corruptions as library
from jaxtyping import Float
from PIL import Image as Pictures
from skimage.filters import gaussian

from modescape.core.seeds import seeded_globals
from modescape.data.corruptions.blurs import zoomed
from modescape.data.corruptions.names import Snow, Spatter
from modescape.data.corruptions.pixelwise import Image

FROST = ("frost1.png", "frost2.png", "frost3.png", "frost4.jpg", "frost5.jpg")
"""Those that CIFAR-10-C draws from: five of the six."""
FROST_SCALE = 0.2
LUMINANCE = np.array([0.299, 0.587, 0.114])
"""ITU-R BT.601, as in OpenCV and Pillow."""
WATER = np.array([175.0, 238.0, 238.0]) / 255.0
MUD = np.array([63.0, 42.0, 20.0]) / 255.0
DEEPEST = 20.0
"""Pixels from its edge beyond which water looks the same."""


def snow(image: Image, storm: Snow, *, generator: np.random.Generator) -> Image:
    """Return the image paled, with flakes in motion that fall from both sides."""
    flakes = zoomed(generator.normal(storm.mean, storm.deviation, (*image.shape[:2], 1)), storm.zoom)
    flakes = np.clip(np.where(flakes < storm.threshold, 0.0, flakes), 0.0, 1.0)
    flakes = library._motion_blur(flakes, storm.radius, storm.blur, generator.uniform(-135.0, -45.0))
    pale = np.maximum(image, grey(image) * 1.5 + 0.5)
    return storm.kept * image + (1.0 - storm.kept) * pale + flakes + np.rot90(flakes, k=2)


def frost(image: Image, kept: float, frozen: float, *, generator: np.random.Generator) -> Image:
    """Return the image under a random part of one of the pictures of frost."""
    rows, columns, channels = image.shape
    ice = _frost(FROST[generator.integers(len(FROST))], rows, columns)
    top, left = (generator.integers(ice.shape[axis] - image.shape[axis]) for axis in (0, 1))
    part = ice[top : top + rows, left : left + columns]
    return kept * image + frozen * (grey(part) if channels == 1 else part)


def fog(image: Image, thickness: float, decay: float, *, generator: np.random.Generator) -> Image:
    """Return (image + thickness * cloud) * m / (m + thickness), with m the brightest pixel, so that it stays."""
    rows, columns = image.shape[:2]
    brightest = image.max()
    map_size = library.next_power_of_2(max(rows, columns, 32))
    with seeded_globals(int(generator.integers(2**32))):  # the library draws from NumPy's global generator only
        cloud = library.plasma_fractal(map_size, wibbledecay=decay)  # pyright: ignore[reportArgumentType]
    return (image + thickness * cloud[:rows, :columns, None]) * brightest / (brightest + thickness)


def spatter(image: Image, splash: Spatter, *, generator: np.random.Generator) -> Image:
    """Return the image under drops of water, which shine, or of mud, which hide it."""
    liquid = gaussian(generator.normal(splash.mean, splash.deviation, image.shape[:2]), sigma=splash.smoothness)
    liquid = np.where(liquid < splash.threshold, 0.0, liquid)
    if splash.kind == "mud":
        cover = gaussian((liquid > splash.threshold).astype(np.float64), sigma=splash.strength)[:, :, None]
        cover = np.where(cover < 0.8, 0.0, cover)
        return image * (1.0 - cover) + cover * _in_channels(MUD, image)
    return image + splash.strength * _shine(liquid) * _in_channels(WATER, image)


def grey(image: Image) -> Image:
    """Return the luminance of an image, one channel."""
    return image if image.shape[2] == 1 else (image @ LUMINANCE)[:, :, None]


def _shine(liquid: Float[np.ndarray, "height width"]) -> Image:
    """Return how brightly each pixel of a layer of water shines, at most 1: by its depth, lit from one corner."""
    levels = np.clip(liquid * 255.0, 0.0, 255.0).astype(np.uint8)
    depth = cv2.distanceTransform(255 - cv2.Canny(levels, 50, 150), cv2.DIST_L2, 5)
    depth = cv2.equalizeHist(cv2.blur(np.minimum(depth, DEEPEST), (3, 3)).astype(np.uint8))
    light = np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]])
    relief = cv2.blur(cv2.filter2D(depth, cv2.CV_8U, light), (3, 3)).astype(np.float64)
    shine = levels * relief
    return shine[:, :, None] / max(float(shine.max()), 1.0)


def _in_channels(colour: Float[np.ndarray, "3"], image: Image) -> Float[np.ndarray, "channel"]:
    """Return a colour as the channels of an image: itself, or its luminance."""
    return np.array([colour @ LUMINANCE]) if image.shape[2] == 1 else colour


@functools.lru_cache(maxsize=16)
def _frost(name: str, rows: int, columns: int) -> Image:
    """Return a picture of frost in RGB at the scale of CIFAR-10-C, or larger where the image needs it."""
    with resources.as_file(resources.files("imagecorruptions") / "frost" / name) as path, Pictures.open(path) as read:
        full = np.asarray(read.convert("RGB"))
    scale = max(FROST_SCALE, (rows + 1) / full.shape[0], (columns + 1) / full.shape[1])
    size = (max(round(full.shape[1] * scale), columns + 1), max(round(full.shape[0] * scale), rows + 1))
    return cv2.resize(full, size) / 255.0
