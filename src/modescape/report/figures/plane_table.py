"""All numbers of a plane as one table: its grid, and below it the networks, ways and curves that are drawn in."""

from typing import Final

import numpy as np
import xarray as xr
from jaxtyping import Shaped

from modescape.core.axes import ALPHA, BETA, CURVE, MEMBER, PLACE, POINT, REFERENCE, STEP
from modescape.report.drawables import Table
from modescape.report.inputs import labels

DRAWN_IN: Final = {"point": (POINT,), "path": (MEMBER, STEP), "curve": (CURVE, PLACE)}
"""What is drawn in, and what tells its rows apart."""

Columns = dict[str, Shaped[np.ndarray, "row"]]


def plane_table(dataset: xr.Dataset) -> Table:
    """Return one row for each point of the grid, each marked network, each checkpoint and each place of a curve.

    Args:
        dataset: A plane or a line.
    """
    blocks = [_grid(dataset)]
    for kind, dims in DRAWN_IN.items():
        if f"{kind}_{ALPHA}" in dataset:
            blocks.append(_block(dataset, kind, dims))
    names = list(dict.fromkeys(name for block in blocks for name in block))
    return Table({name: np.concatenate([_column(block, name) for block in blocks]) for name in names})


def _grid(dataset: xr.Dataset) -> Columns:
    """Return the rows of the grid."""
    dims = [dim for dim in (ALPHA, BETA) if dim in dataset.dims]
    places = np.meshgrid(*(dataset[dim].values for dim in dims), indexing="ij")
    number = places[0].size
    columns: Columns = {"kind": np.full(number, "grid"), "name": np.full(number, ""), "place": np.full(number, "")}
    columns |= {dim: place.ravel() for dim, place in zip(dims, places, strict=True)}
    for name, array in dataset.data_vars.items():
        if set(array.dims) == set(dims):
            columns[str(name)] = array.transpose(*dims).values.ravel()
        elif set(array.dims) == {REFERENCE, *dims}:
            rows = array.transpose(REFERENCE, *dims).values
            columns |= {
                f"{name} with {of}": row.ravel() for of, row in zip(labels(array, REFERENCE), rows, strict=True)
            }
    return columns


def _block(dataset: xr.Dataset, kind: str, dims: tuple[str, ...]) -> Columns:
    """Return the rows of one kind of thing that is drawn in."""
    found = {
        str(name): array.transpose(*dims) for name, array in dataset.data_vars.items() if set(array.dims) == set(dims)
    }
    shape = found[f"{kind}_{ALPHA}"].shape
    first = np.broadcast_to(np.array(labels(found[f"{kind}_{ALPHA}"], dims[0]))[:, *(None,) * (len(dims) - 1)], shape)
    second = labels(found[f"{kind}_{ALPHA}"], dims[1]) if len(dims) > 1 else ("",)
    columns: Columns = {
        "kind": np.full(first.size, kind),
        "name": first.ravel(),
        "place": np.broadcast_to(np.array(second), shape).ravel(),
    }
    return columns | {name.removeprefix(f"{kind}_"): array.values.ravel() for name, array in found.items()}


def _column(block: Columns, name: str) -> Shaped[np.ndarray, "row"]:
    """Return one column of a block as text or numbers, empty where the block lacks it."""
    number = len(block["kind"])
    if name not in block:
        return np.full(number, "" if name in ("kind", "name", "place") else np.nan)
    return block[name].astype(np.float64) if block[name].dtype == bool else block[name]
