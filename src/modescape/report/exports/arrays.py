"""Datasets as they are, for xarray and whatever else reads NetCDF or zarr."""

import json
import re
import warnings
from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr

from modescape.report.exports.parts import Files

FORBIDDEN: Final = re.compile(r"[^A-Za-z0-9_ .@+-]")
"""What a name in NetCDF may not hold."""
LARGEST: Final = 2**31 - 1
"""The largest whole number that NetCDF 3 has room for."""


def as_netcdf(dataset: xr.Dataset) -> Files:
    """Return a dataset as NetCDF 3, which everything reads that reads NetCDF at all.

    Booleans come back as booleans where xarray reads them, as attributes as 0 and 1. Text that is no number or text in
    an attribute is JSON. Names lose what NetCDF does not allow; the whole name is then in `long_name`.
    """
    plain = _changed(dataset, _netcdf_variable, netcdf_attribute)
    names: dict[Hashable, str] = {name: FORBIDDEN.sub("_", str(name)) for name in plain.variables}
    changed = {name: new for name, new in names.items() if name != new}
    for name in changed:
        plain[name].attrs.setdefault("long_name", str(name))
    return {".nc": bytes(plain.rename(changed).to_netcdf(engine="scipy"))}


def write_zarr(dataset: xr.Dataset, path: Path) -> None:
    """Write a dataset as a folder in zarr's format 3.

    Args:
        dataset: What to write.
        path: A folder that is not there yet.
    """
    # Text of fixed length has no specification in zarr 3.
    ready = _changed(dataset, lambda array: array.astype(object) if array.dtype.kind in "UT" else array, _json)
    with warnings.catch_warnings():
        # Plain xarray.open_zarr looks for consolidated metadata and complains without it; zarr complains with it.
        warnings.filterwarnings("ignore", message="Consolidated metadata is currently not part", category=UserWarning)
        ready.to_zarr(path, mode="w-", zarr_format=3, consolidated=True)


def _changed(
    dataset: xr.Dataset, values: Callable[[np.ndarray], np.ndarray], attribute: Callable[[Any], Any]
) -> xr.Dataset:
    """Return a dataset with all values and attributes changed, and nothing of how it was stored before."""

    def attributes(attrs: Mapping[Any, Any]) -> dict[str, Any]:
        return {str(name): attribute(value) for name, value in attrs.items()}

    variables = {
        name: xr.Variable(variable.dims, values(np.asarray(variable.values)), attributes(variable.attrs))
        for name, variable in dataset.variables.items()
    }
    return xr.Dataset(variables, attrs=attributes(dataset.attrs)).set_coords(list(dataset.coords))


def _netcdf_variable(values: np.ndarray) -> np.ndarray:
    """Return numbers in a type that NetCDF 3 has, the next larger one where it has not theirs."""
    if values.dtype.kind == "f":
        return values.astype(np.float32 if values.dtype.itemsize <= 4 else np.float64)
    if values.dtype.kind in "iu":
        fits = not values.size or int(np.abs(values.astype(np.float64)).max()) <= LARGEST
        return values.astype(np.int32 if fits else np.float64)
    # NumPy finds the length that text needs from objects only.
    return values.astype(object).astype(str) if values.dtype.kind in "OT" else values


def netcdf_attribute(value: Any) -> str | int | float:
    """Return an attribute as NetCDF 3 can hold it: text, or a number that fits; all else as JSON.

    >>> netcdf_attribute(True), netcdf_attribute(2**40), netcdf_attribute({"loss": 0.5}), netcdf_attribute(None)
    (1, '1099511627776', '{"loss": 0.5}', '')
    """
    plain = _json(value)
    if plain is None:
        return ""
    if isinstance(plain, bool | int):
        return int(plain) if abs(plain) <= LARGEST else str(plain)
    return plain if isinstance(plain, str | float) else json.dumps(plain)


def _json(value: Any) -> Any:
    """Return an attribute in types that JSON knows."""
    if isinstance(value, np.ndarray | np.generic):
        return _json(value.tolist())
    if isinstance(value, Mapping):
        return {str(name): _json(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set):
        return [_json(one) for one in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
