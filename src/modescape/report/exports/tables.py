"""Datasets as CSV: one file for all numbers over the same dimensions."""

from typing import Final

import xarray as xr

from modescape.core.axes import REFERENCE
from modescape.report.drawables import long_table
from modescape.report.exports.parts import Files, grid_of

SUFFIX: Final = ".csv"


def as_csv(dataset: xr.Dataset) -> Files:
    """Return one table for each set of dimensions, a row for each combination of their labels.

    The first holds the grid of a line or plane, with one column for the agreement with each reference, or else what
    most variables are over; the others are named by their dimensions.
    """
    grid, wide = grid_of(dataset), _one_column_a_reference(dataset)
    groups: dict[tuple[str, ...], list[str]] = {}
    for name, array in wide.data_vars.items():
        groups.setdefault(tuple(sorted(map(str, array.dims))), []).append(str(name))
    if not groups:
        return {SUFFIX: b""}
    first = tuple(sorted(grid)) if grid else max(groups, key=lambda dims: len(groups[dims]))
    rest = {f"-{'-'.join(dims) or 'single'}{SUFFIX}": names for dims, names in groups.items() if dims != first}
    named = {SUFFIX: groups[first], **rest}
    return {ending: long_table(_labelled(wide[names]), names).as_csv().encode() for ending, names in named.items()}


def _one_column_a_reference(dataset: xr.Dataset) -> xr.Dataset:
    """Return a line or plane with what is over references as one variable each, such as `agreement/member 0`."""
    grid = grid_of(dataset)
    if not grid:
        return dataset
    wide = dataset
    for name, array in dataset.data_vars.items():
        if set(array.dims) == {REFERENCE, *grid}:
            columns = {f"{name}/{one}": array.sel({REFERENCE: one}, drop=True) for one in dataset[REFERENCE].values}
            wide = wide.drop_vars(str(name)).assign(columns)
    return wide


def _labelled(dataset: xr.Dataset) -> xr.Dataset:
    """Return a dataset whose dimensions all have labels, numbers from 0 where they have none."""
    return dataset.assign_coords({dim: range(size) for dim, size in dataset.sizes.items() if dim not in dataset.coords})
