"""What each further member brings: the metrics of ensembles of every size."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from modescape.core.axes import METRIC, SIZE
from modescape.report.drawables import Drawing, Line, Lines, long_table
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.inputs import confidence_of, optional, variable
from modescape.report.metrics import metric_named

NAME = "ensemble-size"
TITLE = "What does each further member bring?"
ENSEMBLE = "ensemble"


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return one panel for each metric: its value against the number of members, with its interval.

    Source: Fort, Hu and Lakshminarayanan (2019), section 4.3 and figure 7, https://arxiv.org/abs/1912.02757.
    Differs from it in drawing the interval over examples, and single members as a line to compare with.
    """
    value = variable(results, ENSEMBLE, "value", (METRIC, SIZE))
    names = [str(name) for name in value[METRIC].values]
    columns = ["value", "low", "high", "gain", "gain_low", "gain_high", "num_subsets", "sampled"]
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            "Each point averages the class probabilities of so many members, and the metric over subsets of that size; "
            f"the band is the {confidence_of(results, ENSEMBLE)} interval over examples.{_sampling(results)}"
        ),
        look_for=(
            "Look where the curve flattens: members beyond that point cost as much as the first and bring little; "
            "the dashed line is one member alone."
        ),
        panels=tuple(_panel(results, name) for name in names),
        table=long_table(results[ENSEMBLE], columns),
    )


def _panel(results: Mapping[str, xr.Dataset], name: str) -> Lines:
    """Return the curve of one metric, in the unit a reader knows."""
    metric = metric_named(name)
    sizes = results[ENSEMBLE][SIZE].values.astype(np.float64)
    middle, low, high = (_values(results, end, name, metric.scale) for end in ("value", "low", "high"))
    if middle is None:
        middle = np.full(len(sizes), np.nan)
    lines = [Line("ensemble", sizes, middle, low, high, series=0)]
    single = middle[sizes == 1]
    if single.size and len(sizes) > 1:
        lines.insert(0, Line("one member", sizes, np.full(len(sizes), single[0]), series=None, dashed=True))
    finite = np.flatnonzero(np.isfinite(middle))
    ends = [f"{middle[at]:.{metric.decimals}f} {metric.unit}".strip() for at in finite[[0, -1]]] if finite.size else []
    told = f"{ends[0]} with {sizes[finite[0]]:g}, {ends[1]} with {sizes[finite[-1]]:g}" if ends else "no numbers"
    return Lines(
        title=metric.label[0].upper() + metric.label[1:],
        alt=f"{metric.label} against the number of members: {told}.",
        lines=tuple(lines),
        x_label="members in the ensemble",
        y_label=metric.axis_label,
        decimals=metric.decimals,
    )


def _values(results: Mapping[str, xr.Dataset], variable_name: str, metric: str, scale: float) -> np.ndarray | None:
    """Return one variable of one metric over sizes, or None where it was not stored."""
    array = optional(results, ENSEMBLE, variable_name, (METRIC, SIZE))
    return None if array is None else scale * array.sel({METRIC: metric}).values.astype(np.float64)


def _sampling(results: Mapping[str, xr.Dataset]) -> str:
    """Say which sizes rest on a sample of their subsets, or return an empty text where none does."""
    sampled = optional(results, ENSEMBLE, "sampled", (SIZE,))
    counts = optional(results, ENSEMBLE, "num_subsets", (SIZE,))
    if sampled is None or counts is None or not sampled.values.any():
        return ""
    which = sampled.values.astype(bool)
    sizes, numbers = sampled[SIZE].values[which], counts.values[which]
    over = f"size {sizes[0]} is" if len(sizes) == 1 else f"sizes {sizes.min()} to {sizes.max()} are each"
    most = f"{numbers.max():,}" if numbers.min() == numbers.max() else f"{numbers.min():,} to {numbers.max():,}"
    return f" {over[0].upper()}{over[1:]} a seeded sample of {most} subsets."


FIGURE = FigureKind(NAME, TITLE, (Need(ENSEMBLE, ("value",)),), compute)
