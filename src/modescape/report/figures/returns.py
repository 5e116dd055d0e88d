"""What the next member would bring: the measured curve of size, the law fitted to it, and where it goes."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import METRIC, SIZE
from modescape.report.drawables import Drawing, Line, Lines, long_table
from modescape.report.figures.compared import cut, labels_of, with_ends
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.inputs import confidence_of, variable
from modescape.report.metrics import Metric, metric_named

NAME: Final = "returns"
TITLE: Final = "What would the next member bring?"
STEP: Final = "returns"
COLUMNS: Final = ["value", "low", "high", "fit", "fit_low", "fit_high", "step", "step_low", "step_high"]
OF_METRIC: Final = ["gain", "gain_low", "gain_high", "limit", "limit_low", "limit_high", "rate"]


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return one panel for each metric: measured points, the fitted curve with its band, and its limit.

    Source: Lobacheva, Chirkova, Kodryan and Vetrov (2020), https://arxiv.org/abs/2007.08483. Differs from it in the
    band, which holds other examples and other members, and in the law of the Brier score, which is exact.
    """
    variable(results, STEP, "value", (METRIC, SIZE))
    dataset = results[STEP]
    metrics = [metric_named(name) for name in labels_of(dataset, METRIC)]
    sentence = dataset.attrs.get("sentence")
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            "Points are the mean over subsets of so many members; the dashed curve is the law fitted to them and "
            f"goes on beyond, with the {confidence_of(results, STEP)} band of other examples and other members; the "
            "level dashes are its limit with infinitely many members."
        ),
        look_for=(
            "Look how far the last point is from the dashes, which is all that any number of further members could "
            "bring, and how little of it the next one would."
        ),
        panels=tuple(_panel(dataset, metric) for metric in metrics),
        table=long_table(dataset, [*COLUMNS, *OF_METRIC]),
        found=(*(_found(dataset, metric) for metric in metrics), *([str(sentence)] if sentence else [])),
    )


def _panel(dataset: xr.Dataset, metric: Metric) -> Lines:
    """Return the points, the fitted curve and the limit of one metric."""
    sizes = dataset[SIZE].values.astype(np.float64)
    place = {METRIC: metric.name}
    value, fit, low, high = (
        cut(dataset, name, place, scale=metric.scale) for name in ("value", "fit", "fit_low", "fit_high")
    )
    lines = []
    limit = with_ends(dataset, "limit", place, scale=metric.scale)[0]
    if np.isfinite(limit):
        lines.append(Line("limit", sizes, np.full(len(sizes), limit), series=None, dashed=True))
    if fit is not None and np.isfinite(fit).any():
        band = (low, high) if low is not None and np.isfinite(low).any() else (None, None)
        lines.append(Line("fitted law", sizes, fit, *band, series=1, dashed=True))
    if value is not None:
        known = np.isfinite(value)
        lines.append(Line("measured", sizes[known], value[known], series=0))
    return Lines(
        title=metric.heading,
        alt=f"{metric.label} against the number of members. {_found(dataset, metric)}",
        lines=tuple(lines),
        x_label="members in the ensemble",
        y_label=metric.axis_label,
        decimals=metric.decimals + 1,
    )


def _found(dataset: xr.Dataset, metric: Metric) -> str:
    """Say what the next member would bring, and what all further ones together."""
    place = {METRIC: metric.name}
    members = int(dataset.attrs.get("members", 0))
    gain, limit = (with_ends(dataset, name, place) for name in ("gain", "limit"))
    if not np.isfinite(gain[0]):
        return f"{metric.heading}: what another member would bring is not known."
    finer = Metric(metric.name, metric.label, metric.unit, metric.change_unit, metric.scale, metric.decimals + 1)
    interval = "" if np.isfinite(gain).all() else " (no interval: so few members don't say how much they vary)"
    ends = finer.change(*limit)
    reach = f"{metric.scale * limit[0]:.{metric.decimals}f} {metric.unit}".strip()
    between = "" if ends.low is None else f" [{ends.low:.{metric.decimals}f}, {ends.high:.{metric.decimals}f}]"
    return (
        f"{metric.heading}: member {members + 1} would change it by {finer.change(*gain)}{interval}; infinitely many "
        f"would reach {reach}{between}."
    )


FIGURE = FigureKind(NAME, TITLE, (Need(STEP, ("value",), {SIZE: 2}),), compute)
