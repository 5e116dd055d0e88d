"""What the matrices along trajectories share: one panel for each member, all with the same colours."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr

from modescape.core.axes import MEMBER, STEP, STEP_OTHER
from modescape.report.drawables import Matrix, NumberDetail
from modescape.report.figures.pairs import color_range, told
from modescape.report.inputs import labels, off_diagonal, optional, variable

TRAJECTORIES = "trajectories"
MAX_PANELS = 6
"""Trajectories drawn: more panels are too small to compare; the data to download holds all of them."""

COLORS_SPAN = "the colours span the trained checkpoints; epoch 0, the untrained network, may lie beyond."
"""What the reader must know about the colours (see `trained_range`)."""


@dataclass(frozen=True)
class Measure:
    """How one measure of two checkpoints is drawn."""

    name: str
    label: str
    color_label: str
    colors: Literal["viridis", "cividis"]
    scale: float
    decimals: int
    smallest_span: float
    unit: str = ""


def panels(results: Mapping[str, xr.Dataset], measure: Measure) -> tuple[Matrix, ...]:
    """Return one matrix of checkpoints for each member, up to `MAX_PANELS`."""
    array = measure.scale * variable(results, TRAJECTORIES, measure.name, (MEMBER, STEP, STEP_OTHER))
    ends = trained_range(array, measure.smallest_span)
    return tuple(_panel(results, measure, array, index, ends) for index in range(min(array.sizes[MEMBER], MAX_PANELS)))


def trained_range(array: xr.DataArray, smallest_span: float) -> tuple[float, float]:
    """Return the ends of the colours: from pairs of trained checkpoints where there are at least three of them.

    The untrained network (step 0) differs from all others by so much that it would leave one colour for the rest.
    """
    trained = array.sel({STEP: array[STEP] > 0, STEP_OTHER: array[STEP_OTHER] > 0})
    values = off_diagonal(trained if trained.sizes[STEP] >= 3 else array, STEP, STEP_OTHER)
    return color_range(values, smallest_span)


def drawn_of(results: Mapping[str, xr.Dataset]) -> str:
    """Say how many trajectories are left out of the picture, or return an empty text where none is."""
    num_members = results[TRAJECTORIES].sizes[MEMBER]
    if num_members <= MAX_PANELS:
        return ""
    return f" The first {MAX_PANELS} of {num_members} are drawn; the data hold all."


def _panel(
    results: Mapping[str, xr.Dataset], measure: Measure, array: xr.DataArray, index: int, ends: tuple[float, float]
) -> Matrix:
    """Return the matrix of one member."""
    member, one = array[MEMBER].values[index], array.isel({MEMBER: index})
    pairs = off_diagonal(one, STEP, STEP_OTHER)
    return Matrix(
        title=f"Member {member}",
        alt=(
            f"Matrix of {measure.label} between {len(one[STEP])} checkpoints of member {member}: "
            f"{told(pairs, measure.decimals, measure.unit)}."
        ),
        values=one.values.astype(np.float64),
        rows=labels(one, STEP),
        columns=labels(one, STEP_OTHER),
        word="epoch",
        color_label=measure.color_label,
        color_range=ends,
        colors=measure.colors,
        decimals=measure.decimals,
        details=_details(results, index),
    )


def _details(results: Mapping[str, xr.Dataset], index: int) -> tuple[NumberDetail, ...]:
    """Return what a selected pair of checkpoints shows."""
    details = []
    for name, label, scale, decimals, unit in (
        ("disagreement", "disagreement", 100.0, 2, "%"),
        ("cosine", "weight cosine", 1.0, 4, ""),
    ):
        array = optional(results, TRAJECTORIES, name, (MEMBER, STEP, STEP_OTHER))
        if array is not None:
            details.append(NumberDetail(label, scale * array.values[index], decimals=decimals, unit=unit))
    return tuple(details)
