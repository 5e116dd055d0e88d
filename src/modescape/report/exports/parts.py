"""What exports share: files before they are written, and what makes a dataset a line or a plane."""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import xarray as xr

from modescape.core.axes import ALPHA, BETA
from modescape.core.errors import ArgumentError, Quoted

Files: TypeAlias = Mapping[str, bytes]
"""Contents by what stands after the stem of the chosen path: `.csv`, `-points.csv`."""
PlainExport: TypeAlias = Callable[[xr.Dataset], Files]
"""Turns a dataset into files, the one that was asked for first."""
DrawnExport: TypeAlias = Callable[[xr.Dataset, str], Files]
"""The same for what is drawn, with the unit of the loss."""

PLANE: Final = (ALPHA, BETA)
TITLE: Final = "Loss landscape"
"""Heading of what is made of one plane alone."""


def grid_of(dataset: xr.Dataset) -> tuple[str, ...] | None:
    """Return the dimensions of the line or plane that a dataset is of, or None where it is of neither.

    >>> grid_of(xr.Dataset({"loss": (("alpha", "beta"), [[1.0]])}, coords={"alpha": [0.0], "beta": [0.0]}))
    ('alpha', 'beta')
    """
    for dims in (PLANE, PLANE[:1]):
        measured = [name for name, array in dataset.data_vars.items() if set(array.dims) == set(dims)]
        if measured and all(dim in dataset.coords for dim in dims):
            return dims
    return None


def check_plane(dataset: xr.Dataset, suffix: str, *, line: bool = False) -> None:
    """Raise unless a dataset is of a plane, or of a line where that will do.

    Args:
        dataset: What is to be written.
        suffix: As what.
        line: Whether a line will do.

    Raises:
        ArgumentError: If it is not.

    >>> check_plane(xr.Dataset({"accuracy": ("member", [0.5])}), ".png", line=True)
    Traceback (most recent call last):
    ...
    modescape.core.errors.ArgumentError: `dataset` must be over alpha, or alpha and beta, for .png; got (member). ...
    """
    dims = grid_of(dataset)
    if dims == PLANE or (line and dims):
        return
    rule = f"be over alpha{', or alpha' if line else ''} and beta, for {suffix}"
    advice = "Write .nc, .zarr or .csv" if not dims else "Write .html, .png, .svg, .nc, .zarr or .csv"
    raise ArgumentError("dataset", rule, Quoted(f"({', '.join(map(str, dims or dataset.dims))})"), advice)
