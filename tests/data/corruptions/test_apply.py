import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from imagecorruptions import corrupt

from modescape.core.errors import ArgumentError, MissingDependencyError
from modescape.core.seeds import next_global_numbers, seeded_globals
from modescape.data.corruptions import CORRUPTIONS, INTENSITIES, apply, check_corruptible, corrupted, described

STEADY = ("contrast", "brightness", "saturate", "gaussian_blur", "defocus_blur", "zoom_blur", "pixelate")
"""Types without random numbers."""


def photographs(count=3, *, size=(32, 32), channels=3, seed=0):
    """Smooth random images, so that blurs do not turn them to grey at once."""
    coarse = torch.rand(count, channels, 5, 5, generator=torch.Generator().manual_seed(seed))
    smooth = torch.nn.functional.interpolate(coarse, size, mode="bilinear")
    return (smooth * 255).to(torch.uint8).contiguous(memory_format=torch.channels_last)


def distance(first, second):
    return (first.double() - second.double()).abs().mean().item()


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_an_image_gets_the_same_pixels_in_any_batch(name):
    images = photographs(4)
    before = images.clone()
    whole = corrupted(images, name, 4, seed=5)
    assert torch.equal(images, before)
    assert torch.equal(corrupted(images, name, 4, seed=5), whole)
    assert torch.equal(corrupted(images[[3, 1]], name, 4, seed=5, indices=[3, 1]), whole[[3, 1]])
    assert whole.dtype == torch.uint8
    assert whole.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("name", [name for name in CORRUPTIONS if name not in (*STEADY, "jpeg_compression")])
def test_seed_intensity_and_index_change_the_noise(name):
    images = photographs(1).expand(2, -1, -1, -1)
    drawn = corrupted(images, name, 4, seed=5)
    assert not torch.equal(drawn[0], drawn[1])
    assert not torch.equal(corrupted(images, name, 4, seed=6), drawn)


@pytest.mark.parametrize("name", STEADY)
def test_without_noise_the_index_changes_nothing(name):
    drawn = corrupted(photographs(1).expand(2, -1, -1, -1), name, 3, seed=5)
    assert torch.equal(drawn[0], drawn[1])


@pytest.mark.parametrize("name", ["fog", "snow", "impulse_noise"])
@pytest.mark.parametrize("size", [32, 66])
def test_global_generators_are_left_as_they_were(name, size):
    with seeded_globals(3):
        expected = next_global_numbers()
    with seeded_globals(3):
        corrupted(photographs(2, size=(size, size)), name, 2, seed=1)
        assert next_global_numbers() == expected


@pytest.mark.parametrize("name", [name for name in CORRUPTIONS if name not in ("elastic_transform", "glass_blur")])
def test_the_highest_intensity_changes_most(name):
    images = photographs(8)
    first, last = (distance(corrupted(images, name, intensity, seed=0), images) for intensity in (1, 5))
    assert 0.0 < first < last


@pytest.mark.parametrize("name", CORRUPTIONS)
@pytest.mark.parametrize(("size", "channels"), [((8, 8), 1), ((28, 28), 1), ((9, 30), 3), ((40, 24), 3), ((20, 70), 1)])
def test_any_size(name, size, channels):
    images = photographs(2, size=size, channels=channels)
    for intensity in INTENSITIES:
        assert corrupted(images, name, intensity, seed=0).shape == images.shape


@pytest.mark.parametrize("name", ["gaussian_noise", "fog", "motion_blur"])
def test_pixels_from_0_to_1_are_levels_over_255(name):
    levels = photographs(2, size=(8, 8), channels=1)
    expected = corrupted(levels, name, 3, seed=2).float() / 255
    torch.testing.assert_close(corrupted(levels.float() / 255, name, 3, seed=2), expected)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 20), st.integers(1, 20), st.integers(1, 5), st.sampled_from([1, 3]))
def test_shrinking_undoes_enlarging(height, width, factor, channels):
    image = np.random.default_rng(0).random((height, width, channels))
    enlarged = apply._enlarged(image, factor)
    assert enlarged.shape == (height * factor, width * factor, channels)
    np.testing.assert_allclose(apply._shrunk(enlarged, factor), image)


@pytest.mark.parametrize("name", ["gaussian_blur", "zoom_blur"])
def test_tiny_images_are_blurred_as_much_for_their_size_as_larger_ones(name):
    tiny = photographs(1, size=(8, 8))
    large = tiny.repeat_interleave(4, 2).repeat_interleave(4, 3)
    blocks = corrupted(large, name, 5, seed=0).double().unfold(2, 4, 4).unfold(3, 4, 4).mean((4, 5))
    assert (corrupted(tiny, name, 5, seed=0).double() - blocks).abs().max() <= 1.0


@pytest.mark.parametrize("name", ["contrast", "defocus_blur", "jpeg_compression"])
def test_large_images_are_the_library_s(name):
    images = photographs(1, size=(70, 80))
    expected = corrupt(images[0].permute(1, 2, 0).numpy(), 3, name)
    assert np.array_equal(corrupted(images, name, 3, seed=0)[0].permute(1, 2, 0), expected)
    assert described(name, (3, 70, 80)).constants == "imagenet-c"


@pytest.mark.parametrize("name", ["zoom_blur", "snow", "impulse_noise"])
def test_large_grey_images_keep_their_shape_and_nothing_is_printed(name, capsys):
    images = photographs(2, size=(65, 99), channels=1)
    whole = corrupted(images, name, 3, seed=0)
    assert whole.shape == images.shape
    assert torch.equal(corrupted(images[1:], name, 3, seed=0, indices=[1]), whole[1:])
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("intensity", [0, 6, 2.5, "3"])
def test_unknown_intensity(intensity):
    with pytest.raises(ArgumentError, match=r"`intensity` must be a whole number from 1 to 5; got"):
        corrupted(photographs(1), "fog", intensity, seed=0)


def test_unknown_name():
    with pytest.raises(ArgumentError, match=r"`corruption` must be one of gaussian_noise, shot_noise.*; got 'rain'"):
        corrupted(photographs(1), "rain", 1, seed=0)


def test_indices_that_do_not_fit():
    with pytest.raises(ArgumentError, match=r"`indices` must hold one number for each of the 2 images; got 3 numbers"):
        corrupted(photographs(2), "fog", 1, seed=0, indices=[0, 1, 2])


@pytest.mark.parametrize(
    ("images", "got"),
    [
        (torch.zeros(3, 7), r"float32 of shape \(3, 7\)"),
        (torch.zeros(1, 2, 8, 8), r"float32 of shape \(1, 2, 8, 8\)"),
        (torch.zeros(1, 1, 8, 8, dtype=torch.float64), r"float64 of shape"),
        (torch.tensor([[[[-0.5, 2.0]]]]), "float32 from -0.5 to 2"),
    ],
)
def test_what_is_no_image_is_refused(images, got):
    with pytest.raises(ArgumentError, match=f"`images` must be images of 1 or 3 channels.*; got {got}"):
        check_corruptible(images)


def test_missing_package_is_named(monkeypatch):
    apply._recipes.cache_clear()
    for name in ("blurs", "weather"):
        monkeypatch.delitem(sys.modules, f"modescape.data.corruptions.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "imagecorruptions", None)
    with pytest.raises(MissingDependencyError, match=r"`imagecorruptions-imaug`.*Run: pip install \"modescape\[corru"):
        check_corruptible(torch.zeros(1, 1, 8, 8))
