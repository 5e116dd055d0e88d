"""Members of many sources brought together: the same examples, the same classes, one truth."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Int, Shaped

from modescape.core.axes import CLASS, EXAMPLE, MEMBER
from modescape.core.errors import DataError
from modescape.studies.compared.blocks import Block

MAX_CLASSES = 100_000
"""Most classes that are counted where only answers are known: larger numbers are no classes, but hashes or the like."""


@dataclass(frozen=True, eq=False)
class Truth:
    """The true classes, where they come from, and the number of each example where known."""

    origin: str
    values: Shaped[np.ndarray, "example"]
    numbers: Shaped[np.ndarray, "example"] | None = None


@dataclass(frozen=True, eq=False)
class Frame:
    """What all members have in common.

    Args:
        num_examples: Examples.
        classes: Names of the classes.
        label: The true class of each example, where known.
        notes: What was taken for granted, for the user to know.
    """

    num_examples: int
    classes: tuple[str, ...]
    label: Int[np.ndarray, "example"] | None
    notes: tuple[str, ...] = ()


def common_frame(blocks: Sequence[Block], truths: Sequence[Truth], classes: Sequence[str] | None = None) -> Frame:
    """Return what members have in common, after checking that they belong together.

    Args:
        blocks: The members.
        truths: True classes given beside them; those of files count too, and all must agree.
        classes: Names of the classes, where known beside the files.

    Raises:
        DataError: If examples, classes or truths differ, or a class is unknown; both files, or file and row, are named.

    >>> from modescape.studies.compared.blocks import array_blocks
    >>> blocks = array_blocks({"a": np.array([0, 1]), "b": np.array([2, 1])}, "x", "auto")
    >>> common_frame(blocks, []).classes
    ('0', '1', '2')
    """
    given = [*truths, *(Truth(block.origin, block.truth) for block in blocks if block.truth is not None)]
    truths = [replace(truth, values=_classes_of(truth.values, truth.origin)) for truth in given]
    num_examples = _same_length(blocks, truths)
    _check_numbers([*blocks, *truths])
    named, notes = _class_names(blocks, truths, classes)
    codes = [_codes(truth.values, named, truth.origin) for truth in truths]
    for truth, found in zip(truths, codes, strict=True):
        if (found != codes[0]).any():
            row = int(np.argmax(found != codes[0]))
            raise DataError(
                f"{truths[0].origin} and {truth.origin} hold different labels, first in row {row}. "
                "Compare predictions for the same examples in the same order."
            )
    for block in (block for block in blocks if block.num_classes is None):
        for member in block.each():
            _codes(member, named, block.origin)
    return Frame(num_examples, named, codes[0] if codes else None, tuple(notes))


def predictions_dataset(blocks: Sequence[Block], frame: Frame, coords: dict[str, Any]) -> xr.Dataset:
    """Return what all members say, as steps read it: `decision`, `probability` where all have it, and `label`.

    Args:
        blocks: The members, in order.
        frame: What they have in common.
        coords: Names and groups by coordinate, as `naming.member_coords` returns them.
    """
    number = sum(len(block.names) for block in blocks)
    decided = np.empty((number, frame.num_examples), dtype=np.int32)
    shared = all(block.num_classes is not None for block in blocks)
    shape = (number, frame.num_examples, len(frame.classes))
    probabilities = np.empty(shape, dtype=np.float32) if shared else None
    rows = ((block, member) for block in blocks for member in block.each())
    for index, (block, member) in enumerate(rows):
        if block.num_classes is None:
            decided[index] = _codes(member, frame.classes, block.origin)
            continue
        ordered = member[:, _order(block, frame.classes)]
        decided[index] = ordered.argmax(axis=1)
        if probabilities is not None:
            probabilities[index] = ordered
    columns: dict[str, Any] = {"decision": ([MEMBER, EXAMPLE], decided)}
    if probabilities is not None:
        columns["probability"] = ([MEMBER, EXAMPLE, CLASS], probabilities)
    if frame.label is not None:
        columns["label"] = ([EXAMPLE], frame.label)
    members = {MEMBER: np.arange(number), **coords}
    return xr.Dataset(columns, coords=members, attrs={"classes": list(frame.classes)})


def same_test(blocks: Sequence[Block]) -> bool:
    """Say whether blocks that bring their own truth are about the same examples."""
    first = blocks[0]
    return all(
        block.classes == first.classes and _equal(block.truth, first.truth) and block.num_examples == first.num_examples
        for block in blocks
    )


def _equal(first: np.ndarray | None, second: np.ndarray | None) -> bool:
    """Say whether two truths are the same."""
    return first is None or second is None or np.array_equal(first, second)


def _same_length(blocks: Sequence[Block], truths: Iterable[Truth]) -> int:
    """Return the number of examples, after checking that all agree."""
    lengths = [(block.origin, block.num_examples) for block in blocks]
    lengths += [(truth.origin, len(truth.values)) for truth in truths]
    # What most sources hold is what is meant, so that the odd one is named.
    usual = Counter(length for _, length in lengths).most_common(1)[0][0]
    example = next(origin for origin, length in lengths if length == usual)
    for origin, length in lengths:
        if length != usual:
            raise DataError(
                f"{example} holds {usual:,} examples and {origin} holds {length:,}. "
                "Compare predictions for the same examples in the same order."
            )
    return usual


def _check_numbers(sources: Sequence[Block | Truth]) -> None:
    """Raise unless files that number their examples have them in one order."""
    numbered = [source for source in sources if source.numbers is not None]
    for block in numbered[1:]:
        differs = np.asarray(block.numbers) != np.asarray(numbered[0].numbers)
        if np.any(differs):
            row = int(np.argmax(differs))
            first, second = (one.numbers[row] for one in (numbered[0], block) if one.numbers is not None)
            raise DataError(
                f"{numbered[0].origin} and {block.origin} are in different orders: row {row} is example {first} in the "
                f"one and {second} in the other. Sort both alike."
            )


def _class_names(
    blocks: Sequence[Block], truths: Sequence[Truth], classes: Sequence[str] | None
) -> tuple[tuple[str, ...], list[str]]:
    """Return the names of the classes, and what was taken for granted."""
    number = _same_number(blocks, classes)
    named = next((block for block in blocks if block.classes), None)
    if classes is None and named is not None and named.classes:
        classes = named.classes
    if classes is not None:
        for block in blocks:
            _order(block, tuple(classes))
        return tuple(classes), []
    answers = [member for block in blocks if block.num_classes is None for member in block.each()]
    found = [*answers, *(truth.values for truth in truths)]
    # Numbers that are written as words are numbers: the alphabet would put 10 before 2.
    found = [values.astype(np.int64) if _are_numbers(values) else values for values in found]
    words = sorted({str(word) for values in found if values.dtype.kind not in "iub" for word in np.unique(values)})
    if words:
        if number is not None and len(words) != number:
            raise DataError(
                f"Labels are words, {len(words)} different ones, and predictions have {number} columns without names. "
                "Name the columns, or write labels as numbers."
            )
        return tuple(words), [f"Classes are in the order of the alphabet: {', '.join(words[:12])}."] if number else []
    if number is None:
        number = max(2, 1 + max(int(values.max(initial=0)) for values in found))
        if number > MAX_CLASSES:
            raise DataError(
                f"Answers and labels must be classes, counted from 0 and below {MAX_CLASSES:,}; got {number - 1}. "
                "Count the classes from 0, or write words."
            )
    return tuple(map(str, range(number))), []


def _same_number(blocks: Sequence[Block], classes: Sequence[str] | None) -> int | None:
    """Return the number of classes of members with probabilities, after checking that all agree."""
    scored = [block for block in blocks if block.num_classes is not None]
    known = [(block.origin, block.num_classes) for block in scored]
    known += [("the data", len(classes))] if classes is not None else []
    for origin, number in known[1:]:
        if number != known[0][1]:
            raise DataError(
                f"{known[0][0]} holds {known[0][1]} classes and {origin} holds {number}. Compare members of one task."
            )
    return known[0][1] if known else None


def _order(block: Block, classes: tuple[str, ...]) -> list[int] | slice:
    """Return where each class stands among the columns of a block."""
    if block.classes is None or block.classes == classes:
        return slice(None)
    if sorted(block.classes) != sorted(classes):
        unknown = [name for name in block.classes if name not in classes]
        other = unknown[0] if unknown else next(name for name in block.classes if block.classes.count(name) > 1)
        raise DataError(
            f"{block.origin} has the class {other!r}, which is not among {', '.join(classes[:12])}. "
            "Name the same classes everywhere."
        )
    return [block.classes.index(name) for name in classes]


def _classes_of(values: np.ndarray, origin: str) -> Shaped[np.ndarray, "example"]:
    """Return true classes as whole numbers or words, after checking that they are."""
    if values.ndim != 1:
        raise DataError(f"{origin} must hold one label an example; got the shape {values.shape}. Pass class numbers.")
    if values.dtype.kind == "f":
        whole = np.isfinite(values) & (values == np.floor(values))
        if not whole.all():
            row = int(np.argmin(whole))
            raise DataError(f"{origin}, row {row}: {values[row]} is no class. Write whole numbers or words.")
        return values.astype(np.int64)
    return values.astype(str) if values.dtype.kind == "S" else values


def _are_numbers(values: np.ndarray) -> bool:
    """Say whether words are whole numbers, all of them, without zeros in front."""
    return values.dtype.kind not in "iubf" and all(
        word.isdecimal() and str(int(word)) == word for word in map(str, values.tolist())
    )


def _codes(values: np.ndarray, classes: Sequence[str], origin: str) -> Int[np.ndarray, "example"]:
    """Return classes as numbers, after checking that each is known."""
    if values.dtype.kind in "iub":
        codes = values.astype(np.int64)
        wrong = (codes < 0) | (codes >= len(classes))
    else:
        places = {name: index for index, name in enumerate(classes)}
        codes = np.array([places.get(str(value), -1) for value in values.tolist()], dtype=np.int64)
        wrong = codes < 0
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"{origin}, row {row}: {values[row]} is none of the {len(classes)} classes, {', '.join(classes[:12])}. "
            "Count classes from 0, or name them as the columns are named."
        )
    return codes
