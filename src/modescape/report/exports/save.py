"""Writing a landscape to a file whose suffix says what it is."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import xarray as xr

from modescape.core.errors import ArgumentError, Quoted, StoreError
from modescape.report.exports.animations import as_gif, as_mp4
from modescape.report.exports.arrays import as_netcdf, write_zarr
from modescape.report.exports.figures import as_page, as_png, as_svg
from modescape.report.exports.parts import DrawnExport, PlainExport
from modescape.report.exports.tables import as_csv
from modescape.report.exports.vtk import as_vtk
from modescape.report.writing import unfinished, write_whole

ZARR: Final = ".zarr"
DRAWN: Final[Mapping[str, DrawnExport]] = {
    ".html": as_page,
    ".png": as_png,
    ".svg": as_svg,
    ".gif": as_gif,
    ".mp4": as_mp4,
}
PLAIN: Final[Mapping[str, PlainExport]] = {".vts": as_vtk, ".nc": as_netcdf, ".csv": as_csv}
SUFFIXES: Final = (*DRAWN, *PLAIN, ZARR)
"""What a landscape can be written as."""


def save_landscape(dataset: xr.Dataset, path: str | Path, *, loss_unit: str = "") -> list[Path]:
    """Write a line or plane of the loss landscape to a file, by its suffix.

    - `.html`: a page of its own with the interactive figure; `.png`, `.svg`: the figure as a picture.
    - `.gif`, `.mp4` (planes only): members walk over the surface; without paths it turns around. MP4 needs ffmpeg.
    - `.vts` (planes only): a surface for ParaView, its height the loss or its logarithm, every metric a field; marks,
      paths and curves in files beside it, `-points.vtu`, `-paths.vtu` and `-curves.vtu`. Needs `modescape[export]`.
    - `.nc` (NetCDF 3), `.zarr` (a folder), `.csv` (a table of the grid, others beside it): any results.

    A file that is there is replaced, whole or not at all.

    Args:
        dataset: What `modescape.landscape` returns, or `run.arrays("results/random-plane")`.
        path: Where to write.
        loss_unit: Unit of the loss, for figures: `nats` for a cross-entropy.

    Returns:
        The paths that were written, the given one first.

    Raises:
        ArgumentError: If the suffix is unknown, or the dataset is not what it is for.
        MissingDependencyError: If a program or package is needed that is not installed.
        StoreError: If the file can't be written.

    >>> save_landscape(xr.Dataset(), "landscape.txt")
    Traceback (most recent call last):
    ...
    modescape.core.errors.ArgumentError: `path` must end in .html, .png, .svg, .gif, .mp4, .vts, .nc, .csv, .zarr; ...
    """
    chosen = Path(path)
    suffix = chosen.suffix.lower()
    if suffix not in SUFFIXES:
        got = Quoted(chosen.name or str(path))
        raise ArgumentError("path", f"end in {', '.join(SUFFIXES)}", got, "Choose what to write by one of them")
    if not isinstance(dataset, xr.Dataset):
        kind = Quoted(type(dataset).__name__)
        raise ArgumentError("dataset", "be an xarray.Dataset", kind, "Pass what modescape.landscape returns")
    if suffix == ZARR:
        return [_written_zarr(dataset, chosen)]
    made = DRAWN[suffix](dataset, loss_unit) if suffix in DRAWN else PLAIN[suffix](dataset)
    files = {
        chosen if ending == suffix else chosen.with_name(f"{chosen.stem}{ending}"): content
        for ending, content in made.items()
    }
    try:
        for place, content in files.items():
            write_whole(place, content)
    except OSError as error:
        raise _not_written(chosen, error) from error
    return list(files)


def _written_zarr(dataset: xr.Dataset, path: Path) -> Path:
    """Write a zarr folder, in place of an older one of which nothing must stay behind."""
    if path.exists() and not (path / "zarr.json").exists():
        advice = "Choose another path, or remove it"
        raise ArgumentError("path", "be new, or a zarr folder to replace", str(path), advice)
    try:
        with unfinished(path) as folder:
            write_zarr(dataset, folder)
            if path.exists():
                shutil.rmtree(path)
            folder.rename(path)
    except OSError as error:
        raise _not_written(path, error) from error
    return path


def _not_written(path: Path, error: OSError) -> StoreError:
    """Return an error that says why a path can't be written."""
    reason = error.strerror or str(error)
    return StoreError(f"the landscape can't be written to {path}: {reason}. Choose another place.")
