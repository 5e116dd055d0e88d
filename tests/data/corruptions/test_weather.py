import numpy as np
import pytest

from modescape.data.corruptions import weather
from modescape.data.corruptions.names import CIFAR_10_C, Snow, Spatter


def rng(seed=0):
    return np.random.default_rng(seed)


def image_of(*shape):
    return rng(7).random(shape)


def test_fog_keeps_the_brightest_pixel_as_the_limit():
    image = 0.8 * image_of(30, 32, 3)
    foggy = weather.fog(image, 1.5, 1.75, generator=rng())
    assert foggy.max() <= image.max() + 1e-6
    haze = foggy * (image.max() + 1.5) / image.max() - image
    assert -1e-6 <= haze.min() < haze.max() <= 1.5 + 1e-6
    np.testing.assert_allclose(haze[:, :, 0], haze[:, :, 2], atol=1e-6)


@pytest.mark.parametrize("shape", [(32, 32, 3), (28, 28, 1), (40, 200, 3)])
def test_frost_adds_a_part_of_a_picture(shape):
    image = image_of(*shape)
    ice = (weather.frost(image, 0.75, 0.45, generator=rng()) - 0.75 * image) / 0.45
    assert 0.0 <= ice.min() + 1e-9 < ice.max() <= 1.0 + 1e-9
    assert ice.std() > 0.01


def test_frost_draws_from_five_pictures_and_many_places(monkeypatch):
    drawn = []
    load = weather._frost
    monkeypatch.setattr(weather, "_frost", lambda name, *size: drawn.append(name) or load(name, *size))
    image = image_of(32, 32, 3)
    results = {weather.frost(image, 1.0, 0.3, generator=rng(seed)).tobytes() for seed in range(40)}
    assert set(drawn) == set(weather.FROST)
    assert len(results) == 40


def test_snow_without_flakes_only_pales():
    image = image_of(32, 32, 3)
    paled = weather.snow(image, Snow(0.0, 0.01, 1.0, 0.9, 8, 3.0, 0.8), generator=rng())
    luminance = (0.299 * image[..., 0] + 0.587 * image[..., 1] + 0.114 * image[..., 2])[..., None]
    np.testing.assert_allclose(paled, 0.8 * image + 0.2 * np.maximum(image, 1.5 * luminance + 0.5), atol=1e-6)


@pytest.mark.parametrize("channels", [1, 3])
def test_flakes_only_brighten(channels):
    image = image_of(32, 28, channels)
    paled = weather.snow(image, Snow(0.0, 0.01, 1.0, 0.9, 8, 3.0, 0.85), generator=rng())
    snowy = weather.snow(image, CIFAR_10_C["snow"][3][0], generator=rng())
    assert (snowy >= paled - 1e-6).all()
    assert (snowy - paled).max() > 0.1


@pytest.mark.parametrize("channels", [1, 3])
def test_water_brightens_and_mud_takes_its_own_colour(channels):
    image = image_of(32, 32, channels)
    wet = weather.spatter(image, CIFAR_10_C["spatter"][2][0], generator=rng())
    assert (wet >= image).all()
    assert (wet - image).max() == pytest.approx(
        0.5 * (238 / 255 if channels == 3 else weather.WATER @ weather.LUMINANCE)
    )
    muddy = weather.spatter(image, Spatter(0.65, 0.4, 1.0, 0.65, 1.5, "mud"), generator=rng())
    colour = weather.MUD if channels == 3 else [weather.MUD @ weather.LUMINANCE]
    changed = (muddy != image).any(axis=2)
    assert 0 < changed.sum() < changed.size
    assert (np.abs(muddy[changed] - colour) <= 0.2 * np.abs(image[changed] - colour) + 1e-9).all()


def test_no_liquid_no_spatter():
    image = image_of(32, 32, 3)
    for kind in ("water", "mud"):
        dry = weather.spatter(image, Spatter(0.1, 0.01, 1.0, 0.7, 0.5, kind), generator=rng())
        np.testing.assert_array_equal(dry, image)
