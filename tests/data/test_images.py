import io
import threading

import numpy as np
import pytest
from PIL import Image

from modescape.core.errors import DataError
from modescape.data import images
from modescape.data.images import ColourFoundError, Encoded, decoded_batches, decoded_image


def encoded(image, *, form="PNG", where="here", **options):
    buffer = io.BytesIO()
    image.save(buffer, format=form, **options)
    return Encoded(where, buffer.getvalue())


def random_image(mode, *, size=(7, 5), seed=0):
    channels = len(Image.new(mode, (1, 1)).getbands())
    shape = (size[1], size[0], channels) if channels > 1 else (size[1], size[0])
    pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    return Image.frombytes(mode, size, pixels.tobytes())


@pytest.mark.parametrize(
    ("mode", "form", "channels"),
    [("L", "PNG", 1), ("LA", "PNG", 1), ("RGB", "PNG", 3), ("RGBA", "PNG", 3), ("P", "PNG", 3), ("CMYK", "TIFF", 3)],
)
def test_modes(mode, form, channels):
    image = random_image(mode)
    if mode == "P":
        image.putpalette(list(range(256)) * 3)
    pixels = decoded_image(encoded(image, form=form))
    expected = np.asarray(image.convert("L" if channels == 1 else "RGB")).reshape(5, 7, channels)
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, expected)


def test_black_and_white_is_0_and_255():
    image = Image.fromarray(np.array([[True, False], [False, True]]))
    assert decoded_image(encoded(image))[:, :, 0].tolist() == [[255, 0], [0, 255]]


def test_sixteen_bit_grey_keeps_the_upper_bits():
    deep = np.array([[0, 255], [256, 65535]], dtype=np.uint16)
    assert decoded_image(encoded(Image.fromarray(deep)))[:, :, 0].tolist() == [[0, 0], [1, 255]]


def test_floating_pixels_are_refused():
    with pytest.raises(DataError, match=r"here: the image can't be decoded \(its mode F has more than 8 bits a pixel"):
        decoded_image(encoded(Image.new("F", (2, 2)), form="TIFF"))


def test_photographs_are_turned_upright():
    image = random_image("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decoded_image(encoded(image, exif=exif)).shape == (7, 5, 3)


def test_resizing_and_paths(tmp_path):
    path = tmp_path / "a.png"
    random_image("RGB").save(path)
    expected = np.asarray(random_image("RGB").resize((4, 4), Image.Resampling.BILINEAR))
    np.testing.assert_array_equal(decoded_image(Encoded("a", path), image_size=4), expected)


@pytest.mark.parametrize("content", [b"", b"no image", encoded(random_image("RGB", size=(90, 90))).content[:2000]])
def test_undecodable_images_are_named(content):
    with pytest.raises(
        DataError, match=r"^row 7: the image can't be decoded \(.+\). Replace it or leave it out.$"
    ) as caught:
        decoded_image(Encoded("row 7", content))
    assert "\n" not in str(caught.value)


def test_batches_keep_the_order(monkeypatch):
    monkeypatch.setattr(images, "BATCH", 3)
    pictures = [random_image("L", seed=seed) for seed in range(50)]
    result = np.concatenate(list(decoded_batches(map(encoded, pictures), channels=1)))
    np.testing.assert_array_equal(result[:, :, :, 0], np.stack([np.asarray(picture) for picture in pictures]))


def test_only_some_batches_are_read_ahead(monkeypatch):
    monkeypatch.setattr(images, "BATCH", 2)
    monkeypatch.setattr(images.os, "cpu_count", lambda: 1)
    read = []
    batches = decoded_batches((read.append(index) or encoded(random_image("L")) for index in range(100)), channels=1)
    next(batches)
    assert len(read) <= 10
    batches.close()
    assert not any(thread.name.startswith("decode") and thread.is_alive() for thread in threading.enumerate())


def test_grey_among_colour_becomes_rgb_and_colour_among_grey_is_found():
    grey, colour = random_image("L"), random_image("RGB")
    (batch,) = decoded_batches([encoded(colour), encoded(grey)], channels=3)
    np.testing.assert_array_equal(batch[1], np.asarray(grey.convert("RGB")))
    with pytest.raises(ColourFoundError):
        list(decoded_batches([encoded(grey), encoded(colour)], channels=1))


def test_different_sizes_are_both_named():
    pictures = [encoded(random_image("L"), where="a.png"), encoded(random_image("L", size=(8, 5)), where="b.png")]
    message = "Images differ in size: a.png is 7 x 5 pixels, b.png is 8 x 5 pixels. Set image_size"
    with pytest.raises(DataError, match=message):
        list(decoded_batches(pictures, channels=1))
    (batch,) = decoded_batches(pictures, channels=1, image_size=4)
    assert batch.shape == (2, 4, 4, 1)
