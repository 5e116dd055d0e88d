"""What methods bring with every size: ensembles of solutions, weight averages and samples of subspaces."""

from collections.abc import Mapping
from functools import partial
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import METHOD, METHOD_OTHER, METRIC, SCALING, SIZE
from modescape.report.drawables import Drawing, Line, Lines, long_table
from modescape.report.figures.compared import best, cut, labels_of, paired_change, told_difference
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.inputs import confidence_of, variable
from modescape.report.methods import in_order, method_named
from modescape.report.metrics import METRICS, Metric, metric_named

NAME: Final = "methods"
TITLE: Final = "Which networks are best put together?"
SCALED_NAME: Final = "methods-scaled"
SCALED_TITLE: Final = "And with a temperature fitted to each?"
STEP: Final = "methods"
BY_SIZE: Final = (SCALING, METHOD, METRIC, SIZE)
PLAIN: Final = "independent"
TOLD: Final = {"raw": ("accuracy", "nll"), "scaled": ("nll", "brier")}
"""The metrics of which the best method is told. Accuracy does not change with a temperature."""
COLUMNS: Final = ["value", "low", "high", "gain", "gain_low", "gain_high", "temperature"]


def compute(results: Mapping[str, xr.Dataset], scaling: str = "raw") -> Drawing:
    """Return one panel for each metric: a line for each method, against the number of members.

    Source: Fort, Hu and Lakshminarayanan (2019), section 5, https://arxiv.org/abs/1912.02757; temperatures after
    Ashukha et al. (2020), https://arxiv.org/abs/2002.06470, who show that NLL is not comparable without them. Differs
    from them in intervals over examples.
    """
    dataset = results[STEP]
    variable(results, STEP, "value", BY_SIZE)
    names = [name for name in labels_of(dataset, METRIC) if scaling == "raw" or name != "accuracy"]
    panels = [_panel(dataset, scaling, metric_named(name)) for name in names]
    if scaling != "raw" and "temperature" in dataset:
        panels.append(_temperatures(dataset))
    samples = dataset.attrs.get("samples")
    each = f", {samples} of them averaged into one predictor for each member" if samples else ""
    return Drawing(
        name=NAME if scaling == "raw" else SCALED_NAME,
        title=TITLE if scaling == "raw" else SCALED_TITLE,
        shows=(
            f"Each line averages the probabilities of so many networks of one kind: solutions, their weight averages, "
            f"or samples around them{each}; the band is the {confidence_of(results, STEP)} interval of the plain "
            f"ensemble over examples.{_scaled_words(dataset) if scaling != 'raw' else ''}"
        ),
        look_for=_look_for(scaling),
        panels=tuple(panels),
        table=long_table(dataset.sel({SCALING: [scaling]}), COLUMNS),
        found=tuple(_found(dataset, scaling, METRICS[name]) for name in TOLD[scaling] if name in names),
    )


def full_size(dataset: xr.Dataset) -> int:
    """Return the largest size that the plain ensemble has, or any method where there is no plain ensemble."""
    value = dataset["value"]
    chosen = value.sel({METHOD: [PLAIN]}) if PLAIN in value[METHOD].values else value
    finite = np.isfinite(chosen.transpose(SIZE, ...).values).reshape(chosen.sizes[SIZE], -1).any(axis=1)
    sizes = chosen[SIZE].values
    return int(sizes[finite].max() if finite.any() else sizes.max())


def _panel(dataset: xr.Dataset, scaling: str, metric: Metric) -> Lines:
    """Return the lines of one metric; only the plain ensemble has a band, seven would hide each other."""
    lines = []
    for method in in_order(labels_of(dataset, METHOD)):
        place = {SCALING: scaling, METHOD: method.name, METRIC: metric.name}
        value, low, high = (cut(dataset, name, place, scale=metric.scale) for name in ("value", "low", "high"))
        if value is None or not np.isfinite(value).any():
            continue
        ends = (low, high) if method.name == PLAIN else (None, None)
        lines.append(Line(method.label, _sizes(dataset), value, *ends, series=method.series))
    size = full_size(dataset)
    at = {line.name: line.y[line.x == size] / metric.scale for line in lines}
    told = ", ".join(f"{name} {metric.shown(value[0])}" for name, value in at.items() if np.isfinite(value).all())
    return Lines(
        title=metric.heading,
        alt=f"{metric.label} against the number of members; with {size}: {told or 'no numbers'}.",
        lines=tuple(lines),
        x_label="members in the ensemble",
        y_label=metric.axis_label,
        decimals=metric.decimals,
    )


def _temperatures(dataset: xr.Dataset) -> Lines:
    """Return the temperatures themselves."""
    lines = [
        Line(method.label, _sizes(dataset), values, series=method.series)
        for method in in_order(labels_of(dataset, METHOD))
        if (values := cut(dataset, "temperature", {METHOD: method.name})) is not None and np.isfinite(values).any()
    ]
    return Lines(
        title="Temperature",
        alt=f"Temperature fitted to each of {len(lines)} methods against the number of members.",
        lines=tuple(lines),
        x_label="members in the ensemble",
        y_label="temperature (below 1 sharpens)",
        decimals=3,
    )


def _sizes(dataset: xr.Dataset) -> np.ndarray:
    """Return the numbers of members."""
    return dataset[SIZE].values.astype(np.float64)


def _scaled_words(dataset: xr.Dataset) -> str:
    """Say what the temperatures were fitted to."""
    number = dataset.attrs.get("num_validation")
    on = f"{number:,} validation examples" if number else "validation examples"
    return f" One temperature for each ensemble was fitted on {on}."


def _look_for(scaling: str) -> str:
    """Say what to look for."""
    if scaling == "raw":
        return (
            "Look at the left end for what one network gains by averaging weights or samples, and at the right end for "
            "how little of that is left when independent solutions are put together."
        )
    return (
        "Look for methods whose lead in NLL shrinks: it came from the sharpness of their probabilities, "
        "which a temperature sets for nothing."
    )


def _found(dataset: xr.Dataset, scaling: str, metric: Metric) -> str:
    """Name the best method at full size, and its paired difference to the plain ensemble or to the next best."""
    size = full_size(dataset)
    place = {SCALING: scaling, METRIC: metric.name, SIZE: size}
    values = {name: float(dataset["value"].sel({**place, METHOD: name})) for name in labels_of(dataset, METHOD)}
    first = best(metric, values)
    if first is None:
        return f"{metric.heading}: no numbers."
    told = (
        f"{metric.heading} with {size} members is best for {method_named(first).label}: {metric.shown(values[first])}"
    )
    second = PLAIN if first != PLAIN else best(metric, {name: one for name, one in values.items() if name != first})
    if second is None:
        return f"{told}."
    change = paired_change(dataset, metric, {**place, METHOD: first, METHOD_OTHER: second})
    if change is None:
        return f"{told}."
    return f"{told}; its difference to {method_named(second).label} is {told_difference(change)}."


NEED = Need(STEP, ("value",))
FIGURE = FigureKind(NAME, TITLE, (NEED,), compute)
SCALED_FIGURE = FigureKind(
    SCALED_NAME,
    SCALED_TITLE,
    (NEED, Need(STEP, ("value",), labels={SCALING: "scaled"})),
    partial(compute, scaling="scaled"),
)
