import numpy as np
import pytest
from imagecorruptions import corruptions as library
from scipy.ndimage import correlate, gaussian_filter

from modescape.core.seeds import seeded_globals
from modescape.data.corruptions import blurs


def rng(seed=0):
    return np.random.default_rng(seed)


def image_of(*shape):
    return rng(7).random(shape)


def test_gaussian_blur_is_scipy_s_on_each_channel():
    image = image_of(12, 9, 3)
    expected = np.stack([gaussian_filter(image[:, :, c], 0.8, mode="nearest") for c in range(3)], axis=2)
    np.testing.assert_allclose(blurs.gaussian_blur(image, 0.8, generator=rng()), expected)


@pytest.mark.parametrize("channels", [1, 3])
def test_defocus_is_a_correlation_with_the_disk(channels):
    image = image_of(33, 30, channels)
    disk = library.disk(1.5, 0.1).astype(float)
    expected = np.stack([correlate(image[:, :, c], disk, mode="mirror") for c in range(channels)], axis=2)
    np.testing.assert_allclose(blurs.defocus_blur(image, 1.5, 0.1, generator=rng()), expected, atol=1e-6)


@pytest.mark.parametrize("shape", [(32, 32, 3), (28, 35, 1), (24, 66, 3)])
@pytest.mark.parametrize("end", [1.06, 1.16, 1.26])
def test_zoom_blur_is_the_mean_of_the_zooms(shape, end):
    image = image_of(*shape)
    factors = np.arange(1.0, end, 0.01)
    slow = (image + sum(blurs.zoomed(image, factor) for factor in factors)) / (len(factors) + 1)
    np.testing.assert_allclose(blurs.zoom_blur(image, end, generator=rng()), slow, atol=1e-12)


def test_glass_is_the_loop_over_pixels_of_the_library(monkeypatch):
    """The same offsets, drawn in the order of the loop, must give the same image."""
    height, width, rounds = 9, 8, 2
    monkeypatch.setattr(blurs, "gaussian", lambda image, **_: image)
    with seeded_globals(11):  # the loop seeds NumPy's global generator
        looped = library._shuffle_pixels_njit_glass_blur.py_func(
            height, width, image_of(height, width, 3), (0.4, 1, rounds), 11
        )
    drawn = np.random.RandomState(11)
    offsets = np.array([drawn.randint(-1, 1, size=2) for _ in range(rounds * (height - 2) * (width - 2))])
    # The loop draws (dx, dy) from the last row and column to the first.
    back = -offsets.reshape(rounds, height - 2, width - 2, 2)[:, ::-1, ::-1, ::-1]

    class Drawn:
        rest = iter(back)

        def integers(self, high, size):
            steps = np.moveaxis(next(self.rest), 2, 0)
            assert (high, size) == (2, steps.shape)
            return steps

    np.testing.assert_array_equal(blurs.glass_blur(image_of(height, width, 3), 0.4, rounds, generator=Drawn()), looped)


def test_motion_keeps_a_flat_image_and_moves_a_point_along_a_line():
    np.testing.assert_allclose(blurs.motion_blur(np.full((32, 32, 3), 0.3), 8, 2.0, generator=rng()), 0.3, atol=1e-6)
    point = np.zeros((33, 33, 1))
    point[16, 16] = 1.0
    spread = blurs.motion_blur(point, 6, 2.0, generator=rng())[:, :, 0]
    assert spread.sum() == pytest.approx(1.0, abs=1e-6)
    rows, columns = np.nonzero(spread)
    assert len(np.unique(columns)) == len(columns) > 8
    assert np.ptp(rows) <= np.ptp(columns)


def test_elastic_without_strength_is_the_image():
    image = image_of(32, 28, 3)
    np.testing.assert_allclose(blurs.elastic_transform(image, 0.0, 0.1, 0.0, generator=rng()), image, atol=1e-6)
    np.testing.assert_allclose(blurs.elastic_transform(image, 1e-9, 0.1, 0.0, generator=rng()), image, atol=1e-6)


@pytest.mark.parametrize("height", [0.0, 0.1])
def test_elastic_moves_pixels_but_makes_none(height):
    image = np.concatenate([np.full((30, 15, 1), 0.2), np.full((30, 15, 1), 0.8)], axis=1)
    warped = blurs.elastic_transform(image, height, 0.05, 0.08, generator=rng())
    assert 0.2 - 1e-6 <= warped.min() <= warped.max() <= 0.8 + 1e-6
    assert np.abs(warped - image).max() > 0.3


def test_pixelate_has_blocks_and_keeps_the_mean():
    image = np.rint(image_of(32, 32, 3) * 255) / 255
    blocks = blurs.pixelate(image, 0.5, generator=rng())
    mean = image.reshape(16, 2, 16, 2, 3).mean((1, 3))
    np.testing.assert_allclose(blocks[::2, ::2], mean, atol=1.01 / 255)
    assert np.array_equal(blocks[::2], blocks[1::2])


def test_jpeg_loses_more_at_lower_quality():
    image = np.rint(image_of(16, 24, 1) * 255) / 255
    losses = [np.abs(blurs.jpeg_compression(image, quality, generator=rng()) - image).mean() for quality in (95, 30)]
    assert 0.0 < losses[0] < losses[1]
