"""Loss and accuracy on the straight line between two solutions, before and after their units are aligned."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import ALIGNMENT, PAIR, PLACE
from modescape.report.drawables import Drawing, Line, Lines, long_table
from modescape.report.figures.alignment import MAX_PAIRS, REPAIRED, STEP, named
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.inputs import labels, optional, variable

NAME: Final = "alignment-paths"
TITLE: Final = "What lies between solutions once their units are aligned?"
ALONG: Final = (PAIR, ALIGNMENT, PLACE)
LOG_RATIO: Final = 20.0
"""Largest over smallest loss from which a linear axis shows only the barrier."""
COLUMNS: Final = ["loss", "accuracy", "agreement_first", "agreement_second"]


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return for each pair loss and accuracy against the place on the line, one line for each alignment.

    Source: Ainsworth, Hayase, Srinivasa (2023), figure 2, https://arxiv.org/abs/2209.04836, and Jordan, Sedghi, Saukh,
    Entezari, Neyshabur (2023), figure 1, https://arxiv.org/abs/2211.08403.
    """
    loss = variable(results, STEP, "loss", ALONG)
    pairs = [pair for pair in labels(loss, PAIR) if np.isfinite(loss.sel({PAIR: pair}).values).any()]
    panels = [panel for pair in pairs[:MAX_PAIRS] for panel in _panels(results, pair, len(pairs))]
    left = f" The first {MAX_PAIRS} of {len(pairs)} pairs are drawn." if len(pairs) > MAX_PAIRS else ""
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            "Each line walks straight from one solution to the other, whose units were exchanged beforehand in one of "
            "several ways; dashed lines are repaired on the way. Intervals of the barriers stand in the figure of "
            f"cosine, barrier and disagreement.{left}"
        ),
        look_for=(
            "Look at the middle: lines that stay level join two networks of one basin. A dashed line that stays low "
            "where the solid one of its colour climbs shows that units varied too little on the way."
        ),
        panels=tuple(panels),
        table=long_table(results[STEP], COLUMNS),
        found=tuple(_found(panel) for panel in panels if panel.title.startswith("Loss")),
    )


def _panels(results: Mapping[str, xr.Dataset], pair: str, num_pairs: int) -> list[Lines]:
    """Return the panels of one pair."""
    suffix = f", pair {pair}" if num_pairs > 1 else ""
    panels = [
        _panel(f"Loss{suffix}", "loss (nats)", _lines(results, pair, "loss", 1.0), 3),
        _panel(f"Accuracy{suffix}", "accuracy (%)", _lines(results, pair, "accuracy", 100.0), 1),
    ]
    return [panel for panel in panels if panel.lines]


def _lines(results: Mapping[str, xr.Dataset], pair: str, name: str, scale: float) -> list[Line]:
    """Return one line for each alignment that was measured."""
    array = optional(results, STEP, name, ALONG)
    if array is None:
        return []
    places = array[PLACE].values.astype(np.float64)
    found = []
    for alignment in labels(array, ALIGNMENT):
        values = scale * array.sel({PAIR: pair, ALIGNMENT: alignment}).values.astype(np.float64)
        label, series = named(alignment)
        if np.isfinite(values).any():
            found.append(Line(label, places, values, None, None, label, series, alignment.endswith(REPAIRED)))
    return found


def _panel(title: str, y_label: str, lines: list[Line], decimals: int) -> Lines:
    """Return one panel, the loss on a logarithmic axis where it spans too much for a linear one."""
    values = np.concatenate([line.y[np.isfinite(line.y)] for line in lines] or [np.ones(1)])
    told = ", ".join(f"{line.name} {_middle(line):.{decimals}f}" for line in lines)
    is_loss = y_label.startswith("loss")
    return Lines(
        title=title,
        alt=f"{title} on the line between two solutions, {y_label}, half way: {told}.",
        lines=tuple(lines),
        x_label="place on the line (share of its length)",
        y_label=y_label,
        whole_x=False,
        log_y=bool(is_loss and values.min() > 0 and values.max() / values.min() > LOG_RATIO),
        decimals=decimals,
    )


def _found(panel: Lines) -> str:
    """Say how high the loss is half way, along the lowest line and as the solutions are."""
    lowest = min(panel.lines, key=_middle)
    before = panel.lines[0]
    where = f"{panel.title}: half" if panel.title != "Loss" else "Half"
    return f"{where} way the loss is {_middle(before):.3f} nats {before.name}, and {_middle(lowest):.3f} {lowest.name}."


def _middle(line: Line) -> float:
    """Return the value nearest to the middle of the line."""
    return float(line.y[np.abs(line.x - 0.5).argmin()])


FIGURE = FigureKind(NAME, TITLE, (Need(STEP, ("loss",)),), compute)
