"""Members to combine: read from files, runs or arrays, with the validation examples of the same members beside them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int, Shaped

from modescape.core.axes import MEMBER
from modescape.core.errors import ArgumentError, DataError, Quoted
from modescape.store import Run
from modescape.store.runs import is_run
from modescape.studies.combined.matching import check_other_files, matched
from modescape.studies.compared.blocks import Block, array_blocks, file_blocks, plain_array
from modescape.studies.compared.files import SUFFIXES, read_labels, read_predictions
from modescape.studies.compared.naming import named_blocks
from modescape.studies.compared.other_runs import run_block
from modescape.studies.compared.reconciled import MAX_CLASSES, Frame, Truth, common_frame, predictions_dataset
from modescape.studies.compared.request import is_place
from modescape.studies.compared.scores import Kind
from modescape.studies.members import NAMES

HELD_OUT = "predictions/validation"


@dataclass(frozen=True, eq=False)
class Predictions:
    """What members predict for the same examples.

    Args:
        probabilities: Class probabilities; one-hot where members name a class only.
        labels: The true classes, where known.
        classes: Names of the classes.
        member_names: What members are called.
        numbers: The number of each example, where files have it.
        notes: What was taken for granted.
    """

    probabilities: Float[np.ndarray, "member example class"]
    labels: Int[np.ndarray, "example"] | None
    classes: tuple[str, ...]
    member_names: tuple[str, ...]
    numbers: Shaped[np.ndarray, "example"] | None
    notes: tuple[str, ...] = ()


def read_both(
    sources: Sequence[Any],
    validation: Any = None,
    *,
    labels: Any = None,
    validation_labels: Any = None,
    names: Sequence[str] | None = None,
    kind: Kind = "auto",
) -> tuple[Predictions, Predictions | None]:
    """Return test predictions, and those of the same members, in the same order, for validation examples.

    Args:
        sources: Files, folders of them, runs, arrays, or mappings of names to arrays, of test examples.
        validation: The same of validation examples, one or a list; runs bring their own.
        labels: The true classes of the test examples: a file or an array.
        validation_labels: Those of the validation examples.
        names: What members are called, in the order of both; else they are told by their own names.
        kind: What numbers are.

    Raises:
        ModescapeError: In one line, whatever is wrong, with the file it is in.

    >>> test, held = read_both([{"a": np.array([[0.1, 0.9]]), "b": np.array([[0.3, 0.7]])}])
    >>> test.member_names, held
    (('a', 'b'), None)
    """
    held = _listed(validation) or _own_validation(sources)
    _check_places(sources, held, labels, validation_labels)
    blocks = named_blocks(list(_blocks(sources, kind, labels, "test")), names)
    _check_number(blocks)
    others = named_blocks(list(_blocks(held, kind, validation_labels, "validation")), names) if held else []
    order = matched(blocks, others) if held else []
    truths, other_truths = _truths(labels, "labels"), _truths(validation_labels, "validation_labels")
    if not held and other_truths:
        got = Quoted("labels alone")
        raise ArgumentError("validation", "come with validation_labels", got, "Pass the predictions for them")
    classes = _classes([*blocks, *others], [*truths, *other_truths])
    test = _predictions(blocks, common_frame(blocks, truths, classes))
    test = replace(test, notes=(*test.notes, *_column_notes([*blocks, *others], classes)))
    if not held:
        return test, None
    found = _predictions(others, common_frame(others, other_truths, test.classes))
    ordered = replace(found, probabilities=found.probabilities[order], member_names=test.member_names)
    return test, ordered


def read_inputs(given: Any, argument: str) -> Shaped[np.ndarray, "example ..."] | None:
    """Return what networks see of examples, from a file or an array.

    Raises:
        DataError: If the file can't be read, or holds several arrays.

    >>> read_inputs([[1, 2], [3, 4]], "inputs").shape
    (2, 2)
    """
    if given is None or not is_place(given):
        return None if given is None else plain_array(given, argument)
    path = Path(str(given)).expanduser()
    arrays = read_predictions(path).arrays
    if len(arrays) != 1:
        raise DataError(f"{path} must hold one array of inputs; got {len(arrays)}. Keep one.")
    return np.asarray(next(iter(arrays.values())))


def _listed(given: Any) -> list[Any]:
    """Return one source or several as a list."""
    if given is None:
        return []
    return list(given) if isinstance(given, list | tuple) else [given]


def _run(source: Any) -> Run | None:
    """Return a source as a run if it is one."""
    if isinstance(source, Run):
        return source
    path = Path(source).expanduser() if isinstance(source, str | Path) else None
    return Run.open(path) if path is not None and path.is_dir() and is_run(path) else None


def _own_validation(sources: Sequence[Any]) -> list[Run]:
    """Return sources as what validation predictions come from, if all are runs that hold some."""
    runs = [_run(source) for source in sources]
    found = [run for run in runs if run is not None and run.has_arrays(HELD_OUT)]
    return found if len(found) == len(sources) else []


def _paths(sources: Sequence[Any], labels: Any) -> Iterator[tuple[Any, Path | None]]:
    """Yield sources with the files that they stand for; None for runs and arrays."""
    aside = Path(str(labels)).expanduser().resolve() if isinstance(labels, str | Path) else None
    for source in sources:
        if not isinstance(source, str | Path) or _run(source) is not None:
            yield source, None
            continue
        path = Path(source).expanduser()
        if not path.is_dir():
            yield source, path
            continue
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES and file.resolve() != aside)
        if not files:
            raise DataError(f"{path} is no run and holds no prediction files ({', '.join(SUFFIXES)}). Check the path.")
        yield from ((source, file) for file in files)


def _blocks(sources: Sequence[Any], kind: Kind, labels: Any, split: str) -> Iterator[Block]:
    """Yield the members of all sources."""
    unnamed = 0
    for source, path in _paths(sources, labels):
        if path is not None:
            yield from file_blocks(path, kind)
        elif (run := _run(source)) is not None:
            yield run_block(run) if split == "test" else _held_out_block(run)
        else:
            # Arrays without a name are called by their place, so that those of validation are called the same.
            yield from array_blocks(source, f"members {unnamed}", kind)
            unnamed += 1


def _held_out_block(run: Run) -> Block:
    """Return the members of a run with their predictions for its validation examples."""
    if not run.has_arrays(HELD_OUT):
        raise ArgumentError(
            "validation", f"be runs with {HELD_OUT}", str(run.path), "Train with --validation 500, or pass files"
        )
    stored = run.arrays(HELD_OUT)
    probabilities = stored["probability"]
    return Block(
        origin=f"{run.path}, validation examples",
        label=run.name,
        names=tuple(str(name) for name in stored.coords.get(NAMES[0], stored[MEMBER]).values),
        group=run.name,
        num_examples=probabilities.shape[1],
        num_classes=probabilities.shape[2],
        each=lambda: iter(probabilities.to_numpy()),
        classes=tuple(stored.attrs["classes"]),
        truth=stored["label"].to_numpy(),
    )


def _check_places(sources: Sequence[Any], held: Sequence[Any], labels: Any, validation_labels: Any) -> None:
    """Raise if a file stands for test and validation examples both."""
    files = [path for _, path in _paths(sources, labels) if path is not None]
    others = [path for _, path in _paths(held, validation_labels) if path is not None]
    files += [Path(one) for one in (labels,) if isinstance(one, str | Path)]
    others += [Path(one) for one in (validation_labels,) if isinstance(one, str | Path)]
    check_other_files(files, others)


def _check_number(blocks: Sequence[Block]) -> None:
    """Raise unless there are two members at least."""
    number = sum(len(block.names) for block in blocks)
    if number < 2:
        raise ArgumentError("sources", "hold at least two members", number, "Name two files, or a run")


def _truths(labels: Any, argument: str) -> list[Truth]:
    """Return the true classes that the user gives."""
    if labels is None:
        return []
    if is_place(labels):
        return [Truth(str(labels), *read_labels(Path(str(labels)).expanduser()))]
    return [Truth(argument, plain_array(labels, argument))]


def _classes(blocks: Sequence[Block], truths: Sequence[Truth]) -> tuple[str, ...] | None:
    """Return the names of the classes of test and validation examples together, where neither alone may know all.

    Words are sorted; numbers count from 0. None where the columns of predictions say how many there are.
    """
    named = next((block.classes for block in blocks if block.classes), None)
    if named is not None:
        return named
    values = [truth.values for truth in truths] + [block.truth for block in blocks if block.truth is not None]
    answers = [answer for block in blocks if block.num_classes is None for answer in block.each()]
    words, highest = _vocabulary([*values, *answers])
    if words:
        return tuple(sorted(words))
    return tuple(map(str, range(max(2, highest + 1)))) if answers and len(answers) == _count(blocks) else None


def _column_notes(blocks: Sequence[Block], classes: tuple[str, ...] | None) -> list[str]:
    """Return what was taken for granted about columns without names."""
    unnamed = [block for block in blocks if block.num_classes is not None and block.classes is None]
    named = next((block for block in blocks if block.classes), None)
    if classes is None or not unnamed:
        return []
    order = "the alphabet" if named is None else named.origin
    shown = f"{', '.join(classes[:12])}{', ...' if len(classes) > 12 else ''}"
    return [f"Columns without names, as in {unnamed[0].origin}, are taken in the order of {order}: {shown}."]


def _vocabulary(arrays: Iterable[np.ndarray]) -> tuple[set[str], int]:
    """Return the words that arrays hold, and the highest number; numbers that are written as words are numbers."""
    words: set[str] = set()
    highest = -1
    for array in arrays:
        found = np.unique(array.astype(str) if array.dtype.kind in "OS" else array)
        numbers = found if found.dtype.kind not in "U" else None
        if numbers is None and all(word.isdecimal() and str(int(word)) == word for word in found.tolist()):
            numbers = found.astype(np.int64)
        if numbers is None:
            words |= set(found.tolist())
        elif len(numbers) and np.isfinite(numbers).all():
            highest = max(highest, int(min(numbers.max(), MAX_CLASSES)))
    return words, highest


def _count(blocks: Sequence[Block]) -> int:
    """Return the number of members."""
    return sum(len(block.names) for block in blocks)


def _predictions(blocks: Sequence[Block], frame: Frame) -> Predictions:
    """Return what members predict, as probabilities."""
    stacked = [_probabilities(block, frame) for block in blocks]
    numbers = next((block.numbers for block in blocks if block.numbers is not None), None)
    names = tuple(name for block in blocks for name in block.member_names)
    return Predictions(np.concatenate(stacked), frame.label, frame.classes, names, numbers, frame.notes)


def _probabilities(block: Block, frame: Frame) -> Float[np.ndarray, "member example class"]:
    """Return the probabilities of a block, with its columns in the common order; answers are one-hot."""
    found = predictions_dataset([block], frame, {})
    if "probability" in found:
        return found["probability"].to_numpy()
    return np.eye(len(frame.classes), dtype=np.float32)[found["decision"].to_numpy()]
