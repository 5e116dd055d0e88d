"""Each method minus the plain ensemble of independent solutions, on the same examples."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import METHOD, METHOD_OTHER, METRIC, SCALING, SIZE
from modescape.report.drawables import Drawing, IntervalRow, Intervals, Reference, long_table
from modescape.report.figures.compared import labels_of, with_ends
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.figures.methods import PLAIN, STEP, full_size
from modescape.report.inputs import confidence_of, variable
from modescape.report.methods import in_order
from modescape.report.metrics import Metric, metric_named

NAME: Final = "method-differences"
TITLE: Final = "Does any method beat the plain ensemble?"
DIMS: Final = (SCALING, METRIC, METHOD, METHOD_OTHER, SIZE)
GROUPS: Final = {"raw": "raw probabilities", "scaled": "after temperature scaling"}
"""How the two kinds of probabilities are named."""


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return one panel for each metric: the paired difference of each method to the plain ensemble, at full size.

    Source: Fort, Hu and Lakshminarayanan (2019), section 5, https://arxiv.org/abs/1912.02757. Differs from it in paired
    intervals: both sides see the same examples, so most of the chance in them cancels.
    """
    variable(results, STEP, "difference", DIMS)
    dataset, size = results[STEP], full_size(results[STEP])
    panels = [_panel(dataset, metric_named(name), size) for name in labels_of(dataset, METRIC)]
    away = dataset.sel({METHOD_OTHER: [PLAIN]})
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            f"Each row is one method with {size} members minus the ensemble of {size} independent solutions; "
            f"the whisker is its paired {confidence_of(results, STEP)} interval over examples."
        ),
        look_for=(
            "Look for whiskers that do not cross the line at 0: only there is a method better or worse "
            "than the plain ensemble beyond chance in the examples."
        ),
        panels=tuple(panels),
        table=long_table(away, ["difference", "difference_low", "difference_high"]),
        found=tuple(_found(panel, size) for panel in panels[:1]),
    )


def _panel(dataset: xr.Dataset, metric: Metric, size: int) -> Intervals:
    """Return the rows of one metric; accuracy has no scaled ones, a temperature does not change it."""
    scalings = [name for name in labels_of(dataset, SCALING) if name == "raw" or metric.name != "accuracy"]
    groups = GROUPS if len(scalings) > 1 else {}
    rows = [row for scaling in scalings for row in _rows(dataset, metric, size, scaling, groups.get(scaling, ""))]
    told = ", ".join(f"{row.name} {row.told(metric.decimals)}" for row in rows if row.group in ("", GROUPS["raw"]))
    return Intervals(
        title=metric.heading,
        alt=(
            f"Difference in {metric.label}{metric.change_label}, of each method to the plain ensemble: "
            f"{told or 'no numbers'}."
        ),
        rows=tuple(rows),
        x_label=f"difference{metric.change_label}",
        marks=(Reference("plain ensemble", 0.0),),
        decimals=metric.decimals,
    )


def _rows(dataset: xr.Dataset, metric: Metric, size: int, scaling: str, group: str) -> list[IntervalRow]:
    """Return one row for each method that was measured."""
    rows = []
    for method in in_order(labels_of(dataset, METHOD)):
        place = {SCALING: scaling, METRIC: metric.name, METHOD: method.name, METHOD_OTHER: PLAIN, SIZE: size}
        value, low, high = with_ends(dataset, "difference", place, scale=metric.scale)
        if method.name != PLAIN and np.isfinite(value):
            rows.append(IntervalRow(method.label, value, low, high, method.series, group))
    return rows


def _found(panel: Intervals, size: int) -> str:
    """Say how many methods lie wholly on one side of the plain ensemble in accuracy."""
    above = [row.name for row in panel.rows if row.has_interval and row.low > 0]
    below = [row.name for row in panel.rows if row.has_interval and row.high < 0]
    told = [f"{_listed(names)} {word}" for names, word in ((above, "above"), (below, "below")) if names]
    if not told:
        return f"{panel.title} with {size} members: no method can be told from the plain ensemble."
    rest = "; others can't be told" if len(above) + len(below) < len(panel.rows) else ""
    return f"{panel.title} with {size} members, against the plain ensemble: {', '.join(told)}{rest}."


def _listed(names: list[str]) -> str:
    """Join names with commas and an `and`."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


FIGURE = FigureKind(
    NAME, TITLE, (Need(STEP, ("value", "difference"), {METHOD: 2}, labels={METHOD_OTHER: PLAIN}),), compute
)
