"""Arrays of the user's into inputs: which axes are channels, heights and widths is recognised or refused."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32, Shaped
from torch import Tensor
from torch.nn import functional

from modescape.core.errors import ArgumentError, DataError, Quoted
from modescape.data.contents import Contents, contents_digest, tensor_digest, whole_part
from modescape.data.labels import encoded_labels

CHANNEL_COUNTS = (1, 3)


def array_contents(
    name: str,
    inputs: Mapping[str, Any],
    labels: Mapping[str, Any],
    *,
    classes: Sequence[str] | None = None,
    image_size: int | None = None,
) -> Contents:
    """Return contents made of arrays.

    Args:
        name: Name of the source.
        inputs: Inputs of each split, NumPy arrays or tensors; `train` is among them.
        labels: Labels of the same splits.
        classes: Class names, if known.
        image_size: Resize images to this many pixels square.

    Raises:
        DataError: If an array can't be understood, holds NaN, or lengths or shapes don't fit.

    >>> contents = array_contents("toy", {"train": np.zeros((2, 4, 4), dtype=np.uint8)}, {"train": [0, 1]})
    >>> contents.parts["train"].inputs.shape
    torch.Size([2, 1, 4, 4])
    """
    for split, array in inputs.items():
        if len(array) != len(labels[split]):
            raise DataError(
                f"The {split} split has {len(array)} inputs and {len(labels[split])} labels. "
                "Pass one label for each input."
            )
    found, encoded = encoded_labels(labels, classes)
    tensors = {split: input_tensor(array, split) for split, array in inputs.items()}
    if image_size is not None:
        tensors = {split: resized(tensor, image_size) for split, tensor in tensors.items()}
    for split, tensor in tensors.items():
        expected = tensors["train"]
        if tensor.shape[1:] != expected.shape[1:] or tensor.dtype != expected.dtype:
            raise DataError(
                f"Inputs of the {split} split are {_described(tensor)}, those of the train split "
                f"{_described(expected)}. Bring them to one shape and type."
            )
    parts = {split: whole_part(tensor, encoded[split], split) for split, tensor in tensors.items()}
    digests = {split: tensor_digest(part.inputs) + tensor_digest(part.labels) for split, part in parts.items()}
    return Contents(name, found, parts, contents_digest(found, digests))


def input_tensor(array: Any, split: str) -> Tensor:
    """Return inputs as uint8 images (example, channel, height, width) or float32 of any shape (example, ...).

    Tensors are taken as they are, channels first. NumPy arrays with four axes are images if exactly one of the second
    and the last axis has 1 or 3 entries, which is then the channel axis; whole numbers with three axes are grey images;
    arrays with two axes are features. Anything else is refused rather than guessed.

    Args:
        array: A NumPy array, a tensor, or nested lists.
        split: Name of the split, for messages.

    Raises:
        DataError: If the array can't be understood or holds NaN or infinity.

    >>> input_tensor(np.zeros((2, 8, 8, 3), dtype=np.uint8), "train").shape
    torch.Size([2, 3, 8, 8])
    """
    is_tensor = isinstance(array, Tensor)
    if isinstance(array, Tensor):
        array = (array.float() if array.is_floating_point() else array).numpy(force=True)
    numbers = np.asarray(array)
    if numbers.dtype.kind not in "iubf":
        advice = "Convert it to numbers; encode words as columns of 0 and 1"
        raise DataError(f"Inputs of the {split} split must be numbers; got {numbers.dtype}. {advice}.")
    if numbers.ndim < 2 or 0 in numbers.shape:
        advice = "Pass one row for each example"
        raise DataError(f"Inputs of the {split} split must have rows and columns; got shape {numbers.shape}. {advice}.")
    if numbers.dtype.kind != "f" and numbers.ndim > 2:
        numbers = _eight_bit(numbers, split)
    if not is_tensor:
        numbers = _channels_first(numbers, split)
    if numbers.dtype == np.uint8 and numbers.ndim > 2:
        return _images(torch.from_numpy(_writable(numbers)), split)
    tensor = torch.from_numpy(_writable(numbers.astype(np.float32, copy=False)))
    check_finite(tensor, split)
    return tensor


def check_finite(inputs: Float32[Tensor, "example ..."], split: str, columns: Sequence[str] | None = None) -> None:
    """Raise if an input is NaN or infinite, naming the first row and column.

    >>> check_finite(torch.zeros(2, 3), "train")
    """
    wrong = ~inputs.isfinite()
    if not bool(wrong.any()):
        return
    place = [int(index) for index in wrong.nonzero()[0]]
    column = repr(columns[place[1]]) if columns else ", ".join(str(index) for index in place[1:])
    value = inputs[tuple(place)].item()
    advice = "Fill it in or leave that example out"
    raise DataError(f"Row {place[0]}, column {column} of the {split} split is {value}, not a number. {advice}.")


def resized(inputs: Tensor, image_size: int) -> Tensor:
    """Return images resized to so many pixels square, by antialiased bilinear interpolation.

    Raises:
        ArgumentError: If the inputs are not images.

    >>> resized(torch.zeros(1, 3, 8, 6), 4).shape
    torch.Size([1, 3, 4, 4])
    """
    if inputs.ndim != 4:
        got = Quoted(f"{image_size} for inputs of shape {tuple(inputs.shape[1:])}")
        raise ArgumentError("image_size", "be left unset unless inputs are images", got, "Leave it out")
    size = (image_size, image_size)
    return functional.interpolate(inputs, size, mode="bilinear", antialias=True)


def _eight_bit(numbers: Shaped[np.ndarray, "..."], split: str) -> Shaped[np.ndarray, "..."]:
    """Return whole numbers with more than two axes as 8-bit images."""
    if numbers.dtype == np.uint8:
        return numbers
    if numbers.dtype.kind == "b" or (int(numbers.min()) >= 0 and int(numbers.max()) <= 255):
        return numbers.astype(np.uint8)
    extent = f"{numbers.dtype} from {int(numbers.min())} to {int(numbers.max())}"
    advice = "Convert images to uint8, or other data to float32"
    raise DataError(f"Whole numbers of the {split} split must be pixels from 0 to 255; got {extent}. {advice}.")


def _channels_first(numbers: Shaped[np.ndarray, "..."], split: str) -> Shaped[np.ndarray, "..."]:
    """Return a NumPy array with channels second, or refuse to guess."""
    shape = numbers.shape
    if numbers.ndim == 2 or (numbers.ndim == 3 and numbers.dtype == np.uint8):
        return numbers
    if numbers.ndim == 4 and (shape[1] in CHANNEL_COUNTS) != (shape[3] in CHANNEL_COUNTS):
        return numbers if shape[1] in CHANNEL_COUNTS else numbers.transpose(0, 3, 1, 2)
    advice = "Return a torch tensor with channels second from module:function, or flatten to (example, feature)"
    raise DataError(
        f"Inputs of the {split} split must be (example, height, width, channel) or (example, channel, height, width) "
        f"with 1 or 3 channels; got shape {shape}, {numbers.dtype}. {advice}."
    )


def _images(images: Tensor, split: str) -> Tensor:
    """Return 8-bit images with a channel axis, in channels_last order."""
    if images.ndim not in (3, 4):
        advice = "Convert other data to float32"
        raise DataError(f"8-bit inputs of the {split} split must be images; got shape {tuple(images.shape)}. {advice}.")
    images = images[:, None] if images.ndim == 3 else images
    return images.contiguous(memory_format=torch.channels_last)


def _writable(numbers: Shaped[np.ndarray, "..."]) -> Shaped[np.ndarray, "..."]:
    """Return an array that torch can wrap: in native byte order, without negative strides, and not read-only."""
    numbers = numbers.astype(numbers.dtype.newbyteorder("="), copy=False)
    if not numbers.flags.writeable or min(numbers.strides) < 0:
        return numbers.copy()
    return numbers


def _described(tensor: Tensor) -> str:
    """Return the type and shape of one input for a message."""
    return f"{str(tensor.dtype).removeprefix('torch.')} of shape {tuple(tensor.shape[1:])}"
