"""The numbers of a figure, to download."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from jaxtyping import Shaped


@dataclass(frozen=True, eq=False)
class Table:
    """The numbers of a figure as columns of one length.

    >>> print(Table({"member": np.array([0, 1]), "accuracy": np.array([0.5, np.nan])}).as_csv(), end="")
    member,accuracy
    0,0.5
    1,
    """

    columns: Mapping[str, Shaped[np.ndarray, "row"]]

    def as_csv(self) -> str:
        """Return the table as CSV (RFC 4180 with line feeds); a missing number is an empty field."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(zip(*(_texts(column) for column in self.columns.values()), strict=True))
        return text.getvalue()


def long_table(dataset: xr.Dataset, variables: list[str]) -> Table:
    """Return variables as one table with a row for each combination of their coordinates.

    A variable with fewer dimensions than the others is repeated; one that the dataset lacks is left out.

    >>> both = xr.Dataset({"a": (("member", "step"), [[1.0, 2.0]]), "b": ("member", [3.0])})
    >>> print(long_table(both, ["a", "b", "c"]).as_csv(), end="")
    member,step,a,b
    0,0,1.0,3.0
    0,1,2.0,3.0
    """
    present = [name for name in variables if name in dataset]
    arrays = xr.broadcast(*(dataset[name] for name in present))
    dims = [str(dim) for dim in arrays[0].dims]
    places = np.meshgrid(*(arrays[0][dim].values for dim in dims), indexing="ij")
    columns = {dim: place.ravel() for dim, place in zip(dims, places, strict=True)}
    return Table(columns | {name: array.values.ravel() for name, array in zip(present, arrays, strict=True)})


def _texts(column: Shaped[np.ndarray, "row"]) -> list[str]:
    """Return numbers in the shortest form that reads back as the same number, and other things as text."""
    if np.issubdtype(column.dtype, np.floating):
        return ["" if np.isnan(value) else str(value) for value in column]
    return [str(value) for value in column]
