"""What there is to corrupt with: the names, how strong each intensity is, and what differs from the published sets."""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

from modescape.core.checks import check_choice
from modescape.core.errors import ArgumentError, Quoted

Constants: TypeAlias = Literal["auto", "cifar10-c", "imagenet-c"]

COMMON = (
    "gaussian_noise",
    "shot_noise",
    "impulse_noise",
    "defocus_blur",
    "glass_blur",
    "motion_blur",
    "zoom_blur",
    "snow",
    "frost",
    "fog",
    "brightness",
    "contrast",
    "elastic_transform",
    "pixelate",
    "jpeg_compression",
)
"""The 15 types of the benchmark of Hendrycks & Dietterich (2019)."""
EXTRA = ("speckle_noise", "gaussian_blur", "spatter", "saturate")
"""The 4 types that they keep apart for choosing and tuning."""
CORRUPTIONS = COMMON + EXTRA
INTENSITIES = (1, 2, 3, 4, 5)

LARGEST_SMALL_SIDE = 64
"""Pixels up to which CIFAR-10-C's constants are taken; photographs above it get ImageNet-C's."""
SMALLEST_SIDE = 24
"""Pixels under which blurs and weather, made for 32 pixels, would cover the whole image."""
USUAL_SIDE = 32
AT_ANY_SIZE = frozenset(
    {
        "gaussian_noise",
        "shot_noise",
        "impulse_noise",
        "speckle_noise",
        "brightness",
        "contrast",
        "saturate",
        "jpeg_compression",
    }
)
"""Types that change each pixel for itself, and JPEG with its blocks of 8: tiny images are not enlarged for them."""


class Snow(NamedTuple):
    """How flakes are drawn (mean, deviation), enlarged, thinned out and blurred (pixels), and how much colour stays."""

    mean: float
    deviation: float
    zoom: float
    threshold: float
    radius: int
    blur: float
    kept: float


class Spatter(NamedTuple):
    """How a layer of liquid is drawn (mean, deviation), smoothed (pixels) and thinned out, its strength and kind."""

    mean: float
    deviation: float
    smoothness: float
    threshold: float
    strength: float
    kind: Literal["water", "mud"]


CIFAR_10_C: dict[str, tuple[tuple[Any, ...], ...]] = {
    # Standard deviation, of pixels in [0, 1].
    "gaussian_noise": ((0.04,), (0.06,), (0.08,), (0.09,), (0.10,)),
    # Photons of a white pixel.
    "shot_noise": ((500.0,), (250.0,), (100.0,), (75.0,), (50.0,)),
    # Share of pixels that turn black or white.
    "impulse_noise": ((0.01,), (0.02,), (0.03,), (0.05,), (0.07,)),
    # Radius and softness of the disk, pixels.
    "defocus_blur": ((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1.0, 0.2), (1.5, 0.1)),
    # Standard deviation in pixels, rounds.
    "glass_blur": ((0.05, 1), (0.25, 1), (0.4, 1), (0.25, 2), (0.4, 2)),
    # Radius and standard deviation, pixels.
    "motion_blur": ((6, 1.0), (6, 1.5), (6, 2.0), (8, 2.0), (9, 2.5)),
    # End of the zooms from 1 in steps of 0.01, as `numpy.arange` counts them: by rounding it reaches the first two.
    "zoom_blur": ((1.06,), (1.11,), (1.16,), (1.21,), (1.26,)),
    "snow": (
        (Snow(0.1, 0.2, 1.0, 0.6, 8, 3.0, 0.95),),
        (Snow(0.1, 0.2, 1.0, 0.5, 10, 4.0, 0.9),),
        (Snow(0.15, 0.3, 1.75, 0.55, 10, 4.0, 0.9),),
        (Snow(0.25, 0.3, 2.25, 0.6, 12, 6.0, 0.85),),
        (Snow(0.3, 0.3, 1.25, 0.65, 14, 12.0, 0.8),),
    ),
    # Share of the image, share of the frost.
    "frost": ((1.0, 0.2), (1.0, 0.3), (0.9, 0.4), (0.85, 0.4), (0.75, 0.45)),
    # Thickness, and how fast the roughness decays with scale.
    "fog": ((0.2, 3.0), (0.5, 3.0), (0.75, 2.5), (1.0, 2.0), (1.5, 1.75)),
    # Added to the value of HSV.
    "brightness": ((0.05,), (0.1,), (0.15,), (0.2,), (0.3,)),
    # Share of the contrast kept.
    "contrast": ((0.75,), (0.5,), (0.4,), (0.3,), (0.15,)),
    # Height and smoothness of the wobble, and reach of the affine map, as shares of the side.
    "elastic_transform": (
        (0.0, 0.0, 0.08),
        (0.05, 0.2, 0.07),
        (0.08, 0.06, 0.06),
        (0.1, 0.04, 0.05),
        (0.1, 0.03, 0.03),
    ),
    # Share of the side that is kept.
    "pixelate": ((0.95,), (0.9,), (0.85,), (0.75,), (0.65,)),
    # Quality of the JPEG encoder.
    "jpeg_compression": ((80,), (65,), (58,), (50,), (40,)),
    # Standard deviation, as a share of the pixel.
    "speckle_noise": ((0.06,), (0.1,), (0.12,), (0.16,), (0.2,)),
    # Standard deviation, pixels.
    "gaussian_blur": ((0.4,), (0.6,), (0.7,), (0.8,), (1.0,)),
    "spatter": (
        (Spatter(0.62, 0.1, 0.7, 0.7, 0.5, "water"),),
        (Spatter(0.65, 0.1, 0.8, 0.7, 0.5, "water"),),
        (Spatter(0.65, 0.3, 1.0, 0.69, 0.5, "water"),),
        (Spatter(0.65, 0.1, 0.7, 0.69, 0.6, "mud"),),
        (Spatter(0.65, 0.1, 0.5, 0.68, 0.6, "mud"),),
    ),
    # Factor and shift of the saturation of HSV.
    "saturate": ((0.3, 0.0), (0.1, 0.0), (1.5, 0.0), (2.0, 0.1), (2.5, 0.2)),
}
"""Strength of each intensity in CIFAR-10-C, for images of 32 pixels.

Source: Hendrycks & Dietterich (2019), Benchmarking Neural Network Robustness to Common Corruptions and Perturbations,
https://arxiv.org/abs/1903.12261, with `make_cifar_c.py` of https://github.com/hendrycks/robustness. ImageNet-C's are
made for 224 pixels and much stronger: a defocus of radius 10 leaves nothing of an image of 32.
"""

DIFFERENCES = {
    "motion_blur": "the library's motion blur in place of ImageMagick's, with the same radius and deviation",
    "snow": "the library's motion blur in place of ImageMagick's, with the same radius and deviation",
}
GREY_DIFFERENCES = {
    "saturate": "grey images have no saturation and stay as they are",
    "frost": "the frost is turned grey",
    "spatter": "the liquid is turned grey",
}


@dataclass(frozen=True)
class Description:
    """What one type of corruption does to images of one shape.

    Args:
        constants: Whose strengths are used: `cifar10-c` or `imagenet-c`.
        enlarged: Factor by which images are enlarged before, and shrunk after; 1 leaves them as they are.
        differs: In words, how the result differs from the published set of these constants; empty where it does not
            but for random numbers and rounding.
    """

    constants: Literal["cifar10-c", "imagenet-c"]
    enlarged: int
    differs: str


def described(name: str, image_shape: tuple[int, ...], constants: Constants = "auto") -> Description:
    """Return how a type of corruption is made for images of one shape.

    Args:
        name: One of `CORRUPTIONS`.
        image_shape: (channel, height, width) of one image.
        constants: As in `corrupted`.

    Raises:
        ArgumentError: If there is no such type, or the constants don't suit the size.

    >>> described("gaussian_noise", (3, 32, 32))
    Description(constants='cifar10-c', enlarged=1, differs='')
    >>> described("fog", (1, 8, 8)).enlarged
    4
    """
    check_choice(name, CORRUPTIONS, "corruption")
    channels, *sides = image_shape
    chosen = constants_for(image_shape, constants)
    notes = []
    enlarged = 1
    if chosen == "imagenet-c":
        notes.append(
            f"the functions of imagecorruptions, for images of any size{', on grey as on RGB' * (channels == 1)}"
        )
    else:
        notes.append(DIFFERENCES.get(name, ""))
        notes.append(GREY_DIFFERENCES.get(name, "") if channels == 1 else "")
        if name not in AT_ANY_SIZE and min(sides) < SMALLEST_SIDE:
            enlarged = -(-USUAL_SIDE // min(sides))
            notes.append(f"made on the image enlarged {enlarged} times and shrunk back by the mean of each block")
    return Description(chosen, enlarged, "; ".join(note for note in notes if note))


def constants_for(image_shape: tuple[int, ...], constants: Constants) -> Literal["cifar10-c", "imagenet-c"]:
    """Return whose constants suit images of one shape, or check those that were asked for."""
    check_choice(constants, ("auto", "cifar10-c", "imagenet-c"), "constants")
    height, width = image_shape[1:]
    if constants == "imagenet-c" and min(height, width) < USUAL_SIDE:
        got = Quoted(f"imagenet-c for {width} x {height} pixels")
        rule = f"be cifar10-c for images under {USUAL_SIDE} pixels"
        raise ArgumentError("constants", rule, got, "Leave it at auto")
    if constants != "auto":
        return constants
    large = max(height, width) > LARGEST_SMALL_SIDE and min(height, width) >= USUAL_SIDE
    return "imagenet-c" if large else "cifar10-c"
