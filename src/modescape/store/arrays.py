"""Predictions and results as zarr: named dimensions from the axis words, readable by plain `xarray.open_zarr`."""

import math
import warnings
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr

from modescape.core import axes
from modescape.core.errors import ArgumentError, Quoted
from modescape.store.files import is_unicode, store_error
from modescape.store.manifests import finite, plain

AXIS_WORDS: Final = frozenset(word for name, word in vars(axes).items() if name.isupper() and isinstance(word, str)) | {
    "alpha",
    "beta",
}
"""The names that dimensions may have: those of `core.axes`, and the two coordinates of a plane in weight space."""

_WHOLE_BYTES = 2**20
"""Arrays up to this size are one file."""
_CHUNK_BYTES = 2**27
"""Largest chunk in memory; compressors stop at 2 GiB."""


def write_dataset(dataset: xr.Dataset, path: Path) -> None:
    """Write a checked dataset as a zarr (format 3) folder.

    Text is stored in zarr's `string` type; attributes become strict JSON.
    """
    variables = {name: _writable(variable) for name, variable in dataset.variables.items()}
    ready = xr.Dataset(variables, attrs=_writable_attributes(dataset.attrs)).set_coords(list(dataset.coords))
    encoding = {
        name: {"chunks": chunk_shape(variable.dims, variable.shape, variable.dtype.itemsize)}
        for name, variable in variables.items()
        if variable.ndim
    }
    with warnings.catch_warnings():
        # Plain xarray.open_zarr looks for consolidated metadata and complains without it; zarr complains with it.
        warnings.filterwarnings("ignore", message="Consolidated metadata is currently not part", category=UserWarning)
        ready.to_zarr(path, mode="w-", zarr_format=3, consolidated=True, encoding=encoding)


def read_dataset(path: Path) -> xr.Dataset:
    """Open a zarr folder; numbers are read when they are used, text at once.

    Raises:
        StoreError: If xarray can't open it.
    """
    try:
        dataset = xr.open_zarr(path, consolidated=True, chunks=None, decode_times=False, decode_timedelta=False)
        texts = {name: _writable(variable) for name, variable in dataset.variables.items() if _is_text(variable)}
    except (OSError, ValueError, KeyError) as error:
        raise store_error(path, "be arrays that xarray can open", repr(error)[:200], "Restore it from a copy") from None
    return dataset.assign(texts)


def check_dataset(dataset: xr.Dataset) -> None:
    """Raise unless a dataset can be stored.

    Raises:
        ArgumentError: If a dimension is not an axis word, a name is no plain word, or values are neither numbers
            nor text; the first one is named.

    >>> check_dataset(xr.Dataset({"loss": ("epoch", [0.5])}))
    Traceback (most recent call last):
    ...
    modescape.core.errors.ArgumentError: `dataset` must have dimensions among alignment, ...; got 'epoch'. Rename ...
    """
    if not isinstance(dataset, xr.Dataset):
        kind = Quoted(type(dataset).__name__)
        raise ArgumentError("dataset", "be an xarray.Dataset", kind, "Name an array and use to_dataset")
    for dimension in dataset.dims:
        if dimension not in AXIS_WORDS:
            words = ", ".join(sorted(AXIS_WORDS))
            raise ArgumentError("dataset", f"have dimensions among {words}", dimension, "Rename it with dataset.rename")
    for name, variable in dataset.variables.items():
        _check_name(name)
        _check_values(name, variable)


def chunk_shape(dimensions: tuple[Hashable, ...], shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    """Return the shape of one file of an array: all of it if small, else one member, cut further only if huge.

    >>> chunk_shape(("member", "example", "class"), (5, 10_000, 10), 4)
    (1, 10000, 10)
    >>> chunk_shape(("member", "member_other"), (1000, 1000), 4)
    (1000, 1000)
    """
    chunk = [max(1, length) for length in shape]
    by_member = axes.MEMBER in dimensions and axes.MEMBER_OTHER not in dimensions
    if by_member and math.prod(chunk) * itemsize > _WHOLE_BYTES:
        chunk[dimensions.index(axes.MEMBER)] = 1
    for place, length in enumerate(chunk):
        excess = math.ceil(math.prod(chunk) * itemsize / _CHUNK_BYTES)
        chunk[place] = math.ceil(length / min(length, excess))
    return tuple(chunk)


def _is_text(variable: xr.Variable) -> bool:
    """Say whether a variable holds text, in any of the types that NumPy has for it."""
    return variable.dtype.kind in "UOT"


def _writable(variable: xr.Variable) -> xr.Variable:
    """Return a copy with text as ordinary strings: fixed-length text has no specification in zarr 3."""
    values = np.asarray(variable.values)
    values = values.astype(object) if _is_text(variable) else values
    return xr.Variable(variable.dims, values, attrs=_writable_attributes(variable.attrs))


def _writable_attributes(attributes: Mapping[Hashable, Any]) -> dict[str, Any]:
    """Return attributes as strict JSON."""
    return finite(plain(attributes, "dataset.attrs"))


def _check_name(name: Hashable) -> None:
    """Raise unless the name of a variable is a plain word, which is safe as the name of a folder everywhere."""
    if not isinstance(name, str) or not name.isascii() or not name.isidentifier():
        raise ArgumentError("dataset", "name variables by ASCII letters, digits and _", name, "Rename that variable")


def _check_values(name: Hashable, variable: xr.Variable) -> None:
    """Raise unless a variable holds numbers or text that can be written as UTF-8."""
    kind = variable.dtype.kind
    if kind in "biufc" or (_is_text(variable) and all(is_unicode(value) for value in variable.values.flat)):
        return
    got = Quoted(f"dtype {variable.dtype} for {name!r}")
    raise ArgumentError("dataset", "hold numbers or valid text", got, "Convert that variable with astype")
