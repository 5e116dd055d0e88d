"""Members that come together: those of one file, of one run, or of one architecture."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped
from torch import Tensor

from modescape.core.errors import ArgumentError, DataError, Quoted
from modescape.studies.compared.columns import Contents
from modescape.studies.compared.files import read_predictions
from modescape.studies.compared.scores import Kind, probabilities_of

FILES = "files"
"""The group of members that come one a file."""


@dataclass(frozen=True, eq=False)
class Block:
    """Members with the same examples and the same kind of answers.

    Args:
        origin: Where they come from, for errors.
        label: What they are called together.
        names: What each is called among them; one without a name is called like the block.
        group: The group that they belong to.
        num_examples: Examples that they answer for.
        num_classes: Classes that they give probabilities of; None where they only name one.
        each: Yields for each member its probabilities (example, class), or the classes it names (example,).
        classes: Names of the classes, where known.
        truth: The true classes, where known.
        numbers: The number of each example, where known.
    """

    origin: str
    label: str
    names: tuple[str, ...]
    group: str
    num_examples: int
    num_classes: int | None
    each: Callable[[], Iterable[Shaped[np.ndarray, "example ..."]]]
    classes: tuple[str, ...] | None = None
    truth: Shaped[np.ndarray, "example"] | None = None
    numbers: Shaped[np.ndarray, "example"] | None = None

    @property
    def member_names(self) -> list[str]:
        """What members are called."""
        return ["/".join(part for part in (self.label, name) if part) for name in self.names]


def file_blocks(path: Path, kind: Kind) -> list[Block]:
    """Return the members in a prediction file.

    Args:
        path: The file.
        kind: What its numbers are.

    Raises:
        DataError: If it can't be read, or a row is not what it should be; file and row are named.
    """
    contents = read_predictions(path)
    blocks = [_block(array, str(path), path.stem, name, kind) for name, array in contents.arrays.items()]
    return [_with_columns(block, contents, str(path)) for block in blocks]


def array_blocks(given: Any, origin: str, kind: Kind) -> list[Block]:
    """Return the members in an array, or in a mapping of names to arrays.

    Args:
        given: Predictions (example, class), answers (example,), or those of many members along a first axis; arrays of
            any library that NumPy can read.
        origin: What to call it in errors, and where it has no name.
        kind: What its numbers are.

    Raises:
        DataError: As `file_blocks`.

    >>> [block] = array_blocks({"mine": np.array([[0.2, 0.8]])}, "sources[0]", "auto")
    >>> block.member_names, block.num_classes
    (['mine'], 2)
    """
    named = dict(given) if isinstance(given, Mapping) else {origin: given}
    if not named:
        raise ArgumentError(origin, "hold at least one array", Quoted("none"), "Pass names with predictions")
    return [_block(plain_array(array, str(name)), str(name), str(name), "", kind) for name, array in named.items()]


def plain_array(given: Any, where: str) -> np.ndarray:
    """Return an array of any library as one of NumPy, and tensors of PyTorch from any device, in any floats.

    Args:
        given: Anything that NumPy can read, or a tensor.
        where: What to call it in errors.

    Raises:
        DataError: If it is no array of one shape.

    >>> import torch
    >>> plain_array(torch.ones(2, dtype=torch.bfloat16, requires_grad=True), "labels").tolist()
    [1.0, 1.0]
    """
    if isinstance(given, Tensor):
        given = given.detach().to("cpu")
        given = given.float() if given.is_floating_point() else given
    try:
        return np.asarray(given)
    except (TypeError, ValueError) as error:
        raise DataError(f"{where} can't be read as an array ({error}). Pass arrays of one shape.") from error


def _block(array: np.ndarray, origin: str, label: str, name: str, kind: Kind) -> Block:
    """Return the members in one array."""
    where = f"{origin}, array {name!r}" if name else origin
    if array.ndim == 1 or (array.ndim == 2 and kind == "labels"):
        rows = [_checked_answers(row, where) for row in (array[None] if array.ndim == 1 else array)]
        num_classes = None
    elif array.ndim in (2, 3) and kind != "labels":
        members = array[None] if array.ndim == 2 else array
        places = [where] if array.ndim == 2 else [f"{where}, member {index}" for index in range(len(members))]
        rows = [probabilities_of(member, place, kind) for member, place in zip(members, places, strict=True)]
        num_classes = array.shape[-1]
    else:
        rule = "(example,) or (member, example)" if kind == "labels" else "(example, class) or (member, example, class)"
        raise DataError(f"{where} must have the shape {rule}; got {array.shape}. Check the kind, or turn the axes.")
    if not rows:
        raise DataError(f"{where} holds no member; its shape is {array.shape}. Leave it out.")
    many = len(rows) > 1
    inner = tuple("/".join(part for part in (name, str(index) if many else "") if part) for index in range(len(rows)))
    group = label if many else FILES
    return Block(where, label, inner, group, len(rows[0]), num_classes, lambda: rows)


def _checked_answers(row: np.ndarray, where: str) -> Shaped[np.ndarray, "example"]:
    """Return the classes that a member names, as whole numbers or words."""
    if row.dtype.kind in "iubUTS":
        return row.astype(str) if row.dtype.kind in "UTS" else row.astype(np.int64)
    if row.dtype.kind == "O" and all(isinstance(value, str) for value in row):
        return row.astype(str)
    whole = np.isfinite(row) & (row == np.floor(row)) if row.dtype.kind == "f" else np.zeros(len(row), dtype=bool)
    if not whole.all():
        index = int(np.argmin(whole))
        raise DataError(
            f"{where}, row {index}: {row[index]} is no class. Write whole numbers or words, or one column a class."
        )
    return row.astype(np.int64)


def _with_columns(block: Block, contents: Contents, origin: str) -> Block:
    """Return a block with what else its file holds."""
    for name, values in (("labels", contents.truth), ("numbers of examples", contents.numbers)):
        if values is not None and len(values) != block.num_examples:
            raise DataError(
                f"{origin} holds {len(values)} {name} for {block.num_examples} rows of predictions. Check its shape."
            )
    classes = contents.classes if block.num_classes is not None else None
    return replace(block, classes=classes, truth=contents.truth, numbers=contents.numbers)
