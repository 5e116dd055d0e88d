"""Sets by name from the Hugging Face hub, through the optional package `datasets`."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

from modescape.core.errors import DataError, MissingDependencyError
from modescape.data.cache import Cache, entry_key
from modescape.data.contents import Contents
from modescape.data.images import Encoded, EncodedSet, EncodedSplit
from modescape.data.labels import encoded_labels
from modescape.data.settings import DataSettings
from modescape.data.sources.columns import class_names, column_labels, encoded_images, image_column, label_column

ROWS_AT_ONCE = 256


class HubSet(NamedTuple):
    """A set on the hub, and its column of labels."""

    repository: str
    labels: str


HUB_SETS = {
    "cifar10": HubSet("uoft-cs/cifar10", "label"),
    "cifar100": HubSet("uoft-cs/cifar100", "fine_label"),
    "mnist": HubSet("ylecun/mnist", "label"),
    "fashion-mnist": HubSet("zalando-datasets/fashion_mnist", "label"),
}


def hub_contents(name: str, settings: DataSettings, cache: Cache) -> Contents:
    """Return a named set, fetched from the hub the first time and from the cache ever after.

    These sets do not change, so once decoded they need neither a connection nor the package `datasets`.

    Source: Krizhevsky (2009), Learning Multiple Layers of Features from Tiny Images (CIFAR); LeCun et al. (1998),
    Gradient-Based Learning Applied to Document Recognition (MNIST); Xiao et al. (2017), arXiv:1708.07747
    (Fashion-MNIST); served by https://huggingface.co/datasets.

    Args:
        name: One of `HUB_SETS`.
        settings: Names the label column and the image size.
        cache: Where decoded images go.

    Raises:
        MissingDependencyError: If `datasets` is needed and not installed.
        DataError: If the set can't be fetched.
    """
    hub_set = HUB_SETS[name]
    labels = settings.label_column or hub_set.labels
    decoding = {"image_size": settings.image_size, "label_column": labels}
    key = entry_key(f"hub:{hub_set.repository}", [], decoding)
    if (kept := cache.opened(key, name)) is not None:
        return kept
    cache.progress.say(f"fetching {hub_set.repository} from the Hugging Face hub, once")
    encoded = encoded_splits(_fetched(name, hub_set.repository), labels)
    return cache.built(key, name, encoded, image_size=settings.image_size)


def encoded_splits(splits: Any, labels: str) -> EncodedSet:
    """Return the encoded images and labels of a `datasets.DatasetDict`.

    Args:
        splits: Splits by name.
        labels: The column of labels.

    Raises:
        ArgumentError: If there is no such column.
    """
    tables = {split: rows.with_format("arrow") for split, rows in splits.items()}
    schema = tables["train"].features.arrow_schema
    column = label_column(schema.names, labels)
    images = image_column(schema, column)
    if images is None:
        raise DataError(f"None of the columns {', '.join(schema.names)} holds images. Use parquet:DIR for tables.")
    columns = {
        split: column_labels(rows.select_columns([column])[:].column(0), split) for split, rows in tables.items()
    }
    classes, encoded = encoded_labels(columns, class_names(schema, column))
    return EncodedSet(
        classes,
        {split: EncodedSplit(encoded[split], partial(_images, rows, images, split)) for split, rows in tables.items()},
    )


def _images(rows: Any, column: str, split: str) -> Iterator[Encoded]:
    """Yield the images of a split."""
    tables = rows.select_columns([column]).iter(ROWS_AT_ONCE)
    return encoded_images((batch for table in tables for batch in table.to_batches()), column, split)


def _fetched(name: str, repository: str) -> Any:
    """Return the splits of a repository on the hub, or of the copy that `datasets` keeps."""
    try:
        import datasets  # noqa: PLC0415  optional
    except ImportError as error:
        raise MissingDependencyError(
            f'The source {name!r} needs the package `datasets`. Run: pip install "modescape[hub]".'
        ) from error
    try:
        with _quiet("huggingface_hub"):
            return datasets.load_dataset(repository)
    except Exception as error:  # the errors of several HTTP libraries, file systems and of `datasets` itself
        reason = (str(error).splitlines() or [""])[0].rstrip(".")[:120]
        raise DataError(
            f"{name} can't be fetched from {repository} on the Hugging Face hub ({type(error).__name__}: {reason}). "
            "Run once on a machine with a connection, or pass parquet:DIR with its Parquet files."
        ) from error


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Hold back a library's warnings, one for each try to connect; the error that follows says it once."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
