"""A stored line through weight space as panels of lines: the same metrics as over a plane, in one dimension."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import ALPHA, POINT
from modescape.report.drawables import Line, Lines
from modescape.report.figures.members import asks_for_log, span_of
from modescape.report.figures.plane_surfaces import Field, axis_label
from modescape.report.inputs import labels

NUM_ERRORS: Final = 2.0
"""Standard errors to each side that a band reaches."""


def line_panels(dataset: xr.Dataset, fields: Sequence[Field]) -> tuple[Lines, ...]:
    """Return the metrics of a line, all agreements in one panel, with the networks on it as vertical dashes.

    Args:
        dataset: The line.
        fields: Its metrics.
    """
    agreements = [field for field in fields if field.is_agreement]
    panels = [_panel(dataset, field.title, [field]) for field in fields if not field.is_agreement]
    if agreements:
        panels.append(_panel(dataset, "Agreement", agreements))
    return tuple(panels)


def _panel(dataset: xr.Dataset, title: str, fields: Sequence[Field]) -> Lines:
    """Return one panel."""
    x = dataset[ALPHA].values.astype(np.float64)
    lines = [_line(x, field, number) for number, field in enumerate(fields)]
    values = np.concatenate([field.values for field in fields])
    told = ", ".join(f"{field.title} {span_of(field.values, field.decimals)}" for field in fields)
    return Lines(
        title=title,
        alt=f"{title} along the line: {told} {fields[0].unit}".strip() + ".",
        lines=(*_marks(dataset, values), *lines),
        x_label=axis_label(dataset, ALPHA),
        y_label=fields[0].label,
        whole_x=False,
        log_y=fields[0].is_loss and asks_for_log(values),
        decimals=fields[0].decimals,
    )


def _line(x: np.ndarray, field: Field, number: int) -> Line:
    """Return one metric, with a band of two standard errors where they are known."""
    low, high = (
        (None, None)
        if field.errors is None
        else (field.values - NUM_ERRORS * field.errors, field.values + NUM_ERRORS * field.errors)
    )
    # The others are told apart by the headings of their panels.
    look = (field.title, number + 1) if field.is_agreement else ("loss and other metrics", 0)
    return Line(field.title, x, field.values, low, high, *look)


def _marks(dataset: xr.Dataset, values: np.ndarray) -> tuple[Line, ...]:
    """Return the networks on the line as one dashed grey line that is broken between them."""
    if "point_alpha" not in dataset or not np.isfinite(values).any():
        return ()
    places = dataset["point_alpha"].values.astype(np.float64)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    x = np.stack([places, places, np.full(len(places), np.nan)], axis=1).ravel()
    name = ", ".join(labels(dataset["point_alpha"], POINT))
    return (Line(name, x, np.tile([low, high, np.nan], len(places)), series=None, dashed=True),)
