"""NumPy archives: arrays of inputs and labels, with or without splits."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from modescape.core.errors import ArgumentError, DataError, Quoted
from modescape.data.arrays import array_contents
from modescape.data.contents import Contents
from modescape.data.settings import DataSettings
from modescape.data.sources.columns import label_column

SPLIT_ARRAYS = {
    "train": (("x_train", "y_train"), ("train_images", "train_labels")),
    "test": (("x_test", "y_test"), ("test_images", "test_labels")),
    "validation": (("x_val", "y_val"), ("x_validation", "y_validation"), ("val_images", "val_labels")),
}
"""Names as in Keras, and as in MedMNIST (https://medmnist.com)."""
INPUT_ARRAYS = ("x", "inputs", "data", "images", "features")


def npz_contents(place: str, settings: DataSettings) -> Contents:
    """Return the arrays of a `.npz` archive; pickled objects are never loaded.

    Args:
        place: The file.
        settings: Names the array of labels, where there are no splits, and the image size.

    Raises:
        DataError: If the file is missing or damaged, or its arrays can't be used.
        ArgumentError: If there is no array of labels.
    """
    path = Path(place).expanduser()
    if not path.is_file():
        raise DataError(f"There is no file {path}. Check the path after npz:.")
    try:
        # Opened here, since numpy leaves files that turn out to be no archive open.
        with path.open("rb") as file:
            arrays = _arrays(np.load(file, allow_pickle=False))
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        advice = "Write it again with numpy.savez, with plain arrays of numbers or words"
        raise DataError(f"{path} can't be read as a NumPy archive ({reason}). {advice}.") from error
    inputs, labels = named_arrays(arrays, str(path), settings.label_column)
    return array_contents(path.stem, inputs, labels, image_size=settings.image_size)


def named_arrays(
    arrays: Mapping[str, Any], where: str, label_name: str | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return inputs and labels by split, found by the names of arrays in upper or lower case.

    Args:
        arrays: Arrays by name: `x_train`, `y_train`, `x_test`, `y_test`, `x_val`, `y_val`; or inputs (`x`, `inputs`,
            `data`, `images`, `features`) and labels (`y`, `label`, `labels`, `target`, `targets`) alone.
        where: What to call the collection in messages.
        label_name: Name of the labels, if it is none of these.

    Raises:
        DataError: If names are missing.
        ArgumentError: If there is no array of labels.

    >>> named_arrays({"X": [[1.0]], "y": [0]}, "here", None)
    ({'train': [[1.0]]}, {'train': [0]})
    """
    names = {name.lower(): name for name in arrays}
    found = {}
    for split, pairs in SPLIT_ARRAYS.items():
        for pair in pairs:
            present = [names[name] for name in pair if name in names]
            if len(present) == 1:
                raise DataError(f"{where} holds {present[0]} but not both of {' and '.join(pair)}. Add the other.")
            if present:
                found[split] = present
    if found and "train" not in found:
        raise DataError(f"{where} holds no x_train and y_train, only {', '.join(arrays)}. Add them.")
    if found and label_name is not None:
        got = Quoted(f"{label_name!r} for arrays that have splits")
        raise ArgumentError("label_column", "be left unset where y_train is there", got, "Leave it out")
    found = found or {"train": _lone_pair(names, where, label_name)}
    return (
        {split: arrays[pair[0]] for split, pair in found.items()},
        {split: arrays[pair[1]] for split, pair in found.items()},
    )


def _arrays(archive: Any) -> dict[str, np.ndarray]:
    """Read all arrays of an archive."""
    if not isinstance(archive, np.lib.npyio.NpzFile):
        message = "it holds a single array"
        raise ValueError(message)  # noqa: TRY004  one of the ways in which a file is no archive
    return {name: archive[name] for name in archive.files}


def _lone_pair(names: Mapping[str, str], where: str, label_name: str | None) -> list[str]:
    """Return the names of the inputs and the labels of arrays without splits."""
    inputs = next((names[name] for name in INPUT_ARRAYS if name in names), None)
    if inputs is None:
        listed = ", ".join(names.values()) or "nothing"
        advice = "Name them x_train, y_train, x_test, y_test, or x and y"
        raise DataError(f"{where} holds no inputs under a known name, only {listed}. {advice}.")
    return [inputs, label_column([name for name in names.values() if name != inputs], label_name)]
