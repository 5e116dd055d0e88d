"""Random lines through each member: how the loss climbs and the accuracy falls with the distance from it."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import ALPHA, DIRECTION, MEMBER
from modescape.report.colors import NUM_SERIES
from modescape.report.drawables import Drawing, Lines, long_table
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.figures.members import asks_for_log, median_of, member_lines, span_of
from modescape.report.inputs import labels, optional, variable

NAME: Final = "lines"
TITLE: Final = "How steep are the walls around each member?"
STEP: Final = "lines"
DIMS: Final = (MEMBER, DIRECTION, ALPHA)


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return loss and accuracy along random directions, against the distance from each member in filter norms.

    Source: Li et al. (2018), section 4, https://arxiv.org/abs/1712.09913, for directions scaled to the norm of each
    filter. Differs from it in drawing the median of several directions, with the lowest and the highest around it.
    """
    loss, accuracy = variable(results, STEP, "loss", DIMS), optional(results, STEP, "accuracy", DIMS)
    unit = results[STEP].attrs.get("unit", "filter norms")
    panels = [_panel(loss, "Loss", "loss (nats)", unit, 3)]
    if accuracy is not None and np.isfinite(accuracy.values).any():
        panels.append(_panel(100.0 * accuracy, "Accuracy", "accuracy (%)", unit, 1))
    examples = results[STEP].attrs.get("num_examples")
    few = loss.sizes[MEMBER] <= NUM_SERIES
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            f"Each line walks away from one member along random directions, {loss.sizes[DIRECTION]} of them"
            f"{f', on {examples:,} examples' if examples else ''}: the median over directions"
            f"{', with the lowest and the highest of them as its band' if few else ''}. Each filter moves in "
            f"proportion to its own norm, so 1 on the axis ({unit}) is as far as each filter is long."
        ),
        look_for=(
            "Look at how far one can walk before the loss climbs: a wide floor with even walls in all directions is a "
            "flat minimum. Members of one study should look alike."
        ),
        panels=tuple(panels),
        table=long_table(results[STEP], ["loss", "accuracy"]),
        found=tuple(_found(loss, accuracy, unit)),
    )


def _panel(array: xr.DataArray, title: str, y_label: str, unit: str, decimals: int) -> Lines:
    """Return one line for each member, the loss on a logarithmic axis where it spans too much for a linear one."""
    values = array.values.astype(np.float64)
    names = [f"member {member}" for member in labels(array, MEMBER)]
    middle = np.stack([median_of(of_member) for of_member in values])
    low, high = (
        np.where(np.isfinite(middle), edge, np.nan) for edge in (_edge(values, np.inf), _edge(values, -np.inf))
    )
    is_loss = y_label.startswith("loss")
    return Lines(
        title=title,
        alt=f"{title} of {len(names)} members along random directions, {y_label}: {span_of(middle, decimals)}.",
        lines=member_lines(names, array[ALPHA].values.astype(np.float64), middle, (low, high)),
        x_label=f"distance from the member ({unit})",
        y_label=y_label,
        whole_x=False,
        log_y=is_loss and asks_for_log(values),
        decimals=decimals,
    )


def _edge(values: np.ndarray, missing: float) -> np.ndarray:
    """Return the lowest value over directions, or the highest, with what is not finite put aside."""
    known = np.where(np.isfinite(values), values, missing)
    return known.min(axis=1) if missing > 0 else known.max(axis=1)


def _found(loss: xr.DataArray, accuracy: xr.DataArray | None, unit: str) -> list[str]:
    """Say how the loss and the accuracy change from the members to the ends of the lines."""
    middle = int(np.abs(loss[ALPHA].values).argmin())
    end = float(np.abs(loss[ALPHA].values).max())
    ends = {ALPHA: np.flatnonzero(np.isclose(np.abs(loss[ALPHA].values), end))}
    told = []
    for name, array, scale, decimals, of in (("loss", loss, 1.0, 3, "nats"), ("accuracy", accuracy, 100.0, 1, "%")):
        if array is not None and np.isfinite(array.values).any():
            first, last = (
                span_of(scale * array.isel(place).values.astype(np.float64), decimals)
                for place in ({ALPHA: middle}, ends)
            )
            told.append(f"The {name} is {first} {of} at the members and {last} {of} at a distance of {end:g} ({unit}).")
    return told


FIGURE = FigureKind(NAME, TITLE, (Need(STEP, ("loss",)),), compute)
