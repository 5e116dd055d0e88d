"""What each step of the study cost: time and memory."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import POINT
from modescape.report.drawables import Drawing, IntervalRow, Intervals, long_table
from modescape.report.figures.compared import cut, labels_of
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.inputs import variable

NAME: Final = "costs"
TITLE: Final = "What did each step cost?"
STEP: Final = "costs"
LOG_RATIO: Final = 50.0
"""Largest over smallest number from which a linear axis shows only the largest."""


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return the wall time and the peak memory of each step."""
    variable(results, STEP, "seconds", (POINT,))
    dataset = results[STEP]
    panels = (
        _panel(dataset, "seconds", "Time", "wall time (seconds)", 1),
        _panel(dataset, "peak_mib", "Memory", "peak memory (MiB)", 0),
    )
    return Drawing(
        name=NAME,
        title=TITLE,
        shows="Each row is one step of this run: its wall time, and the most memory the process held meanwhile.",
        look_for="Look at the step that takes most of the time: it is where fewer samples or examples save most.",
        panels=tuple(panel for panel in panels if panel.rows),
        table=long_table(dataset, ["seconds", "peak_mib"]),
        found=(_found(dict(zip(labels_of(dataset, POINT), dataset["seconds"].values.tolist(), strict=True))),),
    )


def _panel(dataset: xr.Dataset, name: str, title: str, x_label: str, decimals: int) -> Intervals:
    """Return one row for each step, on a logarithmic axis where costs span much."""
    values = cut(dataset, name, {})
    places = zip(labels_of(dataset, POINT), [] if values is None else values.tolist(), strict=values is not None)
    rows = tuple(IntervalRow(label, value) for label, value in places if np.isfinite(value))
    numbers = np.array([row.value for row in rows])
    log = bool(rows) and bool(numbers.min() > 0 and numbers.max() / numbers.min() > LOG_RATIO)
    told = ", ".join(f"{row.name} {row.told(decimals)}" for row in rows)
    return Intervals(
        title=title,
        alt=f"{title} of each step, {x_label}: {told or 'no numbers'}.",
        rows=rows,
        x_label=f"{x_label}{', logarithmic' if log else ''}",
        decimals=decimals,
        log_x=log,
    )


def _found(seconds: Mapping[str, float]) -> str:
    """Say how long all steps took, and which took most of it.

    >>> _found({"training": 30.0, "plane": 10.0, "shift": float("nan")})
    'All steps took 40 seconds; training took 75% of it.'
    """
    known = {name: value for name, value in seconds.items() if np.isfinite(value)}
    total = sum(known.values())
    if total <= 0:
        return f"All steps took {_duration(total)}."
    longest = max(known, key=lambda name: known[name])
    return f"All steps took {_duration(total)}; {longest} took {known[longest] / total:.0%} of it."


def _duration(seconds: float) -> str:
    """Write a time as a reader knows it.

    >>> _duration(41.2), _duration(5400.0), _duration(360.0)
    ('41 seconds', '1.5 hours', '6.0 minutes')
    """
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.1f} minutes" if seconds < 3600 else f"{seconds / 3600:.1f} hours"


FIGURE = FigureKind(NAME, TITLE, (Need(STEP, ("seconds",)),), compute)
