"""Planes for ParaView and other programs that read VTK: a surface whose height is the loss, and what lies on it."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import numpy as np
import xarray as xr
from jaxtyping import Float

from modescape.core.axes import CURVE, MEMBER, PLACE, POINT, REFERENCE, STEP
from modescape.core.errors import MissingDependencyError
from modescape.report.drawables import Surface
from modescape.report.exports.parts import PLANE, Files, check_plane
from modescape.report.figures.planes import plane_surfaces

HEIGHT: Final = 0.4
"""Height of the surface as a share of the longer side of the plane."""
UNSAFE: Final = re.compile(r"[^\w .,:+()/%-]")
"""What would end the name of an array in the XML of a VTK file, or confuse those who read it."""
LAYOUT: Final = "F"
"""VTK counts the first axis fastest."""

Writer = Callable[..., object]


class Ways(NamedTuple):
    """Lines or single points drawn on the surface.

    Args:
        ending: What stands after the stem of their file.
        prefix: What the names of their variables begin with.
        dims: Along which they are several, and along which each goes on; the first is empty for single points.
    """

    ending: str
    prefix: str
    dims: tuple[str, ...]


DRAWN: Final = (
    Ways("-points.vtu", "point", (POINT,)),
    Ways("-paths.vtu", "path", (MEMBER, STEP)),
    Ways("-curves.vtu", "curve", (CURVE, PLACE)),
)


def as_vtk(dataset: xr.Dataset) -> Files:
    """Return a plane as a structured grid (.vts), and marks, paths and curves on it as unstructured ones (.vtu).

    The height is the first metric, as a rule the loss, or its logarithm where it is drawn so, scaled to a part of the
    plane's width; every metric is a field of the points, in its own unit. Points that were not finite stand on the top.

    Source: VTK file formats, https://docs.vtk.org/en/latest/design_documents/VTKFileFormats.html

    Raises:
        MissingDependencyError: If `pyevtk` is not installed.
    """
    check_plane(dataset, ".vts")
    write = _writers()
    surface = plane_surfaces(dataset)[0]
    files = {".vts": _grid(dataset, surface, write["grid"])}
    for ways in DRAWN:
        content = _ways(dataset, surface, ways, write)
        if content is not None:
            files[ways.ending] = content
    return files


def _writers() -> dict[str, Writer]:
    """Return the functions of the library that write files.

    Raises:
        MissingDependencyError: If it is not installed.
    """
    try:
        from pyevtk.hl import gridToVTK, pointsToVTK, polyLinesToVTK  # noqa: PLC0415 - an optional package
    except ImportError as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise MissingDependencyError(
            f"VTK needs the package `pyevtk`, which can't be imported ({reason}). "
            'Run: pip install "modescape[export]".'
        ) from error
    return {"grid": gridToVTK, "points": pointsToVTK, "lines": polyLinesToVTK}


def _grid(dataset: xr.Dataset, surface: Surface, write: Writer) -> bytes:
    """Return the surface with all fields over it."""
    x, y = np.meshgrid(surface.x, surface.y, indexing="ij")
    fields = {safe(name): _column(array) for name, array in _fields(dataset, surface).items()}
    places = [_column(one) for one in (x, y, _height(surface, surface.drawn))]
    return _written(partial(write, x=places[0], y=places[1], z=places[2], pointData=fields), ".vts")


def _fields(dataset: xr.Dataset, surface: Surface) -> dict[str, np.ndarray]:
    """Return everything that is over the plane: metrics, agreement with each reference, and what was measured."""
    fields: dict[str, np.ndarray] = {}
    for name, array in dataset.data_vars.items():
        if set(array.dims) == set(PLANE):
            fields[str(name)] = array.transpose(*PLANE).values
        elif set(array.dims) == {REFERENCE, *PLANE}:
            for label in dataset[REFERENCE].values:
                fields[f"{name} with {label}"] = array.sel({REFERENCE: label}).transpose(*PLANE).values
    if surface.log_color:
        fields[f"log10 {surface.color_label}"] = surface.drawn
    return fields


def _height(surface: Surface, drawn: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """Return heights of numbers on the scale that they are drawn on; what is not there stands on the top."""
    low, high = surface.drawn_range
    longer = max(np.ptp(surface.x), np.ptp(surface.y))
    shares = np.clip((drawn - low) / (high - low), 0.0, 1.0)
    return HEIGHT * float(longer) * np.where(np.isnan(shares), 1.0, shares)


def _ways(dataset: xr.Dataset, surface: Surface, ways: Ways, write: dict[str, Writer]) -> bytes | None:
    """Return marks, paths or curves on the surface with their numbers, or None where there are none."""
    names = [f"{ways.prefix}_{axis}" for axis in PLANE]
    if any(name not in dataset or set(dataset[name].dims) != set(ways.dims) for name in names):
        return None
    columns = {
        str(name): array.transpose(*ways.dims).values.astype(np.float64)
        for name, array in dataset.data_vars.items()
        if str(name).startswith(f"{ways.prefix}_") and set(array.dims) == set(ways.dims)
    }
    there = np.isfinite([columns[name] for name in names]).all(axis=0)
    x, y = (columns[name][there] for name in names)
    if not len(x):
        return None
    places = dict(zip("xyz", (x, y, _on_surface(surface, x, y)), strict=True))
    rows = np.nonzero(there)
    fields = {safe(name.removeprefix(f"{ways.prefix}_")): column[there] for name, column in columns.items()}
    fields |= {safe(dim): _labels(dataset, dim)[index] for dim, index in zip(ways.dims, rows, strict=True)}
    if len(ways.dims) == 1:
        return _written(partial(write["points"], **places, data=fields), ".vtu")
    lengths = there.sum(axis=1)
    lengths = lengths[lengths > 0].astype(np.int32)
    return _written(partial(write["lines"], **places, pointsPerLine=lengths, pointData=fields), ".vtu")


def _on_surface(
    surface: Surface, x: Float[np.ndarray, "place"], y: Float[np.ndarray, "place"]
) -> Float[np.ndarray, "place"]:
    """Return the height of the surface at places; beside the grid, that of the nearest place of its edge."""
    inside = (np.clip(places, ends[0], ends[-1]) for places, ends in ((x, surface.x), (y, surface.y)))
    return _height(surface, surface.at(*inside))


def _labels(dataset: xr.Dataset, dim: str) -> np.ndarray:
    """Return labels along a dimension where they are numbers, and their places where they are names."""
    labels = dataset[dim].values
    return labels.astype(np.float64) if labels.dtype.kind in "iuf" else np.arange(len(labels), dtype=np.float64)


def _column(values: np.ndarray) -> np.ndarray:
    """Return numbers over the plane as one layer in the order of VTK; it has no booleans."""
    kept = values.astype(np.uint8) if values.dtype.kind == "b" else values.astype(np.float64)
    return np.asarray(kept[:, :, None], order=LAYOUT)


def _written(write: Callable[[str], Any], ending: str) -> bytes:
    """Return what the library writes, which writes to paths only."""
    with TemporaryDirectory() as folder:
        write(str(Path(folder) / "landscape"))
        return (Path(folder) / f"landscape{ending}").read_bytes()


def safe(name: str) -> str:
    """Return a name that the XML of a VTK file can hold: the library writes names as they are.

    >>> safe('my "best" <metric>')
    'my _best_ _metric_'
    """
    return UNSAFE.sub("_", name)
