"""CIFAR-10-C as it is published, and any set in its layout: one `.npy` file for each type of corruption."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int64, Shaped, UInt8
from torch import Tensor

from modescape.core.checks import check_choice
from modescape.core.errors import ArgumentError, DataError
from modescape.core.seeds import Stream, derived_seed, numpy_generator
from modescape.data.corruptions.names import CORRUPTIONS, INTENSITIES
from modescape.data.sets import Examples

LABELS = "labels.npy"
LAYOUT = "NAME.npy with five blocks of images, one an intensity, and labels.npy beside it"


def official(
    folder: Path,
    name: str,
    intensity: int,
    *,
    num_classes: int | None = None,
    image_shape: tuple[int, ...] | None = None,
    rows: Sequence[int] | Int64[Tensor, "example"] | None = None,
    labels: Int64[Tensor, "example"] | None = None,
) -> Examples:
    """Return one type of corruption at one intensity from files in the layout of CIFAR-10-C.

    `NAME.npy` holds uint8 images (5 * block, height, width, channel): the test images at intensity 1, then again at 2,
    up to 5; `labels.npy` the labels of all, the same in each block. CIFAR-10-C's blocks have 10,000 images; others may
    have any number. Files are mapped into memory, and only the images that are asked for are read.

    Source: Hendrycks & Dietterich (2019), Benchmarking Neural Network Robustness to Common Corruptions and
    Perturbations, https://arxiv.org/abs/1903.12261; files at https://doi.org/10.5281/zenodo.2535967.

    Args:
        folder: Holds the files.
        name: One of `CORRUPTIONS`.
        intensity: 1 to 5.
        num_classes: Number of classes of the run, if labels are to be checked against it.
        image_shape: (channel, height, width) of the run's images, if they are to be checked.
        rows: Which images of the block, such as `official_rows` gives; None takes all.
        labels: Labels of the run's test examples: those of the chosen rows must be the same.

    Raises:
        ArgumentError: If there is no such corruption or intensity, or a row is not in the block.
        DataError: If a file is missing, cut short or something else, or the labels are not those of the run.
    """
    check_choice(name, CORRUPTIONS, "corruption")
    if intensity not in INTENSITIES:
        raise ArgumentError("intensity", "be a whole number from 1 to 5", intensity, "Use the test set itself for 0")
    block_labels = _block_labels(folder / LABELS, num_classes)
    num_images = len(block_labels)
    images = _images(folder / f"{name}.npy", len(INTENSITIES) * num_images, image_shape)
    block = images[(intensity - 1) * num_images : intensity * num_images]
    if rows is not None:
        chosen = _checked_rows(rows, num_images, folder)
        block, block_labels = block[chosen], block_labels[chosen]
    if labels is not None:
        _check_same(block_labels, labels.numpy(force=True), folder)
    return Examples(torch.from_numpy(block).permute(0, 3, 1, 2), torch.from_numpy(block_labels))


def official_names(folder: Path) -> tuple[str, ...]:
    """Return the types of corruption that a folder holds, in the order of `CORRUPTIONS`.

    Raises:
        DataError: If it holds none, or is not there.
    """
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}. Pass the folder of CIFAR-10-C: {LAYOUT}.")
    found = tuple(name for name in CORRUPTIONS if (folder / f"{name}.npy").is_file())
    if not found:
        raise DataError(f"{folder} holds no corrupted images. Pass the folder of CIFAR-10-C: {LAYOUT}.")
    return found


def official_rows(folder: Path, test: Examples, *, seed: int) -> tuple[Int64[Tensor, "example"], bool]:
    """Return which images of a block to take for a run's test examples, and whether they are the same examples.

    They are the same where the run knows the rows of its test examples and `labels.npy` has their labels in those rows.
    Otherwise, for example where the run's source was shuffled, each example is stood for by another image of its class,
    drawn without replacement; corrupted and clean images can then not be compared one by one.

    Args:
        folder: Holds the files.
        test: The run's test examples.
        seed: Seed of the run.

    Raises:
        DataError: If `labels.npy` is missing, cut short or something else, or has fewer images of a class.
    """
    labels = _block_labels(folder / LABELS, None)
    wanted = test.labels.numpy(force=True)
    if test.rows is not None and int(test.rows.max()) < len(labels):
        rows = test.rows.cpu()
        if np.array_equal(labels[rows.numpy()], wanted):
            return rows, True
    generator = numpy_generator(derived_seed(seed, Stream.CORRUPTION))
    drawn = np.empty(len(wanted), dtype=np.int64)
    for label in np.unique(wanted):
        places, known = np.flatnonzero(wanted == label), np.flatnonzero(labels == label)
        if len(known) < len(places):
            raise DataError(
                f"{folder} must hold at least {len(places)} images of class {label} in each block; it holds "
                f"{len(known)}. Use fewer test examples."
            )
        drawn[places] = generator.permutation(known)[: len(places)]
    return torch.from_numpy(drawn), False


def _opened(path: Path) -> Shaped[np.ndarray, "..."]:
    """Map a file into memory, privately: torch wants memory it may write to."""
    if not path.is_file():
        raise DataError(f"There is no file {path}. Pass the folder of CIFAR-10-C: {LAYOUT}.")
    try:
        return np.load(path, mmap_mode="c", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise DataError(
            f"{path} can't be read as a NumPy array ({reason}). It may be cut short: download it again."
        ) from error


def _block_labels(path: Path, num_classes: int | None) -> Int64[np.ndarray, "example"]:
    """Return the labels of one block, after checking that all five have the same."""
    labels = _opened(path)
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or len(labels) == 0 or len(labels) % len(INTENSITIES):
        raise DataError(
            f"{path} must hold whole numbers, five blocks of the same length; it holds {labels.dtype} of shape "
            f"{labels.shape}. Download it again."
        )
    blocks = labels.astype(np.int64).reshape(len(INTENSITIES), -1)
    other = np.argwhere(blocks != blocks[0])
    if len(other):
        block, row = (int(place) for place in other[0])
        raise DataError(
            f"{path} has the label {int(blocks[block, row])} for image {row} at intensity {block + 1}, and "
            f"{int(blocks[0, row])} at intensity 1. The blocks must hold the same images in the same order."
        )
    if num_classes is not None and not (blocks[0].min() >= 0 and blocks[0].max() < num_classes):
        raise DataError(
            f"{path} has labels from {int(blocks[0].min())} to {int(blocks[0].max())}, but the data of the run have "
            f"{num_classes} classes. Pass a corrupted set of the same data."
        )
    return blocks[0]


def _images(path: Path, num_images: int, shape: tuple[int, ...] | None) -> UInt8[np.ndarray, "example height width c"]:
    """Return the images of a file, after checking what it is."""
    images = _opened(path)
    if images.ndim != 4 or images.dtype != np.uint8 or images.shape[3] not in (1, 3):
        raise DataError(
            f"{path} must hold uint8 images (example, height, width, channel); it holds {images.dtype} of shape "
            f"{images.shape}. Download it again."
        )
    if len(images) != num_images:
        raise DataError(f"{path} holds {len(images)} images, but {LABELS} {num_images} labels. Download both again.")
    found = (images.shape[3], *images.shape[1:3])
    if shape is not None and found != tuple(shape):
        raise DataError(
            f"{path} holds images of shape {found}, but those of the run are {tuple(shape)}. Train on images of the "
            "same size, or corrupt the run's own test images."
        )
    return images


def _checked_rows(
    rows: Sequence[int] | Int64[Tensor, "example"], num_images: int, folder: Path
) -> Int64[np.ndarray, "row"]:
    """Return rows that lie in a block."""
    chosen = np.asarray(rows, dtype=np.int64)
    outside = chosen[(chosen < 0) | (chosen >= num_images)]
    if outside.size:
        rule = f"lie in [0, {num_images}), the images of one intensity in {folder}"
        raise ArgumentError("rows", rule, int(outside[0]), "Pass a corrupted set of the run's own test set")
    return chosen


def _check_same(found: Int64[np.ndarray, "example"], expected: Int64[np.ndarray, "example"], folder: Path) -> None:
    """Raise unless labels are those of the run's test examples."""
    advice = "Both must hold the same test images in the same order"
    if len(found) != len(expected):
        raise DataError(f"{folder} gives {len(found)} images, but the run has {len(expected)} test examples. {advice}.")
    other = np.flatnonzero(found != expected)
    if other.size:
        first = int(other[0])
        raise DataError(
            f"Test example {first} of the run has the label {int(expected[first])}, but {folder / LABELS} has "
            f"{int(found[first])}. {advice}."
        )
