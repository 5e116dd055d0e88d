"""Parquet files in the layout of Hugging Face dataset repositories, or plain tables of numbers."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from modescape.core.errors import DataError
from modescape.data.arrays import array_contents, check_finite
from modescape.data.cache import Cache, entry_key
from modescape.data.contents import Contents
from modescape.data.images import Encoded, EncodedSet, EncodedSplit
from modescape.data.labels import encoded_labels
from modescape.data.settings import DataSettings
from modescape.data.sources.columns import (
    class_names,
    column_features,
    column_labels,
    encoded_images,
    feature_columns,
    image_column,
    label_column,
)

SPLIT_NAME = re.compile(r"(train|test|validation|valid|val|dev)(?![a-zA-Z])")
SPLIT_OF = {"train": "train", "test": "test"}
"""Splits by the word that a file name begins with; all others mean validation."""
ROWS_AT_ONCE = 256

Files = Mapping[str, Sequence[Path]]


def parquet_contents(place: str, settings: DataSettings, cache: Cache) -> Contents:
    """Return what Parquet files hold: images with labels, or numeric columns as features.

    Files are told apart by how their names begin: `train-*.parquet`, `test-*`, `validation-*`, in the folder or in its
    `data` folder. Files without such names are one set. An image column is found by its type, class names in the
    schema.

    Source: Hugging Face, Structure your repository, https://huggingface.co/docs/datasets/repository_structure.

    Args:
        place: A folder or one file.
        settings: Names the label column and the image size.
        cache: Where decoded images go.

    Raises:
        DataError: If files are missing or damaged, or their columns can't be used.
        ArgumentError: If there is no label column.
    """
    path = Path(place).expanduser()
    files = parquet_files(path)
    decoding = {"image_size": settings.image_size, "label_column": settings.label_column}
    key = entry_key(f"parquet:{path.resolve()}", [file for split in files.values() for file in split], decoding)
    name = path.resolve().stem if path.is_file() else path.resolve().name
    if (kept := cache.opened(key, name)) is not None:
        return kept
    schema = _schema(files["train"][0])
    labels = label_column(schema.names, settings.label_column)
    images = image_column(schema, labels)
    if images is None:
        return _table_contents(name, files, schema, labels, settings)
    columns = {split: column_labels(_table(shards, [labels]).column(0), split) for split, shards in files.items()}
    classes, encoded = encoded_labels(columns, class_names(schema, labels))
    splits = {
        split: EncodedSplit(encoded[split], partial(_file_images, shards, images)) for split, shards in files.items()
    }
    return cache.built(key, name, EncodedSet(classes, splits), image_size=settings.image_size)


def parquet_files(path: Path) -> dict[str, list[Path]]:
    """Return the files of each split, shards in the order of their names.

    Raises:
        DataError: If there are none, or none for training.
    """
    if not path.exists():
        raise DataError(f"There is no folder or file {path}. Check the path after parquet:.")
    if path.is_file():
        return {"train": [path]}
    found = sorted(path.glob("*.parquet")) or sorted(path.glob("data/*.parquet"))
    if not found:
        below = sorted({file.parent for file in path.glob("*/*.parquet")})
        advice = f"Pass parquet:{below[0]}" if below else "Pass the folder of train-*.parquet and test-*.parquet"
        raise DataError(f"{path} holds no .parquet files. {advice}.")
    matches = [(SPLIT_NAME.match(file.stem), file) for file in found]
    named = [(SPLIT_OF.get(match[1], "validation"), file) for match, file in matches if match]
    splits = {
        split: [file for name, file in named if name == split]
        for split in ("train", "validation", "test")
        if any(name == split for name, _ in named)
    }
    if splits and "train" not in splits:
        names = ", ".join(file.name for file in found[:5])
        raise DataError(f"{path} holds no file for training, only {names}. Name it train-*.parquet.")
    return splits or {"train": found}


def _file_images(shards: Sequence[Path], column: str) -> Iterator[Encoded]:
    """Yield the images of a split, file after file."""
    for path in shards:
        _check_columns(path, [column])
        with readable(path), pq.ParquetFile(path) as file:
            yield from encoded_images(file.iter_batches(ROWS_AT_ONCE, columns=[column]), column, path.name)


def _table_contents(name: str, files: Files, schema: pa.Schema, labels: str, settings: DataSettings) -> Contents:
    """Return plain columns as features; those of the training files are looked up in all others."""
    features = feature_columns(schema, labels)
    tables = {split: _table(shards, [*features, labels]) for split, shards in files.items()}
    columns = {split: column_labels(table.column(labels), split) for split, table in tables.items()}
    inputs = {split: column_features(table, features) for split, table in tables.items()}
    for split, tensor in inputs.items():
        check_finite(tensor, split, features)
    return array_contents(name, inputs, columns, classes=class_names(schema, labels), image_size=settings.image_size)


def _schema(path: Path) -> pa.Schema:
    """Return the schema of a file."""
    with readable(path):
        return pq.read_schema(path)


def _table(shards: Sequence[Path], columns: Sequence[str]) -> pa.Table:
    """Return some columns of all files of a split."""
    tables = []
    for path in shards:
        _check_columns(path, columns)
        with readable(path), pq.ParquetFile(path) as file:
            tables.append(file.read(columns=list(columns)))
    with readable(shards[0].parent):
        return pa.concat_tables(tables, promote_options="permissive")


def _check_columns(path: Path, columns: Sequence[str]) -> None:
    """Raise unless a file has all columns."""
    present = _schema(path).names
    missing = [column for column in columns if column not in present]
    if missing:
        raise DataError(f"{path} has no column {missing[0]!r}, which the training files have. Add it there.")


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn a reader's error into one line that names the file."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise DataError(
            f"{path} can't be read as Parquet ({reason}). It may be cut short: download or write it again."
        ) from error
