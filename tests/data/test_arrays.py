import numpy as np
import pytest
import torch
from PIL import Image

from modescape.core.errors import ArgumentError, DataError
from modescape.data.arrays import array_contents, check_finite, input_tensor, resized


def numbers(*shape, dtype=np.uint8):
    return np.random.default_rng(0).integers(0, 200, shape).astype(dtype)


def test_layouts_of_images_end_up_the_same():
    last = numbers(4, 6, 5, 3)
    expected = torch.from_numpy(last.transpose(0, 3, 1, 2).copy())
    for array in (last, last.transpose(0, 3, 1, 2), last.astype(np.int64), torch.from_numpy(last).permute(0, 3, 1, 2)):
        images = input_tensor(array, "train")
        assert torch.equal(images, expected)
        assert images.is_contiguous(memory_format=torch.channels_last)


def test_grey_images_get_a_channel():
    assert input_tensor(numbers(4, 6, 5), "train").shape == (4, 1, 6, 5)
    assert input_tensor(numbers(4, 6, 5, 1), "train").shape == (4, 1, 6, 5)
    assert input_tensor(torch.from_numpy(numbers(4, 6, 5)), "train").shape == (4, 1, 6, 5)


def test_floating_images_and_features_become_float32():
    images = input_tensor(numbers(4, 6, 5, 3, dtype=np.float64) / 7, "train")
    assert (images.dtype, images.shape) == (torch.float32, (4, 3, 6, 5))
    features = numbers(4, 6)
    assert input_tensor(features, "train").tolist() == features.astype(float).tolist()


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_tensors_of_any_float_keep_their_shape(kind):
    tensor = input_tensor(torch.ones(4, 7, 9, 2, dtype=kind, requires_grad=True), "train")
    assert (tensor.dtype, tensor.shape, tensor.requires_grad) == (torch.float32, (4, 7, 9, 2), False)


def test_arrays_torch_can_not_wrap_are_copied():
    array = numbers(4, 6).astype(">f4")[::-1]
    array.flags.writeable = False
    assert input_tensor(array, "train").tolist() == array.tolist()


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (numbers(4, 3, 5, 3), r"with 1 or 3 channels; got shape \(4, 3, 5, 3\), uint8. Return a torch tensor"),
        (numbers(4, 6, 5, 4), r"with 1 or 3 channels; got shape \(4, 6, 5, 4\)"),
        (numbers(4, 6, 5, dtype=np.float32), r"got shape \(4, 6, 5\), float32. Return a torch tensor"),
        (numbers(4, 6, 5, 1, dtype=np.int64) - 9, "pixels from 0 to 255; got int64 from -9"),
        (numbers(4), r"must have rows and columns; got shape \(4,\)"),
        (numbers(0, 3), r"must have rows and columns; got shape \(0, 3\)"),
        (np.array([["a"]]), "must be numbers; got <U1"),
        (np.array([[1 + 2j]]), "must be numbers; got complex128"),
        (torch.zeros(2, 3, 4, 5, 6, dtype=torch.uint8), "8-bit inputs of the train split must be images"),
    ],
)
def test_arrays_that_are_refused(array, message):
    with pytest.raises(DataError, match=message):
        input_tensor(array, "train")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_first_number_that_is_none_is_named(value):
    array = np.zeros((5, 4))
    array[3, 2] = array[4, 0] = value
    with pytest.raises(DataError, match=f"Row 3, column 2 of the test split is {value}, not a number"):
        input_tensor(array, "test")
    with pytest.raises(DataError, match=r"Row 3, column 'width' of the train split"):
        check_finite(torch.from_numpy(array).float(), "train", ["a", "b", "width", "c"])


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_resizing_is_what_pillow_does(dtype):
    pixels = numbers(2, 9, 14, 3)
    result = resized(input_tensor(torch.from_numpy(pixels).permute(0, 3, 1, 2).to(dtype), "train"), 5)
    assert result.dtype == dtype
    for image, before in zip(result, pixels, strict=True):
        expected = np.asarray(Image.fromarray(before).resize((5, 5), Image.Resampling.BILINEAR))
        np.testing.assert_allclose(image.permute(1, 2, 0), expected, atol=1.0)


def test_features_have_no_image_size():
    with pytest.raises(ArgumentError, match=r"`image_size` must be left unset unless inputs are images; got 4 for"):
        array_contents("toy", {"train": np.zeros((2, 3))}, {"train": [0, 1]}, image_size=4)


def test_length_mismatch():
    with pytest.raises(DataError, match=r"The train split has 3 inputs and 2 labels. Pass one label for each input"):
        array_contents("toy", {"train": np.zeros((3, 3))}, {"train": [0, 1]})


def test_splits_of_different_shape():
    inputs = {"train": np.zeros((2, 3)), "test": np.zeros((2, 4))}
    with pytest.raises(DataError, match=r"Inputs of the test split are float32 of shape \(4,\), those of the train"):
        array_contents("toy", inputs, {"train": [0, 1], "test": [0, 1]})


def test_digest_sees_every_number_and_no_memory_order():
    def digest(array, labels):
        return array_contents("toy", {"train": array}, {"train": labels}).digest

    array = numbers(3, 4)
    assert digest(array, [0, 1, 0]) == digest(np.asfortranarray(array), [0, 1, 0])
    other = array.copy()
    other[2, 3] += 1
    assert len({digest(array, [0, 1, 0]), digest(other, [0, 1, 0]), digest(array, [0, 1, 1])}) == 3
