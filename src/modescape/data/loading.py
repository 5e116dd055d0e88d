"""Loading: from settings to a dataset that is split, scaled and ready."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from torch import Tensor

from modescape.core.errors import ArgumentError
from modescape.core.progress import Progress, Silent
from modescape.data.cache import Cache, cache_folder
from modescape.data.contents import Contents, Part
from modescape.data.held_out import without_classes
from modescape.data.kept_classes import with_classes
from modescape.data.scaling import scaling_of
from modescape.data.sets import Dataset, Examples
from modescape.data.settings import DataSettings
from modescape.data.sources.digits import digits_contents
from modescape.data.sources.folder import folder_contents
from modescape.data.sources.hub import HUB_SETS, hub_contents
from modescape.data.sources.npz import npz_contents
from modescape.data.sources.own import own_contents
from modescape.data.sources.parquet import parquet_contents
from modescape.data.splits import split_parts

SILENT: Final = Silent()
FORMS: Final = f"digits, {', '.join(HUB_SETS)}, parquet:DIR, folder:DIR, npz:FILE, package.module:function"


def load_dataset(
    settings: DataSettings, *, seed: int, cache_dir: Path | None = None, progress: Progress = SILENT
) -> Dataset:
    """Return the data of a run: loaded or mapped from the cache, split by the seed, scaled.

    The same settings and seed give the same examples in the same order. Another seed gives another choice of
    validation examples (and of test examples, where the source has no test split).

    Args:
        settings: What to load and how to split it.
        seed: Seed of the run.
        cache_dir: Base folder of decoded images; None takes the environment variable MODESCAPE_CACHE, or the user's
            cache folder.
        progress: Listens to decoding.

    Raises:
        ArgumentError: If a setting does not fit the data.
        DataError: If the data are missing or damaged.
        MissingDependencyError: If the hub is asked for without the package `datasets`.

    >>> dataset = load_dataset(DataSettings(source="digits"), seed=0)
    >>> len(dataset.train), len(dataset.validation), len(dataset.test), dataset.input_shape
    (1214, 134, 449, (1, 8, 8))
    """
    contents = source_contents(settings, Cache(cache_folder(cache_dir), progress))
    if settings.only_classes is not None:
        contents = with_classes(contents, settings.only_classes)
    held_out = None
    if settings.held_out is not None:
        contents, held_out = without_classes(contents, settings.held_out)
    parts = split_parts(contents.parts, settings, seed=seed)
    scaling = contents.scaling if settings.scaling == "unit" else None
    shift, scale = scaling or scaling_of(parts["train"], settings.scaling, contents.folder)
    return Dataset(
        name=contents.name,
        classes=contents.classes,
        train=_examples(parts["train"]),
        validation=_examples(parts["validation"]),
        test=_examples(parts["test"]),
        shift=shift,
        scale=scale,
        fingerprint=_fingerprint(contents, parts, (shift, scale)),
        held_out=_examples(held_out.part) if held_out else None,
        held_out_classes=held_out.classes if held_out else (),
    )


def source_contents(settings: DataSettings, cache: Cache) -> Contents:
    """Return what the source of some settings holds, with the source's own splits.

    Raises:
        ArgumentError: If there is no such source, or a setting does not fit it.
        DataError: If the data are missing or damaged.
        MissingDependencyError: If the hub is asked for without the package `datasets`.
    """
    source = settings.source
    kind, colon, place = source.partition(":")
    if source == "digits":
        return digits_contents(settings)
    if source in HUB_SETS:
        return hub_contents(source, settings, cache)
    if colon and place and kind == "parquet":
        return parquet_contents(place, settings, cache)
    if colon and place and kind == "folder":
        return folder_contents(place, settings, cache)
    if colon and place and kind == "npz":
        return npz_contents(place, settings)
    if place.isidentifier() and all(word.isidentifier() for word in kind.split(".")):
        return own_contents(source, settings)
    raise ArgumentError("source", f"be one of {FORMS}", source, "Use one of these forms")


def _examples(part: Part) -> Examples:
    """Return a part as examples."""
    return Examples(part.inputs, part.labels, part.rows)


def _fingerprint(contents: Contents, parts: Mapping[str, Part], scaling: tuple[Tensor, Tensor]) -> str:
    """Return the SHA-256 over what the source holds, which rows are in which split, and the scaling.

    Pixels enter through the digest taken when they were decoded, so that nothing needs to be read again.
    """
    digest = hashlib.sha256(contents.digest.encode())
    for split, part in sorted(parts.items()):
        digest.update(f"{split} {part.origin} {len(part)}".encode())
        digest.update(part.rows.numpy().data)
    for numbers in scaling:
        digest.update(repr(numbers.tolist()).encode())
    return digest.hexdigest()
