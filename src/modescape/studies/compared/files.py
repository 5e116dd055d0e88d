"""Prediction files of any framework: .npy, .npz, .csv and .parquet, and a single tensor as a .pt file."""

import csv
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from jaxtyping import Shaped
from torch import Tensor

from modescape.core.errors import DataError
from modescape.store.foreign_tensors import TENSOR_SUFFIXES, read_tensors
from modescape.studies.compared.columns import ANSWER, TRUTH, Contents, is_text, table_contents

SUFFIXES = (".npy", ".npz", ".csv", ".tsv", ".parquet")
DELIMITERS = ",;\t"


def read_predictions(path: Path) -> Contents:
    r"""Return what a prediction file holds; nothing in it is ever run.

    Args:
        path: The file. Arrays of .npy files stay on disk until they are looked at.

    Raises:
        DataError: If the file is missing, damaged, of an unknown kind, or holds no predictions.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "a.csv").write_text("cat,dog,label\n0.9,0.1,cat\n0.2,0.8,cat\n")
    ...     found = read_predictions(Path(folder, "a.csv"))
    >>> found.classes, found.truth.tolist()
    (('cat', 'dog'), ['cat', 'cat'])
    """
    if not path.is_file():
        raise DataError(f"There is no file {path}. Check the path.")
    suffix = path.suffix.lower()
    try:
        if suffix in (".npy", ".npz"):
            return _numpy(path)
        if suffix in (".csv", ".tsv"):
            return _text(path)
        if suffix == ".parquet":
            return table_contents(pq.read_table(path), str(path), named=True)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, pa.ArrowException) as error:
        if isinstance(error, DataError):
            raise
        raise _damaged(path, error) from error
    if suffix in TENSOR_SUFFIXES:
        return _tensor(path)
    raise DataError(f"{path} is of no kind that is read: {', '.join(SUFFIXES)}. Write the predictions as one of them.")


def read_labels(path: Path) -> tuple[Shaped[np.ndarray, "example"], Shaped[np.ndarray, "example"] | None]:
    """Return the true classes that a file holds, as numbers or words, and the numbers of the examples if it has them.

    Raises:
        DataError: As `read_predictions`, and if the file holds more than one column or array that could be meant.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(f"{folder}/y.npy", np.array([2, 0, 1]))
    ...     labels, numbers = read_labels(Path(folder, "y.npy"))
    >>> labels.tolist(), numbers
    ([2, 0, 1], None)
    """
    found = read_predictions(path)
    if found.truth is not None:
        return found.truth, found.numbers
    arrays = list(found.arrays.values())
    if len(arrays) != 1 or arrays[0].ndim != 1:
        shapes = ", ".join(str(array.shape) for array in arrays)
        raise DataError(f"{path} must hold one label a row; got {shapes}. Keep one column, or call it label.")
    return arrays[0], found.numbers


def _numpy(path: Path) -> Contents:
    """Read NumPy's files, without pickled objects."""
    if path.suffix.lower() == ".npy":
        return Contents({"": np.load(path, mmap_mode="r", allow_pickle=False)})
    # Opened here, since numpy leaves files that turn out to be no archive open.
    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    truth = next((name for name in arrays if name.lower() in TRUTH and len(arrays) > 1), None)
    kept = {name: array for name, array in arrays.items() if name != truth}
    if not kept:
        raise DataError(f"{path} holds no arrays. Write predictions with numpy.savez.")
    return Contents(
        kept if len(kept) > 1 else {"": next(iter(kept.values()))}, truth=None if truth is None else arrays[truth]
    )


def _tensor(path: Path) -> Contents:
    """Read one tensor of predictions; weights by name are those of a network."""
    found = read_tensors(path)
    if not isinstance(found, Tensor):
        advice = "Name its network with --model, and its data with --data"
        raise DataError(f"{path} holds weights, not predictions. {advice}.")
    return Contents({"": found.to("cpu").float().numpy() if found.is_floating_point() else found.cpu().numpy()})


def _text(path: Path) -> Contents:
    """Read comma-separated values, with or without a row of names."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        first, second = file.readline(), file.readline()
    delimiter = _delimiter(first)
    cells = next(csv.reader([first], delimiter=delimiter), [])
    if not cells:
        raise DataError(f"{path} is empty. Write one row an example.")
    named = _are_names(cells) or _are_counted(cells, next(csv.reader([second], delimiter=delimiter), []))
    table = pacsv.read_csv(
        path,
        read_options=pacsv.ReadOptions(autogenerate_column_names=not named),
        parse_options=pacsv.ParseOptions(delimiter=delimiter),
    )
    if not table.num_rows:
        raise DataError(f"{path} holds no rows. Write one row an example.")
    if any(is_text(kind) for kind in table.schema.types) and len(cells) > 1 and not named:
        raise DataError(f"{path} holds words and no row of names. Name its columns in a first row.")
    return table_contents(table, str(path), named=named)


def _delimiter(line: str) -> str:
    """Return what stands between the cells of a line; numpy.savetxt writes spaces between numbers."""
    if not any(mark in line for mark in DELIMITERS) and len(line.split()) > 1 and all(map(_is_number, line.split())):
        return " "
    return max(DELIMITERS, key=line.count)


def _are_counted(cells: list[str], following: list[str]) -> bool:
    """Say whether the first row counts columns from 0, as pandas does for an array, over numbers that are not whole."""
    counted = cells[1:] if cells[0] == "" else cells
    if counted != [str(index) for index in range(len(counted))]:
        return False
    # An empty cell stands above the index; else a row of answers or of one-hot vectors may count from 0 by chance.
    return cells[0] == "" or (len(cells) > 1 and any(_is_number(cell) and not cell.isdecimal() for cell in following))


def _are_names(cells: list[str]) -> bool:
    """Say whether the first row holds names: words, and in a single column only words that say what it is."""
    words = [cell for cell in cells if not _is_number(cell)]
    if len(cells) == 1:
        return cells[0].strip().lower() in (*TRUTH, *ANSWER)
    return bool(words)


def _is_number(cell: str) -> bool:
    """Say whether a cell is a number or empty."""
    try:
        float(cell or "nan")
    except ValueError:
        return False
    return True


def _damaged(path: Path, error: Exception) -> DataError:
    """Return the error for a file that can't be read."""
    reason = (str(error).splitlines() or [type(error).__name__])[0][:160].rstrip(".")
    return DataError(f"{path} can't be read ({reason}). It may be cut short: copy or write it again.")
