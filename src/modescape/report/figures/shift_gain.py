"""What the ensemble gains over one member, against the intensity of corruptions."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import INTENSITY, METRIC
from modescape.report.drawables import Drawing, Line, Lines, long_table
from modescape.report.figures.compared import cut, labels_of, told_difference, with_ends
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.figures.shift import OF_MEMBERS, PLAIN, STEP, full_size, told_corruptions
from modescape.report.inputs import confidence_of, variable
from modescape.report.methods import method_named
from modescape.report.metrics import Metric, metric_named

NAME: Final = "shift-gain"
TITLE: Final = "Does the ensemble gain more on corrupted data?"
TOLD: Final = ("accuracy", "brier")
"""The metrics whose slope is told."""


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return one panel for each metric: ensemble minus one member, on the same corrupted examples.

    Source: Fort, Hu and Lakshminarayanan (2019), section 5, https://arxiv.org/abs/1912.02757. Differs from it in
    drawing the gain itself, with a paired interval.
    """
    variable(results, STEP, "gain", (METRIC, INTENSITY))
    dataset = results[STEP]
    metrics = [metric_named(name) for name in labels_of(dataset, METRIC) if name != OF_MEMBERS]
    panels = [panel for metric in metrics if (panel := _gain_panel(dataset, metric)).lines]
    slopes = [_slope(dataset, metric) for metric in metrics if metric.name in TOLD]
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            f"Each point is the ensemble of {full_size(dataset)} minus one member, a mean over "
            f"{told_corruptions(dataset)}; the band is its paired {confidence_of(results, STEP)} interval."
        ),
        look_for="Look at the direction: a line that leaves 0 says that the ensemble helps most where data is hardest.",
        panels=tuple(panels),
        table=long_table(dataset, ["gain", "gain_low", "gain_high", "slope", "slope_low", "slope_high"]),
        found=tuple(slope for slope in slopes if slope),
    )


def _gain_panel(dataset: xr.Dataset, metric: Metric) -> Lines:
    """Return the gain in one metric against intensity, and the line of no gain."""
    x = dataset[INTENSITY].values.astype(np.float64)
    value, low, high = (
        cut(dataset, f"gain{end}", {METRIC: metric.name}, scale=metric.scale) for end in ("", "_low", "_high")
    )
    lines: tuple[Line, ...] = ()
    if value is not None and np.isfinite(value).any():
        none = Line("no gain", x, np.zeros(len(x)), series=None, dashed=True)
        lines = (none, Line("ensemble minus one member", x, value, low, high, series=method_named(PLAIN).series))
    unit = f" ({metric.change_unit})" if metric.change_unit else ""
    ends = ["no numbers"] if value is None else [f"{value[at]:+.{metric.decimals}f}" for at in (0, -1)]
    return Lines(
        title=f"{metric.heading}{metric.better}",
        alt=f"Gain in {metric.label}{unit} against the intensity of corruptions: {' to '.join(ends)}.",
        lines=lines,
        x_label="intensity of corruption",
        y_label=f"gain{unit}",
        decimals=metric.decimals,
    )


def _slope(dataset: xr.Dataset, metric: Metric) -> str:
    """Say how much the gain in one metric changes with each step of intensity, or return an empty text."""
    value, low, high = with_ends(dataset, "slope", {METRIC: metric.name})
    if not np.isfinite(value):
        return ""
    return f"The gain in {metric.label} changes by {told_difference(metric.change(value, low, high))} with each step."


FIGURE = FigureKind(NAME, TITLE, (Need(STEP, ("gain",)),), compute)
