"""Corruptions that change each pixel for itself: four noises, and brightness, contrast and saturation.

Each takes one image with pixels in [0, 1], the constants of its intensity and a generator, and returns numbers that the
caller clips. Source of all: Hendrycks & Dietterich (2019), appendix B, https://arxiv.org/abs/1903.12261.
"""

from typing import TypeAlias

import numpy as np
from jaxtyping import Float
from skimage.color import hsv2rgb, rgb2hsv
from skimage.util import random_noise

Image: TypeAlias = Float[np.ndarray, "height width channel"]


def gaussian_noise(image: Image, deviation: float, *, generator: np.random.Generator) -> Image:
    """Return image + N(0, deviation^2)."""
    return random_noise(image, "gaussian", rng=generator, var=deviation**2)


def shot_noise(image: Image, photons: float, *, generator: np.random.Generator) -> Image:
    """Return Poisson(image * photons) / photons."""
    return generator.poisson(image * photons) / photons


def impulse_noise(image: Image, share: float, *, generator: np.random.Generator) -> Image:
    """Return an image of which a share of the numbers is 0 or 1, each as likely."""
    return random_noise(image, "s&p", rng=generator, amount=share)


def speckle_noise(image: Image, deviation: float, *, generator: np.random.Generator) -> Image:
    """Return image * (1 + N(0, deviation^2))."""
    return random_noise(image, "speckle", rng=generator, var=deviation**2)


def brightness(image: Image, shift: float, *, generator: np.random.Generator) -> Image:  # noqa: ARG001
    """Return the image with a shift added to its value in HSV."""
    if image.shape[2] == 1:
        return image + shift
    hue_saturation_value = rgb2hsv(image)
    hue_saturation_value[:, :, 2] = np.clip(hue_saturation_value[:, :, 2] + shift, 0.0, 1.0)
    return hsv2rgb(hue_saturation_value)


def contrast(image: Image, share: float, *, generator: np.random.Generator) -> Image:  # noqa: ARG001
    """Return the image drawn towards the mean of each channel: mean + share * (image - mean)."""
    means = image.mean(axis=(0, 1))
    return means + share * (image - means)


def saturate(image: Image, factor: float, shift: float, *, generator: np.random.Generator) -> Image:  # noqa: ARG001
    """Return the image with its saturation in HSV multiplied and shifted; grey images stay as they are."""
    if image.shape[2] == 1:
        return image
    hue_saturation_value = rgb2hsv(image)
    hue_saturation_value[:, :, 1] = np.clip(hue_saturation_value[:, :, 1] * factor + shift, 0.0, 1.0)
    return hsv2rgb(hue_saturation_value)
