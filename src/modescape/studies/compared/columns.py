"""Tables of predictions: which columns are classes, which is the answer, the truth, or the number of the example."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from jaxtyping import Shaped

from modescape.core.errors import DataError

TRUTH: tuple[str, ...] = ("label", "labels", "y", "y_true", "true", "truth", "target", "targets", "class", "fine_label")
ANSWER: tuple[str, ...] = ("prediction", "predictions", "predicted", "pred", "y_pred", "decision", "decisions")
NUMBER: tuple[str, ...] = ("", "id", "index", "row", "example", "unnamed: 0", "__index_level_0__")


@dataclass(frozen=True, eq=False)
class Contents:
    """What a file holds.

    Args:
        arrays: Predictions by name; the one of a file that holds one has no name.
        classes: Names of the classes, where columns have names.
        truth: The true classes, where the file holds them too.
        numbers: The number of each example, where the file has a column for it.
    """

    arrays: dict[str, Shaped[np.ndarray, "..."]]
    classes: tuple[str, ...] | None = None
    truth: Shaped[np.ndarray, "example"] | None = None
    numbers: Shaped[np.ndarray, "example"] | None = None


def table_contents(table: pa.Table, where: str, *, named: bool) -> Contents:
    """Return what a table holds: scores in columns of numbers or in one column of lists, or one column of classes.

    A column called `label` or the like holds the truth if another column is left for the predictions; one called
    `prediction` or the like is left aside where there are scores; one called `id` or the like numbers the examples.

    Args:
        table: The table.
        where: The file, for errors.
        named: Whether the columns have names of their own.

    Raises:
        DataError: If nothing is left, or scores are not numbers; the column is named.

    >>> found = table_contents(pa.table({"id": [7, 8], "cat": [0.1, 1.0], "dog": [0.9, 0.0]}), "a.csv", named=True)
    >>> found.classes, found.arrays[""].tolist(), found.numbers.tolist()
    (('cat', 'dog'), [[0.1, 0.9], [1.0, 0.0]], [7, 8])
    """
    names = list(table.column_names)
    number = _first(names, NUMBER) if named and len(names) > 1 else None
    left = [name for name in names if name != number]
    truth = _first(left, TRUTH) if named and len(left) > 1 else None
    left = [name for name in left if name != truth]
    answer = _first(left, ANSWER) if named and len(left) > 1 else None
    left = [name for name in left if name != answer]
    if not left:
        raise DataError(f"{where} has no column of predictions. Write one column a class, or one with the answers.")
    if sorted(left) == sorted(map(str, range(len(left)))):
        # Labels that are numbers count the classes, so that columns named by numbers must stand in their order.
        left = sorted(left, key=int)
    classes = tuple(left) if named and len(left) > 1 else None
    return Contents(
        {"": _predictions(table, left, where)},
        classes,
        None if truth is None else column_values(table.column(truth), truth, where),
        None if number is None else column_values(table.column(number), number, where),
    )


def column_values(column: pa.ChunkedArray, name: str, where: str) -> Shaped[np.ndarray, "example"]:
    """Return a column of numbers or words.

    Raises:
        DataError: If an entry is missing; the row is named.

    >>> column_values(pa.chunked_array([["cat", "dog"]]), "label", "a.csv").tolist()
    ['cat', 'dog']
    """
    if column.null_count:
        row = column.is_null().to_pylist().index(True)
        raise DataError(f"{where}, row {row}: nothing stands in column {name!r}. Fill it in, or leave that row out.")
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return np.asarray(column.to_pylist()) if is_text(column.type) else np.asarray(column.to_numpy())


def is_text(kind: pa.DataType) -> bool:
    """Say whether a column type holds words.

    >>> is_text(pa.string()), is_text(pa.int8())
    (True, False)
    """
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _first(names: Sequence[str], known: Sequence[str]) -> str | None:
    """Return the first column with a known name, in upper or lower case."""
    return next((name for name in names if name.strip().lower() in known), None)


def _predictions(table: pa.Table, names: Sequence[str], where: str) -> Shaped[np.ndarray, "example ..."]:
    """Return the columns of predictions as one array."""
    if len(names) == 1:
        column = table.column(names[0])
        kind = column.type
        if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
            return _lists(column, names[0], where)
        return column_values(column, names[0], where)
    found = np.empty((table.num_rows, len(names)), dtype=np.float64)
    for index, name in enumerate(names):
        kind = table.column(name).type
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind)):
            advice = "Leave it out, or call it id or label"
            raise DataError(f"{where}: column {name!r} holds {kind}, not numbers. {advice}.")
        found[:, index] = table.column(name).cast(pa.float64()).to_numpy()
    return found


def _lists(column: pa.ChunkedArray, name: str, where: str) -> Shaped[np.ndarray, "example class"]:
    """Return a column of lists, which must have one length."""
    rows = column.to_pylist()
    lengths = [-1 if row is None else len(row) for row in rows]
    wrong = next((row for row, length in enumerate(lengths) if length != lengths[0] or length < 0), None)
    if wrong is not None:
        raise DataError(f"{where}, row {wrong}: {name!r} holds {max(lengths[wrong], 0)} numbers, not {lengths[0]}.")
    return np.array(rows, dtype=np.float64)
