"""Which method is best at which training budget: all methods against what they cost to train."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import METHOD, SIZE
from modescape.report.drawables import Drawing, Line, Lines, long_table
from modescape.report.figures import frontier_parts as parts
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.inputs import confidence_of, variable
from modescape.report.metrics import Metric

NAME: Final = "frontier"
TITLE: Final = "Which ensemble is best for its training?"
OTHERS: Final = "other methods"
RECOMMENDED: Final = "recommended, with its interval"
STAR: Final = 79
"""A series whose symbol is the star and whose colour no method of this figure has."""
COLUMNS: Final = ["value", "low", "high", "difference", "difference_low", "difference_high"]
COSTS: Final = ["training", "forward", "backward", "prediction", "parameters", "answers", "temperature"]


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return one panel for each metric: a line for each method against its training budget.

    Source: Ashukha, Lyzhov, Molchanov and Vetrov (2020), section 5, https://arxiv.org/abs/2002.06470. Differs from it
    in the budget, which is training and not the number of samples, and in intervals over examples.
    """
    variable(results, parts.STEP, "value", parts.DIMS)
    dataset = results[parts.STEP]
    series, found = parts.series_of(dataset), parts.recommended_of(dataset)
    titles = parts.titles_of(dataset)
    grey = sum(number is None for number in series.values())
    sentence = dataset.attrs.get("recommendation")
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            f"Each line is one method, against all that its training took; the band is the "
            f"{confidence_of(results, parts.STEP)} interval of independent members over examples.{_grey_told(grey)}"
            f"{parts.told_scaling(dataset)}"
        ),
        look_for=(
            "Look straight above a budget for the best method there, and whether it lies outside the band; "
            "paired differences are more certain than two lines side by side, and the next figure shows them."
        ),
        panels=tuple(_panel(dataset, metric, series, titles, found) for metric in parts.shown_metrics(dataset)),
        table=long_table(dataset, [*COLUMNS, *COSTS]),
        found=(*((str(sentence),) if sentence else ()), *parts.told_far(dataset, parts.shown_metrics(dataset))),
    )


def _panel(
    dataset: xr.Dataset,
    metric: Metric,
    series: Mapping[str, int | None],
    titles: Mapping[str, str],
    found: tuple[str, int] | None,
) -> Lines:
    """Return the lines of one metric, grey ones below, the recommended point on top."""
    far = parts.far_off(dataset, metric)
    lines = [
        _line(dataset, metric, name, series[name], titles[name])
        for name in sorted(series, key=lambda name: -(len(series) if series[name] is None else (series[name] or 0)))
        if name not in far and np.isfinite(parts.values_of(dataset, "value", name, metric)).any()
    ]
    if found is not None and found[0] not in far:
        lines.append(_star(dataset, metric, found, titles[found[0]]))
    size = parts.largest_size(dataset)
    place = dataset[SIZE].values.tolist().index(size)
    at = {name: parts.values_of(dataset, "value", name, metric)[place] for name in parts.ranked(dataset)}
    told = ", ".join(f"{titles[name]} {value:.{metric.decimals}f}" for name, value in at.items() if np.isfinite(value))
    unit = f" ({metric.unit})" if metric.unit else ""
    return Lines(
        title=parts.heading_of(dataset, metric),
        alt=f"{metric.label}{unit} against the training budget; at size {size}: {told or 'no numbers'}.",
        lines=tuple(lines),
        x_label="training budget (trainings of one network)",
        y_label=metric.axis_label,
        decimals=metric.decimals,
    )


def _line(dataset: xr.Dataset, metric: Metric, name: str, series: int | None, title: str) -> Line:
    """Return the line of one method; only that of independent members has a band."""
    value, low, high = (parts.values_of(dataset, end, name, metric) for end in ("value", "low", "high"))
    band = (low, high) if name == parts.REFERENCE and np.isfinite(low).any() else (None, None)
    legend = OTHERS if series is None else title
    return Line(title, parts.budgets_of(dataset, name), value, *band, legend=legend, series=series)


def _star(dataset: xr.Dataset, metric: Metric, found: tuple[str, int], title: str) -> Line:
    """Return the mark of the recommended method and size: its value between the ends of its interval."""
    method, size = found
    place = [dataset[SIZE].values.tolist().index(size)]
    ends = [parts.values_of(dataset, name, method, metric)[place] for name in ("low", "value", "high")]
    heights = np.concatenate(ends)
    budgets = np.repeat(parts.budgets_of(dataset, method)[place], len(heights))
    return Line(f"recommended: {title}, size {size}", budgets, heights, legend=RECOMMENDED, series=STAR)


def _grey_told(grey: int) -> str:
    """Say which methods are grey."""
    if not grey:
        return ""
    return f" Colours are for the best by NLL at the largest budget; {grey} others are grey, and named in the table."


FIGURE = FigureKind(NAME, TITLE, (Need(parts.STEP, ("value",), {METHOD: 2, SIZE: 1}),), compute)
