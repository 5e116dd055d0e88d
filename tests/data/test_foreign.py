import numpy as np
import pytest
import torch
from torch.nn import functional

from modescape.core.errors import ArgumentError
from modescape.data.foreign import load_foreign


@pytest.fixture
def images(tmp_path, make):
    """Write images of a size and colour as a source with a test split."""

    def source(name, *, size=(6, 5), channels=3, count=20):
        for split, num in (("train", 2 * count), ("test", count)):
            pixels = make.coloured(num, size=size, channels=channels, seed=num)
            make.write_image_parquet(tmp_path / name / f"{split}.parquet", pixels, [0, 1] * (num // 2))
        return f"parquet:{tmp_path / name}"

    return source


@pytest.fixture
def arrays(tmp_path):
    """Write arrays as a source."""

    def source(name, inputs):
        np.savez(tmp_path / f"{name}.npz", x=inputs, y=np.arange(len(inputs)) % 2)
        return f"npz:{tmp_path / name}.npz"

    return source


@pytest.fixture
def foreign(tmp_path):
    """Load with a cache of the test's own."""
    return lambda source, dataset, **more: load_foreign(
        source, dataset, **{"seed": 0, "cache_dir": tmp_path / "cache", **more}
    )


def fits(found, dataset):
    """Check that inputs have the form of the data set's."""
    assert found.inputs.dtype == dataset.test.inputs.dtype
    assert found.inputs.shape[1:] == dataset.test.inputs.shape[1:]
    assert dataset.prepare(found.inputs).dtype == torch.float32
    if found.inputs.ndim == 4:
        assert found.inputs.is_contiguous(memory_format=torch.channels_last)


def test_the_same_form_is_left_as_it_is(images, load, foreign):
    dataset, other = load(images("known")), images("other", count=16)
    found = foreign(other, dataset)
    fits(found, dataset)
    assert torch.equal(found.inputs, load(other).test.inputs)
    assert (found.name, found.note, len(found)) == ("other", "other: as they are", 16)


def test_grey_is_resized_and_repeated(images, load, foreign):
    dataset, other = load(images("known")), images("grey", size=(9, 9), channels=1)
    found = foreign(other, dataset)
    fits(found, dataset)
    expected = functional.interpolate(load(other).test.inputs.double(), (6, 5), mode="bilinear", antialias=True)
    assert (found.inputs.double() - expected).abs().max() <= 1.0
    assert found.note == (
        "grey: 9x9 grey, resized to 5x6 by antialiased bilinear interpolation, grey repeated over 3 channels"
    )


def test_colour_becomes_luminance(images, load, foreign):
    dataset, other = load(images("known", channels=1)), images("colour")
    found = foreign(other, dataset)
    fits(found, dataset)
    red, green, blue = load(other).test.inputs.double().unbind(1)
    expected = (0.299 * red + 0.587 * green + 0.114 * blue)[:, None].round()
    assert (found.inputs.double() - expected).abs().max() <= 1.0
    assert found.note == "colour: 5x6 colour, colour turned into its luminance"


def test_8_bit_pixels_meet_pixels_from_0_to_1(images, load, foreign):
    digits, known = load("digits"), images("known", size=(8, 8), channels=1)
    found = foreign(known, digits)
    fits(found, digits)
    torch.testing.assert_close(found.inputs, load(known).test.inputs.float() / 255)
    assert found.note == "known: 8x8 grey, pixels divided by 255"
    back = foreign("digits", load(known))
    fits(back, load(known))
    assert len(back) == 1797
    assert back.inputs.max() == 255
    assert back.note == "digits: 8x8 grey, pixels times 255; all its examples, since it has no test split"


def test_floats_of_one_range_only(images, arrays, load, foreign):
    wide = arrays("wide", np.tile(np.linspace(-1, 1, 64), (40, 1)).reshape(40, 8, 8, 1))
    message = r"`foreign` must have pixels in \[0, 1\] on one side .*; got pixels of wide from -1 to 1"
    with pytest.raises(ArgumentError, match=message):
        foreign(wide, load(images("known")))
    with pytest.raises(ArgumentError, match=message):
        foreign(images("known"), load(wide))


@pytest.mark.parametrize("limit", [5, 20, 99])
def test_limit_is_at_most_and_chosen_by_the_seed(images, load, foreign, limit):
    dataset, other = load(images("known")), images("other")
    found = foreign(other, dataset, limit=limit)
    assert len(found) == min(limit, 20)
    assert torch.equal(foreign(other, dataset, limit=limit).inputs, found.inputs)
    if limit == 5:
        assert not torch.equal(foreign(other, dataset, limit=limit, seed=1).inputs, found.inputs)


def test_uniform_noise_of_pixels(images, load, foreign):
    dataset = load(images("known"))
    found = foreign("noise", dataset, limit=400)
    fits(found, dataset)
    counts = torch.bincount(found.inputs.flatten().long(), minlength=256)
    assert len(counts) == 256
    assert counts.min() > 60
    assert torch.equal(foreign("noise", dataset, limit=400).inputs, found.inputs)
    assert not torch.equal(foreign("noise", dataset, limit=400, seed=1).inputs, found.inputs)
    assert len(foreign("noise", dataset)) == len(dataset.test)
    assert found.note == "every pixel and channel uniform from 0 to 255"


def test_uniform_noise_has_the_range_of_the_pixels(load, foreign):
    digits = load("digits")
    found = foreign("noise", digits)
    fits(found, digits)
    assert 0.0 <= found.inputs.min() < 0.01
    assert 0.99 < found.inputs.max() <= 1.0


def test_noise_of_features_has_their_mean_and_deviation(arrays, load, foreign):
    features = np.random.default_rng(0).normal([5, -2, 0], [1, 3, 0], (300, 3))
    dataset = load(arrays("features", features))
    found = foreign("noise", dataset, limit=20000)
    fits(found, dataset)
    train = dataset.train.inputs.double()
    np.testing.assert_allclose(found.inputs.double().mean(0), train.mean(0), atol=0.1)
    np.testing.assert_allclose(found.inputs.double().std(0), train.std(0), rtol=0.03)
    assert found.name == "normal noise"


def test_held_out_classes(load, foreign):
    dataset = load("digits", held_out="4,7")
    found = foreign("held-out", dataset, limit=30)
    fits(found, dataset)
    rows = {image.numpy().tobytes() for image in dataset.held_out.inputs}
    assert {image.numpy().tobytes() for image in found.inputs} <= rows
    assert (found.name, len(found)) == ("classes 4, 7", 30)
    assert "the classes 4, 7 of digits" in found.note


def test_held_out_without_any(load, foreign):
    with pytest.raises(ArgumentError, match=r"`foreign` must name data that there are; got held-out, but no class is"):
        foreign("held-out", load("digits"))


def test_features_must_have_the_same_shape(arrays, load, foreign):
    dataset = load(arrays("known", np.random.default_rng(0).normal(size=(40, 3))))
    assert len(foreign(arrays("alike", np.ones((10, 3))), dataset)) == 10
    message = (
        r"`foreign` must have inputs of the shape \(3,\), like known.*; got other, whose inputs have the shape \(4,\)"
    )
    with pytest.raises(ArgumentError, match=message):
        foreign(arrays("other", np.ones((10, 4))), dataset)
    with pytest.raises(ArgumentError, match=message.replace(r"other, whose inputs have the shape \(4,\)", "digits")):
        foreign("digits", dataset)


def test_channels_that_can_not_be_matched(load, foreign, tmp_path, monkeypatch):
    (tmp_path / "spectra.py").write_text("import torch\ndef two(): return torch.rand(40, 2, 8, 8), [0, 1] * 20\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        ArgumentError, match=r"`foreign` must have 1 or 3 channels, or as many as the data; got 2 channels"
    ):
        foreign("spectra:two", load("digits"))


@pytest.mark.parametrize("limit", [0, -3])
def test_limit_starts_at_one(load, foreign, limit):
    with pytest.raises(ArgumentError, match=rf"`limit` must be at least 1; got {limit}"):
        foreign("noise", load("digits"), limit=limit)


def test_unknown_source(load, foreign):
    with pytest.raises(ArgumentError, match=r"must be one of noise, held-out, digits, cifar10.*; got 'svhn'"):
        foreign("svhn", load("digits"))
