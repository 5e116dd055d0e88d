"""How training went: loss and validation accuracy of every member."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from modescape.core.axes import MEMBER, STEP
from modescape.report.drawables import Drawing, Lines, long_table
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.figures.members import member_lines
from modescape.report.inputs import optional, variable

NAME = "training-curves"
TITLE = "Did every member train?"
TRAINING = "training"
LOG_RATIO = 100.0
"""Largest over smallest loss from which a linear axis shows only the first epochs."""


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return the loss, and the validation accuracy where it was measured, against the epochs trained."""
    loss = variable(results, TRAINING, "loss", (MEMBER, STEP))
    accuracy = optional(results, TRAINING, "validation_accuracy", (MEMBER, STEP))
    panels = [_loss_panel(loss)]
    if accuracy is not None and np.isfinite(accuracy.values).any():
        panels.append(_panel(100.0 * accuracy, "Validation accuracy", "accuracy (%)", "%", 2))
    return Drawing(
        name=NAME,
        title=TITLE,
        shows="Each line is one member over the epochs of training: the mean training loss, and the accuracy on "
        "validation data where it was measured.",
        look_for="Look for a line that stops, jumps or stays behind the others; lines that still fall at the end "
        "mean that longer training may change every other figure.",
        panels=tuple(panels),
        table=long_table(results[TRAINING], ["loss", "validation_accuracy"]),
    )


def _loss_panel(loss: xr.DataArray) -> Lines:
    """Return the losses, on a logarithmic axis where they span too much for a linear one."""
    finite = loss.values[np.isfinite(loss.values)]
    log_y = bool(finite.min() > 0 and finite.max() / finite.min() > LOG_RATIO)
    return _panel(loss, "Training loss", "loss (nats)", "nats", 4, log_y=log_y)


def _panel(array: xr.DataArray, title: str, y_label: str, unit: str, decimals: int, *, log_y: bool = False) -> Lines:
    """Return one line for each member; many members are drawn alike, with their median."""
    last = np.array([row[np.isfinite(row)][-1] for row in array.values if np.isfinite(row).any()])
    steps = array[STEP].values
    return Lines(
        title=title,
        alt=(
            f"{title} of {array.sizes[MEMBER]} members over {len(steps)} epochs: "
            f"the last values lie between {last.min():.{decimals}f} and {last.max():.{decimals}f} {unit}."
        ),
        lines=member_lines(
            [f"member {member}" for member in array[MEMBER].values],
            steps.astype(np.float64),
            array.values.astype(np.float64),
        ),
        x_label="epochs trained",
        y_label=y_label,
        log_y=log_y,
        decimals=decimals,
    )


FIGURE = FigureKind(NAME, TITLE, (Need(TRAINING, ("loss",)),), compute)
