import colorsys

import numpy as np
import pytest

from modescape.data.corruptions import pixelwise

GREY = np.full((200, 200, 3), 0.5)


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize(
    ("name", "strength", "deviation"),
    [
        ("gaussian_noise", 0.07, 0.07),
        ("shot_noise", 120.0, np.sqrt(0.5 / 120.0)),
        ("speckle_noise", 0.13, 0.5 * 0.13),
    ],
)
def test_noise_has_the_stated_deviation_and_no_bias(name, strength, deviation):
    noisy = getattr(pixelwise, name)(GREY, strength, generator=rng())
    assert noisy.std() == pytest.approx(deviation, rel=0.02)
    assert noisy.mean() == pytest.approx(0.5, abs=4 * deviation / np.sqrt(GREY.size))
    assert abs(np.corrcoef(noisy[:, :, 0].ravel(), noisy[:, :, 1].ravel())[0, 1]) < 0.02


def test_impulses_are_black_or_white_and_as_many_as_stated():
    noisy = pixelwise.impulse_noise(GREY, 0.06, generator=rng())
    values, counts = np.unique(noisy, return_counts=True)
    assert values.tolist() == [0.0, 0.5, 1.0]
    np.testing.assert_allclose(counts / GREY.size, [0.03, 0.94, 0.03], atol=0.003)


def test_contrast_keeps_the_mean_of_each_channel():
    image = rng().random((7, 5, 3))
    changed = pixelwise.contrast(image, 0.3, generator=rng())
    np.testing.assert_allclose(changed.mean((0, 1)), image.mean((0, 1)))
    np.testing.assert_allclose(changed.std((0, 1)), 0.3 * image.std((0, 1)))


def by_hand(image, change):
    """Change pixels one by one through the standard library's colours."""
    rows = [[colorsys.hsv_to_rgb(*change(*colorsys.rgb_to_hsv(*pixel))) for pixel in row] for row in image]
    return np.array(rows)


def test_brightness_and_saturation_are_those_of_hsv():
    image = rng().random((6, 4, 3))
    brighter = by_hand(image, lambda h, s, v: (h, s, min(v + 0.2, 1.0)))
    np.testing.assert_allclose(pixelwise.brightness(image, 0.2, generator=rng()), brighter, atol=1e-6)
    richer = by_hand(image, lambda h, s, v: (h, min(1.5 * s + 0.1, 1.0), v))
    np.testing.assert_allclose(pixelwise.saturate(image, 1.5, 0.1, generator=rng()), richer, atol=1e-6)


def test_grey_images():
    image = rng().random((6, 4, 1))
    np.testing.assert_allclose(pixelwise.brightness(image, 0.2, generator=rng()), image + 0.2)
    assert np.array_equal(pixelwise.saturate(image, 2.0, 0.1, generator=rng()), image)
