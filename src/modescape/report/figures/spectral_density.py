"""Where all eigenvalues of the curvature lie: the bulk around 0, and the few beyond it."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import BIN, EIGENVALUE, MATRIX, MEMBER
from modescape.report.colors import NUM_SERIES
from modescape.report.drawables import Drawing, Line, Lines, long_table
from modescape.report.figures.compared import cut, labels_of
from modescape.report.figures.curvature import CURVATURE, MATRICES, last_values
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.figures.members import span_of
from modescape.report.inputs import variable

NAME: Final = "spectral-density"
TITLE: Final = "In how many directions does the loss bend?"
DIMS: Final = (MATRIX, MEMBER, BIN)
FLOOR: Final = 1e-6
"""Share of the highest density below which none is drawn: there is the tail of the smoothing and no eigenvalue."""
NEAR: Final = 0.05
"""Share of the largest eigenvalue up to which one counts as near 0."""


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return the density of the eigenvalues of each matrix at the solution of each member, on a logarithmic axis.

    Source: Papyan (2019), https://arxiv.org/abs/1901.08244, and Ghorbani, Krishnan and Xiao (2019),
    https://arxiv.org/abs/1901.10159, for spectra by Lanczos steps from random vectors.
    """
    variable(results, CURVATURE, "density", DIMS)
    dataset = results[CURVATURE]
    panels = [_panel(dataset, matrix) for matrix in labels_of(dataset, MATRIX)]
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            "Each line is the smoothed density of all eigenvalues at the solution of one member; its area is 1. The "
            "axis is logarithmic, and what lies below a millionth of the highest density is not drawn."
        ),
        look_for=(
            "Look for the peak at 0, directions along which the loss is flat, and for the few bumps far to the right, "
            "along which it bends. Bumps of the Hessian left of 0 are directions that bend down; the foot of the peak "
            "is only the smoothing."
        ),
        panels=tuple(panel for panel in panels if panel.lines),
        table=long_table(dataset, ["density_at", "density"]),
        found=tuple(told for matrix in labels_of(dataset, MATRIX) if (told := _found(dataset, matrix))),
    )


def _panel(dataset: xr.Dataset, matrix: str) -> Lines:
    """Return the densities of one matrix."""
    name, drawn = MATRICES.get(matrix, matrix), _densities(dataset, matrix)
    ends = [place for at, density in drawn for place in at[np.isfinite(density)]]
    told = f"eigenvalues from {min(ends):.2f} to {max(ends):.2f} nats" if ends else "not measured"
    return Lines(
        title=f"{name} matrix",
        alt=f"Density of the eigenvalues of the {name} matrix of {len(drawn)} members: {told}.",
        lines=_lines(dataset, drawn),
        x_label="eigenvalue (nats)",
        y_label="density (per nat)",
        whole_x=False,
        log_y=True,
        decimals=6,
    )


def _lines(dataset: xr.Dataset, drawn: list[tuple[np.ndarray, np.ndarray]]) -> tuple[Line, ...]:
    """Return one line for each member; many are grey, without a median, since each has places of its own."""
    few = len(drawn) <= NUM_SERIES
    lines = []
    for index, (member, (at, density)) in enumerate(zip(labels_of(dataset, MEMBER), drawn, strict=True)):
        name = f"member {member}"
        if np.isfinite(density).any():
            lines.append(Line(name, at, density, legend=name if few else "one member", series=index if few else None))
    return tuple(lines)


def _densities(dataset: xr.Dataset, matrix: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return places and densities of each member, NaN below the floor."""
    at, density = (cut(dataset, name, {MATRIX: matrix}) for name in ("density_at", "density"))
    if at is None or density is None:
        return []
    at = np.broadcast_to(at, density.shape)
    known = [np.nan_to_num(row, nan=0.0).max(initial=0.0) for row in density]
    return [
        (place, np.where(row > FLOOR * highest, row, np.nan))
        for place, row, highest in zip(at, density, known, strict=True)
    ]


def _found(dataset: xr.Dataset, matrix: str) -> str:
    """Say how much of the spectrum lies near 0, measured by the largest eigenvalue of the same member."""
    tops = cut(dataset, "top", {MATRIX: matrix, EIGENVALUE: 0}) if "top" in dataset else None
    if tops is None:
        return ""
    shares = []
    for largest, (at, density) in zip(last_values(tops), _densities(dataset, matrix), strict=False):
        known = np.nan_to_num(density, nan=0.0)
        if largest > 0 and known.any():
            shares.append(100.0 * known[np.abs(at) <= NEAR * largest].sum() / known.sum())
    return (
        f"{span_of(np.array(shares), 1)} % of the eigenvalues of the {MATRICES.get(matrix, matrix)} matrix are smaller "
        f"than {100 * NEAR:g} % of the largest, up to the smoothing."
        if shares
        else ""
    )


FIGURE = FigureKind(NAME, TITLE, (Need(CURVATURE, ("density", "density_at")),), compute)
