"""Labels of any kind into class indices and class names."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Int64, Shaped
from numpy.typing import ArrayLike
from torch import Tensor

from modescape.core.errors import DataError

ADVICE = "Correct it or leave that example out"


def encoded_labels(
    labels: Mapping[str, ArrayLike], classes: Sequence[str] | None = None
) -> tuple[tuple[str, ...], dict[str, Int64[Tensor, "example"]]]:
    """Return class names, and the labels of each split as class indices.

    Words become indices into their sorted list. Whole numbers are kept; without class names there are as many classes
    as the largest training label plus one, named by their numbers. Classes are those of the training split: another
    label in another split is an error.

    Args:
        labels: Labels of each split, one for each example; `train` is among them.
        classes: Class names, if the source knows them.

    Raises:
        DataError: If labels are missing, of another kind, or outside the classes, or training has one class only.

    >>> classes, encoded = encoded_labels({"train": ["dog", "cat", "dog"], "test": ["cat"]})
    >>> classes, encoded["train"].tolist(), encoded["test"].tolist()
    (('cat', 'dog'), [1, 0, 1], [0])
    """
    columns = {split: _column(values, split) for split, values in labels.items()}
    train = columns["train"]
    if _is_text(train):
        found = tuple(sorted({str(label) for label in train}))
        encoded = {split: _indices(column, found, split) for split, column in columns.items()}
    else:
        found = tuple(classes) if classes is not None else _numbered_classes(_whole_numbers(train, "train"))
        encoded = {split: _in_range(_whole_numbers(column, split), found, split) for split, column in columns.items()}
    if len(np.unique(encoded["train"])) < 2:
        only = found[int(encoded["train"][0])]
        raise DataError(f"All training examples are of one class, {only!r}. Pass data with at least two classes.")
    return found, {split: torch.from_numpy(column) for split, column in encoded.items()}


def _column(values: ArrayLike, split: str) -> Shaped[np.ndarray, "example"]:
    """Return labels as a one-dimensional array; a second axis of length 1, as in Keras, is dropped."""
    column = values.numpy(force=True) if isinstance(values, Tensor) else np.asarray(values)
    column = column[:, 0] if column.ndim == 2 and column.shape[1] == 1 else column
    if column.ndim != 1:
        advice = "Pass one class index an example; take the argmax of one-hot rows"
        raise DataError(f"Labels of the {split} split must be one-dimensional; got shape {column.shape}. {advice}.")
    if len(column) == 0:
        raise DataError(f"The {split} split holds no examples. Pass at least one.")
    return column


def _is_text(column: Shaped[np.ndarray, "example"]) -> bool:
    """Say whether labels are words rather than numbers."""
    return column.dtype.kind in "UT" or (column.dtype.kind == "O" and isinstance(column[0], str))


def _indices(
    column: Shaped[np.ndarray, "example"], classes: tuple[str, ...], split: str
) -> Int64[np.ndarray, "example"]:
    """Return words as indices into the class names."""
    index_of = {name: index for index, name in enumerate(classes)}
    for row, label in enumerate(column):
        if label not in index_of:
            where = f"Example {row} of the {split} split"
            raise DataError(
                f"{where} has the label {str(label)!r}, which no training example has: {_listed(classes)}. {ADVICE}."
            )
    return np.array([index_of[label] for label in column], dtype=np.int64)


def _whole_numbers(column: Shaped[np.ndarray, "example"], split: str) -> Int64[np.ndarray, "example"]:
    """Return labels as int64, or say which is missing or that they are no whole numbers."""
    if column.dtype.kind == "O":
        missing = [row for row, label in enumerate(column) if label is None]
        if missing:
            raise DataError(f"Example {missing[0]} of the {split} split has no label. {ADVICE}.")
    if column.dtype.kind == "f":
        missing = np.flatnonzero(~np.isfinite(column))
        if missing.size:
            row = int(missing[0])
            raise DataError(f"Example {row} of the {split} split has the label {column[row]}. {ADVICE}.")
    if column.dtype.kind not in "iub":
        advice = "Convert class indices to integers; regression targets are no labels"
        raise DataError(f"Labels of the {split} split must be whole numbers or words; got {column.dtype}. {advice}.")
    negative = np.flatnonzero(column < 0) if column.dtype.kind == "i" else np.empty(0, dtype=np.int64)
    if negative.size:
        row = int(negative[0])
        advice = "Count classes from 0; -1 often marks a split whose labels are hidden: leave its file out"
        raise DataError(f"Example {row} of the {split} split has the negative label {int(column[row])}. {advice}.")
    return column.astype(np.int64)


def _numbered_classes(train: Int64[np.ndarray, "example"]) -> tuple[str, ...]:
    """Name classes by their numbers, as many as the largest training label asks for."""
    row = int(train.argmax())
    if train[row] >= len(train):
        raise DataError(
            f"Example {row} of the train split has the label {int(train[row])}, but there are only {len(train)} "
            "examples. Count classes from 0."
        )
    return tuple(str(index) for index in range(int(train[row]) + 1))


def _in_range(column: Int64[np.ndarray, "example"], classes: tuple[str, ...], split: str) -> Int64[np.ndarray, "..."]:
    """Return labels that lie within the classes, or say which does not."""
    outside = np.flatnonzero(column >= len(classes))
    if outside.size:
        row = int(outside[0])
        raise DataError(
            f"Example {row} of the {split} split has the label {int(column[row])}, but there are {len(classes)} "
            f"classes: {_listed(classes)}. Count classes from 0."
        )
    return column


def _listed(classes: tuple[str, ...]) -> str:
    """Return class names for a message, cut after the tenth."""
    return ", ".join(classes[:10]) + (", ..." if len(classes) > 10 else "")
