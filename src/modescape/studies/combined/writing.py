"""Combined predictions as a file: the formats that prediction files are read from."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from jaxtyping import Float, Shaped

from modescape.core.checks import check_choice
from modescape.core.errors import ArgumentError, Quoted, StoreError

WRITTEN = (".npy", ".npz", ".csv", ".parquet")


def check_writable(path: Path) -> None:
    """Raise unless a file of a known kind can be written into a folder that is there.

    Raises:
        ArgumentError: If the ending is unknown, or there is no such folder.

    >>> check_writable(Path("combined.npy"))
    """
    check_choice(path.suffix.lower(), WRITTEN, "output")
    if not path.parent.is_dir() or path.is_dir():
        raise ArgumentError("output", "be a file in a folder that is there", str(path), "Check the path")


def write_predictions(
    path: Path,
    probabilities: Float[np.ndarray, "example class"],
    classes: Sequence[str],
    numbers: Shaped[np.ndarray, "example"] | None = None,
) -> None:
    """Write combined probabilities: a plain array, or a table with a column for each class.

    Args:
        path: The file; its ending says of which kind. An older one is replaced.
        probabilities: Class probabilities.
        classes: Names of the classes, for columns; .npz files have them as `classes`.
        numbers: The number of each example, for the column `id`.

    Raises:
        ArgumentError: As `check_writable`.
        StoreError: If the file can't be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_predictions(Path(folder, "p.csv"), np.array([[0.25, 0.75]]), ["cat", "dog"])
    ...     print(Path(folder, "p.csv").read_text())
    "cat","dog"
    0.25,0.75
    <BLANKLINE>
    """
    check_writable(path)
    suffix = path.suffix.lower()
    try:
        if suffix == ".npy":
            with path.open("wb") as file:
                np.save(file, probabilities)
        elif suffix == ".npz":
            with path.open("wb") as file:
                np.savez(file, probabilities=probabilities, classes=np.array(list(classes)))
        else:
            columns = {} if numbers is None else {"id": pa.array(numbers)}
            columns |= {name: pa.array(column) for name, column in zip(classes, probabilities.T, strict=True)}
            table = pa.table(columns)
            pacsv.write_csv(table, path) if suffix == ".csv" else pq.write_table(table, path)
    except OSError as error:
        reason = Quoted(error.strerror or str(error))
        raise StoreError(f"`output` must be a file that can be written; got {reason} for {path}.") from error
