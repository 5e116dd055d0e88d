"""What is lost against independent members: each method minus them at the same training budget, with all its costs."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import METHOD, SIZE
from modescape.report.drawables import Drawing, IntervalRow, Intervals, Reference, Table
from modescape.report.figures import frontier_parts as parts
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.inputs import confidence_of, variable
from modescape.report.metrics import Metric

NAME: Final = "frontier-methods"
TITLE: Final = "What is lost against independent members?"
COSTS: Final = {
    "training": "training (epochs of the base network)",
    "prediction": "passes in a prediction",
    "parameters": "parameters",
    "temperature": "temperature",
}
"""The costs in the table, and their headings."""
MOST_NAMED: Final = 3
ENDS: Final = ("difference", "difference_low", "difference_high")


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return one panel for each metric: the paired difference of each method to independent members, best NLL on top.

    Source: Ashukha, Lyzhov, Molchanov and Vetrov (2020), section 5, https://arxiv.org/abs/2002.06470, who tell what a
    method is worth in independent members. Differs from it in differences at the same training budget, with paired
    intervals over examples.
    """
    variable(results, parts.STEP, "difference", parts.DIMS)
    dataset = results[parts.STEP]
    size = parts.largest_size(dataset)
    titles = parts.titles_of(dataset)
    present = _present(dataset, size)
    missing = [titles[name] for name in titles if name not in present and name != parts.REFERENCE]
    left = f" There is no size {size} of: {', '.join(missing)}." if missing else ""
    panels = tuple(_panel(dataset, metric, size, present, titles) for metric in parts.shown_metrics(dataset))
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            f"Each row is one method minus {size} independent members, after the same training; the whisker is its "
            f"paired {confidence_of(results, parts.STEP)} interval over examples.{parts.told_scaling(dataset)}{left}"
        ),
        look_for=(
            "Look for whiskers that do not cross the line at 0: only there is a method better or worse beyond chance "
            "in the examples; the table beside it says what each one needs to predict."
        ),
        panels=panels,
        table=_table(dataset, size, present, titles),
        found=(
            *(_found(panel, size) for panel in panels if panel.rows),
            *parts.told_far(dataset, parts.shown_metrics(dataset)),
        ),
    )


def _present(dataset: xr.Dataset, size: int) -> list[str]:
    """Return the methods with a difference at a size, the best NLL first."""
    difference = dataset["difference"].sel({SIZE: size})
    return [
        name
        for name in parts.ranked(dataset)
        if name != parts.REFERENCE and np.isfinite(difference.sel({METHOD: name}).values).any()
    ]


def _panel(dataset: xr.Dataset, metric: Metric, size: int, present: list[str], titles: Mapping[str, str]) -> Intervals:
    """Return the rows of one metric, in the same order in all panels."""
    place, series = dataset[SIZE].values.tolist().index(size), parts.series_of(dataset)
    rows, far = [], parts.far_off(dataset, metric)
    for name in (name for name in present if name not in far):
        value, low, high = (float(parts.values_of(dataset, end, name, metric)[place]) for end in ENDS)
        if np.isfinite(value):
            rows.append(IntervalRow(titles[name], value, low, high, series[name]))
    told = ", ".join(f"{row.name} {row.told(metric.decimals)}" for row in rows)
    return Intervals(
        title=parts.heading_of(dataset, metric),
        alt=f"Difference in {metric.label}{metric.change_label}, of each method to {size} independent members: {told}.",
        rows=tuple(rows),
        x_label=f"difference{metric.change_label}",
        marks=(Reference("independent members", 0.0),),
        decimals=metric.decimals,
    )


def _table(dataset: xr.Dataset, size: int, present: list[str], titles: Mapping[str, str]) -> Table:
    """Return one row a method: costs, then each metric and its difference with the ends of the interval."""
    names = [name for name in (parts.REFERENCE, *present) if name in titles]
    place = dataset[SIZE].values.tolist().index(size)
    columns = {"method": np.array([titles[name] for name in names]), "size": np.full(len(names), size)}
    for name, heading in COSTS.items():
        if name in dataset:
            columns[heading] = dataset[name].sel({METHOD: names, SIZE: size}).values
    for metric in parts.shown_metrics(dataset):
        for end in ("value", "low", "high", *ENDS):
            unit = metric.change_unit if end in ENDS else metric.unit
            words = (metric.label, *([] if end == "value" else end.split("_")), *([f"({unit})"] if unit else []))
            columns[" ".join(words)] = np.array([parts.values_of(dataset, end, name, metric)[place] for name in names])
    return Table(columns)


def _found(panel: Intervals, size: int) -> str:
    """Say which methods lie wholly on one side of independent members."""
    better = panel.x_label.endswith("higher is better")
    right = [row.name for row in panel.rows if row.has_interval and row.low > 0]
    left = [row.name for row in panel.rows if row.has_interval and row.high < 0]
    sides = ((right, "better"), (left, "worse")) if better else ((left, "better"), (right, "worse"))
    told = [f"{len(names)} {word}{_named(names)}" for names, word in sides if names]
    rest = len(panel.rows) - len(right) - len(left)
    told += [f"{rest} can't be told apart"] if rest else []
    return f"{panel.title}, of {len(panel.rows)} methods against {size} independent members: {'; '.join(told)}."


def _named(names: list[str]) -> str:
    """Name a few methods; of many, the number is enough.

    >>> _named(["SWAG"]), _named(["a", "b", "c", "d"])
    (' (SWAG)', '')
    """
    return f" ({', '.join(names)})" if len(names) <= MOST_NAMED else ""


FIGURE = FigureKind(
    NAME, TITLE, (Need(parts.STEP, ("value", "difference"), {METHOD: 2}, labels={METHOD: parts.REFERENCE}),), compute
)
