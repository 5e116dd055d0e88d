"""Arrow columns of images, labels and features, as Parquet files and the Hugging Face hub hold them."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from jaxtyping import Float32
from torch import Tensor

from modescape.core.errors import ArgumentError, DataError, Quoted
from modescape.data.images import Encoded

LABEL_COLUMNS = ("label", "labels", "y", "target", "targets", "fine_label")
INDEX_COLUMN = "__index_level_0__"
"""Where pandas stores its row index; no feature."""


def label_column(names: Sequence[str], asked: str | None) -> str:
    """Return the column that holds labels: the one asked for, or the first with a usual name, in upper or lower case.

    Raises:
        ArgumentError: If there is none.

    >>> label_column(["img", "label"], None)
    'label'
    """
    in_any_case = {name.lower(): name for name in reversed(names)}
    usual = next((in_any_case[name] for name in LABEL_COLUMNS if name in in_any_case), None)
    found = usual if asked is None else asked
    if found is None or found not in names:
        got = asked if asked is not None else Quoted(f"none of {', '.join(LABEL_COLUMNS)}")
        listed = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
        raise ArgumentError("label_column", f"be one of the columns {listed}", got, "Set label_column to one of them")
    return found


def image_column(schema: pa.Schema, labels: str) -> str | None:
    """Return the first column of images, a struct of `bytes` and `path` or plain binary, or None.

    >>> image_column(pa.schema({"img": pa.struct({"bytes": pa.binary(), "path": pa.string()})}), "label")
    'img'
    """
    for name, kind in zip(schema.names, schema.types, strict=True):
        is_struct = pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0
        if name != labels and (is_struct or _is_binary(kind)):
            return name
    return None


def class_names(schema: pa.Schema, labels: str) -> tuple[str, ...] | None:
    """Return the class names in the `huggingface` metadata of a schema, or None where there are none.

    >>> facts = {"info": {"features": {"label": {"_type": "ClassLabel", "names": ["cat", "dog"]}}}}
    >>> class_names(pa.schema({"label": pa.int64()}, metadata={"huggingface": json.dumps(facts)}), "label")
    ('cat', 'dog')
    """
    try:
        facts = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"][labels]
        return tuple(str(name) for name in facts["names"]) if facts["_type"] == "ClassLabel" else None
    except (KeyError, TypeError, ValueError):
        return None


def column_labels(column: pa.ChunkedArray, split: str) -> np.ndarray:
    """Return a column of labels as an array of numbers or words.

    Raises:
        DataError: If a label is missing.

    >>> column_labels(pa.chunked_array([[3, 1]]), "train").tolist()
    [3, 1]
    """
    if column.null_count:
        row = column.is_null().to_pylist().index(True)
        raise DataError(f"Example {row} of the {split} split has no label. Fill it in or leave that example out.")
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return np.asarray(column.to_pylist()) if _is_text(column.type) else column.to_numpy()


def encoded_images(batches: Iterable[pa.RecordBatch], column: str, where: str, *, start: int = 0) -> Iterator[Encoded]:
    """Yield the images of a column, each named by file and row.

    Args:
        batches: Batches of rows.
        column: The image column.
        where: The file or split, for messages.
        start: Number of the first row.

    Raises:
        DataError: If a row holds no image.
    """
    row = start
    for batch in batches:
        images = batch.column(column)
        for content in (images.field("bytes") if pa.types.is_struct(images.type) else images).to_pylist():
            if not content:
                raise DataError(
                    f"{where}, row {row}: column {column!r} holds no image bytes. Embed the images, or use folder:DIR."
                )
            yield Encoded(f"{where}, row {row}", content)
            row += 1


def feature_columns(schema: pa.Schema, labels: str) -> list[str]:
    """Return the names of the numeric columns beside the labels.

    Raises:
        DataError: If another column is not numeric, or there is none.

    >>> feature_columns(pa.schema({"age": pa.int64(), "y": pa.int64()}), "y")
    ['age']
    """
    names = [name for name in schema.names if name not in (labels, INDEX_COLUMN)]
    for name in names:
        kind = schema.field(name).type
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
            advice = "Leave it out, or encode it as columns of numbers"
            raise DataError(f"Column {name!r} must be numbers to be a feature; got {kind}. {advice}.")
    if not names:
        raise DataError(f"There is no column beside the labels {labels!r}. Add images or numeric columns.")
    return names


def column_features(table: pa.Table, names: Sequence[str]) -> Float32[Tensor, "example feature"]:
    """Return numeric columns as features; missing numbers become NaN.

    >>> column_features(pa.table({"a": [1, None], "b": [True, False]}), ["a", "b"]).tolist()
    [[1.0, 1.0], [nan, 0.0]]
    """
    features: Any = np.empty((table.num_rows, len(names)), dtype=np.float32)
    for index, name in enumerate(names):
        features[:, index] = table.column(name).cast(pa.float64(), safe=False).to_numpy()
    return torch.from_numpy(features)


def _is_binary(kind: pa.DataType) -> bool:
    """Say whether a column type holds bytes."""
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


def _is_text(kind: pa.DataType) -> bool:
    """Say whether a column type holds words."""
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)
