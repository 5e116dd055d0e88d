"""What the figures of the frontier share: metrics as they are shown, names and colours of methods, the largest size."""

import json
from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr
from jaxtyping import Float

from modescape.core.axes import METHOD, METRIC, SCALING, SIZE
from modescape.report.colors import NUM_SERIES
from modescape.report.figures.compared import cut, labels_of
from modescape.report.metrics import Metric, metric_named

STEP: Final = "frontier"
DIMS: Final = (SCALING, METHOD, SIZE, METRIC)
REFERENCE: Final = "independent"
AUROC: Final = Metric("auroc", "AUROC", decimals=4, higher_is_better=True)
SHOWN: Final = ("accuracy", "nll", "brier", "auroc")
"""The metrics that are drawn. The ECE is in the tables: a useless constant answer can have the best."""
FAR: Final = 4.0
FEWEST: Final = 5
"""Methods from which on one can lie far off the others."""
RANKED_BY: Final = "nll"
"""The metric by which methods are put in order."""


def shown_metrics(dataset: xr.Dataset) -> list[Metric]:
    """Return the metrics that are drawn, of those that were measured."""
    present = [name for name in SHOWN if name in labels_of(dataset, METRIC)]
    finite = [name for name in present if np.isfinite(dataset["value"].sel({METRIC: name}).values).any()]
    return [AUROC if name == AUROC.name else metric_named(name) for name in finite]


def scaling_of(dataset: xr.Dataset, metric: str) -> str:
    """Return which probabilities a metric is shown of: scaled ones where there are some, for accuracy the raw ones.

    >>> scaling_of(xr.Dataset(coords={"scaling": ["raw", "scaled"]}), "nll")
    'scaled'
    """
    return "scaled" if metric != "accuracy" and "scaled" in labels_of(dataset, SCALING) else "raw"


def heading_of(dataset: xr.Dataset, metric: Metric) -> str:
    """Return the heading of a panel: the metric, and whether a temperature was fitted."""
    return f"{metric.heading}{', scaled' if scaling_of(dataset, metric.name) == 'scaled' else ''}"


def told_scaling(dataset: xr.Dataset) -> str:
    """Say what temperatures were fitted to, or nothing where there are none."""
    if "scaled" not in labels_of(dataset, SCALING):
        return ""
    number = dataset.attrs.get("num_validation")
    on = f"{number:,} validation examples" if number else "validation examples"
    return f" NLL, Brier score and AUROC are those after scaling by a temperature, fitted on {on}."


def titles_of(dataset: xr.Dataset) -> dict[str, str]:
    """Return the names of methods for a reader."""
    told: Mapping[str, str] = json.loads(dataset.attrs.get("titles") or "{}")
    return {name: told.get(name, name) for name in labels_of(dataset, METHOD)}


def values_of(dataset: xr.Dataset, name: str, method: str, metric: Metric) -> Float[np.ndarray, "size"]:
    """Return a variable of one method over sizes, in the unit a reader knows; NaN where it was not stored."""
    place = {SCALING: scaling_of(dataset, metric.name), METHOD: method, METRIC: metric.name}
    values = cut(dataset, name, place, scale=metric.scale)
    return np.full(dataset.sizes[SIZE], np.nan) if values is None else values


def largest_size(dataset: xr.Dataset) -> int:
    """Return the largest size that the reference has, or any method where there is no reference."""
    value = dataset["value"]
    chosen = value.sel({METHOD: [REFERENCE]}) if REFERENCE in labels_of(dataset, METHOD) else value
    finite = np.isfinite(chosen.transpose(SIZE, ...).values).reshape(chosen.sizes[SIZE], -1).any(axis=1)
    sizes = chosen[SIZE].values
    return int(sizes[finite].max() if finite.any() else sizes.max())


def ranked(dataset: xr.Dataset) -> list[str]:
    """Return the methods from the best NLL at the largest size to the worst; those without that size come last."""
    metric = metric_named(RANKED_BY)
    place = dataset[SIZE].values.tolist().index(largest_size(dataset))
    values = {name: values_of(dataset, "value", name, metric)[place] for name in labels_of(dataset, METHOD)}
    return sorted(values, key=lambda name: (not np.isfinite(values[name]), values[name]))


def recommended_of(dataset: xr.Dataset) -> tuple[str, int] | None:
    """Return the recommended method and size, or None where none is stored."""
    method, size = dataset.attrs.get("recommended_method"), dataset.attrs.get("recommended_size")
    known = method in labels_of(dataset, METHOD) and size in dataset[SIZE].values
    return (str(method), int(size)) if known and size is not None else None


def series_of(dataset: xr.Dataset) -> dict[str, int | None]:
    """Return the series of each method: the reference, the recommended one and the next best have colours.

    With more methods than colours, the others are grey, as some among many.
    """
    found = recommended_of(dataset)
    first = [REFERENCE, *([found[0]] if found else [])]
    names = [name for name in dict.fromkeys([*first, *ranked(dataset)]) if name in labels_of(dataset, METHOD)]
    return {name: place if place < NUM_SERIES else None for place, name in enumerate(names)}


def far_off(dataset: xr.Dataset, metric: Metric) -> list[str]:
    """Return the methods that lie so far from the reference that they would squeeze all others to a line.

    Those whose largest distance from the reference is over 4 times that of three quarters of the methods.
    """
    reference = values_of(dataset, "value", REFERENCE, metric) if REFERENCE in labels_of(dataset, METHOD) else None
    if reference is None:
        return []
    apart = {name: np.abs(values_of(dataset, "value", name, metric) - reference) for name in labels_of(dataset, METHOD)}
    largest = {name: float(np.nanmax(gaps)) for name, gaps in apart.items() if np.isfinite(gaps).any()}
    usual = [gap for name, gap in largest.items() if name != REFERENCE]
    if len(usual) < FEWEST:
        return []
    bound = FAR * float(np.quantile(usual, 0.75))
    return [name for name, gap in largest.items() if gap > bound > 0]


def told_far(dataset: xr.Dataset, metrics: list[Metric]) -> tuple[str, ...]:
    """Say which methods are not drawn, and where they lie."""
    titles, place = titles_of(dataset), dataset[SIZE].values.tolist().index(largest_size(dataset))
    told = []
    for metric in metrics:
        values = {name: values_of(dataset, "value", name, metric)[place] for name in far_off(dataset, metric)}
        told += [f"{titles[name]} ({metric.label} {value:.{metric.decimals}f})" for name, value in values.items()]
    return (f"Too far off to be drawn, at the largest budget: {', '.join(told)}.",) if told else ()


def budgets_of(dataset: xr.Dataset, method: str) -> Float[np.ndarray, "size"]:
    """Return the training budgets of a method at each size, in trainings of one network."""
    sizes = dataset[SIZE].values.astype(np.float64)
    training, epochs = cut(dataset, "training", {METHOD: method}), dataset.attrs.get("epochs")
    if training is None or not epochs:
        return sizes
    return np.where(np.isfinite(training), training / float(epochs), sizes)
