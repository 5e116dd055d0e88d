"""Layer by layer: do members point in the same direction, and how far has each layer moved?"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import LAYER, MEMBER, MEMBER_OTHER
from modescape.report.drawables import Drawing, IntervalRow, Intervals, Reference, long_table
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.figures.members import asks_for_log
from modescape.report.figures.null import NULLS, each_once, layer_ranges, null_left_out
from modescape.report.inputs import confidence_of, labels, optional, variable

NAME: Final = "layers"
TITLE: Final = "Which layers do members have in common?"
LAYERS: Final = "layers"
PAIRS: Final = (LAYER, MEMBER, MEMBER_OTHER)
MAX_ROWS: Final = 30
"""Layers drawn: the largest, for more rows are too many to compare; the data to download hold all."""
COLUMNS: Final = ["num_params", "norm", "moved", "cosine_with_start", "cosine", "distance", "expected_distance"]


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return for each layer the cosine between members, and the distance from the start as a share of its norm there.

    The band behind a row is where permuted copies of a member lie, which compute the same function. Where that was not
    measured, it is for independent directions: in P dimensions their cosine has the mean 0 and the standard deviation
    1 / sqrt(P), and the band reaches two of them to both sides.
    """
    cosine = variable(results, LAYERS, "cosine", PAIRS)
    dataset = results[LAYERS].isel({LAYER: _drawn(results)})
    ranges = layer_ranges(results)
    panels = [_cosines({LAYERS: dataset}, ranges)]
    moved = optional({LAYERS: dataset}, LAYERS, "moved", (LAYER, MEMBER))
    if moved is not None and np.isfinite(moved.values).any():
        panels.append(_moved(moved))
    left = cosine.sizes[LAYER] - dataset.sizes[LAYER]
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            "Each row is one layer: the mean over pairs of members (small dots) of the cosine of its weights, with a "
            f"grey band where {_band(results, ranges)} lie; and how far it has moved from its start, as a share of its "
            "norm there, the median over members."
            f"{f' The {left} smallest layers are in the data only.' if left else ''}{_missing(results)}"
        ),
        look_for=(
            "Look for rows outside their band: what all members learn alike, or had alike from the start, as "
            "normalisation layers do. Layers that hardly moved are still near their random start."
        ),
        panels=tuple(panels),
        table=long_table(results[LAYERS], COLUMNS),
        found=tuple(_found(panels[0], "permuted copies" if ranges else "independent directions")),
    )


def _drawn(results: Mapping[str, xr.Dataset]) -> list[int]:
    """Return which layers are drawn, in their order."""
    dataset = results[LAYERS]
    number = dataset.sizes[LAYER]
    sizes = dataset["num_params"].values if "num_params" in dataset else np.zeros(number)
    return sorted(np.argsort(-sizes, kind="stable")[:MAX_ROWS].tolist())


def _band(results: Mapping[str, xr.Dataset], ranges: Mapping[str, tuple[float, float]]) -> str:
    """Say what the bands are."""
    if not ranges:
        return "independent directions"
    return f"{confidence_of(results, NULLS)} of permuted copies of a member, which compute the same function,"


def _missing(results: Mapping[str, xr.Dataset]) -> str:
    """Say why there are no permuted copies, where they were asked for."""
    reason = null_left_out(results)
    return f" {reason}" if reason else ""


def _cosines(results: Mapping[str, xr.Dataset], ranges: Mapping[str, tuple[float, float]]) -> Intervals:
    """Return the cosine of each layer, with all pairs as dots and the band that chance gives."""
    cosine = variable(results, LAYERS, "cosine", PAIRS)
    sizes = optional(results, LAYERS, "num_params", (LAYER,))
    rows = []
    for index, layer in enumerate(labels(cosine, LAYER)):
        pairs = each_once(cosine.isel({LAYER: index}))
        two = None if sizes is None else 2.0 / float(sizes.values[index]) ** 0.5
        mean = float(pairs.mean()) if pairs.size else float("nan")
        rows.append(
            IntervalRow(layer, mean, dots=pairs, chance=ranges.get(layer, None if two is None else (-two, two)))
        )
    return Intervals(
        title="Cosine between members",
        alt=f"Mean cosine of the weights between members, layer by layer: {_told(rows, 2)}.",
        rows=tuple(rows),
        x_label="cosine of the weights of a layer",
        marks=(Reference("independent", 0.0),),
        decimals=4,
    )


def _moved(moved: xr.DataArray) -> Intervals:
    """Return how far each layer has moved, with members as dots."""
    rows = []
    for index, layer in enumerate(labels(moved, LAYER)):
        members = moved.values[index].astype(np.float64)
        members = members[np.isfinite(members)]
        median = float(np.median(members)) if members.size else float("nan")
        rows.append(IntervalRow(layer, median, series=1, dots=members))
    log = asks_for_log(moved.values)
    return Intervals(
        title="Distance from the start",
        alt=f"Distance of each layer from its start as a share of its norm there, median: {_told(rows, 2)}.",
        rows=tuple(rows),
        x_label=f"distance moved / norm at the start{', logarithmic' if log else ''}",
        decimals=3,
        log_x=log,
    )


def _told(rows: list[IntervalRow], decimals: int) -> str:
    """Say the number of each row."""
    return ", ".join(f"{row.name} {row.told(decimals)}" for row in rows) or "no layers"


def _found(panel: Intervals, chance: str) -> list[str]:
    """Say how many layers lie outside their band, and which of these has the largest cosine."""
    banded = [(row, row.chance) for row in panel.rows if row.chance is not None and np.isfinite(row.value)]
    outside = [row for row, (low, high) in banded if not low <= row.value <= high]
    if not banded:
        return []
    if not outside:
        return [f"None of {len(banded)} layers can be told from {chance}."]
    most = max(outside, key=lambda row: abs(row.value))
    return [
        f"{len(outside)} of {len(banded)} layers lie outside the band of {chance}; the largest cosine is "
        f"that of {most.name}, {most.value:.3f}."
    ]


FIGURE = FigureKind(NAME, TITLE, (Need(LAYERS, ("cosine",), {MEMBER: 2}),), compute)
