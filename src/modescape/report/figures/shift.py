"""What corruption does: metrics against its intensity."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import CORRUPTION, INTENSITY, METHOD, METRIC, SIZE
from modescape.report.drawables import Drawing, Line, Lines, long_table
from modescape.report.figures.compared import cut, labels_of
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.inputs import confidence_of, variable
from modescape.report.methods import in_order, method_named
from modescape.report.metrics import METRICS, Metric, metric_named

NAME: Final = "shift"
TITLE: Final = "What does corruption do to each predictor?"
STEP: Final = "shift"
PLAIN: Final = "independent"
BY_INTENSITY: Final = (METHOD, SIZE, METRIC, INTENSITY)
OF_MEMBERS: Final = "jensen_shannon"
"""A metric that several predictions have and one has not."""


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return one panel for each metric: the mean over corruptions, against their intensity.

    Source: Fort, Hu and Lakshminarayanan (2019), section 5, https://arxiv.org/abs/1912.02757, on the corruptions of
    Hendrycks and Dietterich (2019), https://arxiv.org/abs/1903.12261.
    """
    variable(results, STEP, "value", BY_INTENSITY)
    dataset = results[STEP]
    panels = [_panel(dataset, metric_named(name)) for name in labels_of(dataset, METRIC)]
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            f"Each line is a mean over {told_corruptions(dataset)}, by their intensity from 0 (none) to 5. Independent "
            f"solutions are an ensemble of {full_size(dataset)}, with its {confidence_of(results, STEP)} interval over "
            "examples; all else is made of one member, but for the Jensen-Shannon divergence, which takes several."
        ),
        look_for=(
            "Look at how far the ensemble stays from what one solution reaches with its weight average or with samples "
            "around it, and whether the distance grows."
        ),
        panels=tuple(panel for panel in panels if panel.lines),
        table=long_table(dataset, ["value", "low", "high"]),
        found=_found(dataset),
    )


def full_size(dataset: xr.Dataset) -> int:
    """Return the largest number of members."""
    return int(dataset[SIZE].values.max())


def told_corruptions(dataset: xr.Dataset) -> str:
    """Say over how many corruptions a mean goes, where they are from, and how many examples they change."""
    number = dataset.sizes.get(CORRUPTION)
    kinds = f"{number} corruptions" if number else "corruptions"
    source = dataset.attrs.get("source")
    examples = dataset.attrs.get("num_examples")
    words = [f"made {source}" if source == "on the fly" else f"from {source}"] if source else []
    words += [f"of {examples:,} test examples"] if examples else []
    return f"{kinds} ({' '.join(words)})" if words else kinds


def _panel(dataset: xr.Dataset, metric: Metric) -> Lines:
    """Return the ensemble, one member, and what is made of one member alone."""
    size = full_size(dataset)
    of_members = metric.name == OF_MEMBERS
    lines = []
    for method in in_order(labels_of(dataset, METHOD)):
        sizes = [size] if of_members or method.name == PLAIN else [1]
        lines += [_line(dataset, metric, method.name, one) for one in sizes]
    if not of_members and size > 1:
        lines.insert(0, _line(dataset, metric, PLAIN, 1))
    drawn = [line for line in lines if np.isfinite(line.y).any()]
    told = ", ".join(f"{line.name} {metric.shown(line.y[-1] / metric.scale)}" for line in drawn)
    return Lines(
        title=metric.heading,
        alt=f"{metric.label} against the intensity of corruptions; at the highest: {told or 'no numbers'}.",
        lines=tuple(drawn),
        x_label="intensity of corruption",
        y_label=metric.axis_label,
        decimals=metric.decimals,
    )


def _line(dataset: xr.Dataset, metric: Metric, name: str, size: int) -> Line:
    """Return the line of one predictor; where it lacks, a line without a number."""
    method, x = method_named(name), dataset[INTENSITY].values.astype(np.float64)
    nothing = np.full(len(x), np.nan)
    if name not in dataset[METHOD].values or size not in dataset[SIZE].values:
        return Line(method.label, x, nothing)
    place = {METHOD: name, SIZE: size, METRIC: metric.name}
    value, low, high = (cut(dataset, end, place, scale=metric.scale) for end in ("value", "low", "high"))
    value = nothing if value is None else value
    if name == PLAIN and size == 1:
        return Line("one member", x, value, series=None, dashed=True)
    ends = (low, high) if name == PLAIN else (None, None)
    return Line(method.label, x, value, *ends, series=method.series)


def _found(dataset: xr.Dataset) -> tuple[str, ...]:
    """Say what the strongest corruptions leave of one member and of the ensemble."""
    size, last = full_size(dataset), dataset[INTENSITY].values[-1]
    sentences = []
    for metric in (METRICS["accuracy"], METRICS["nll"]):
        lines = (
            [_line(dataset, metric, PLAIN, one) for one in (1, size)] if metric.name in dataset[METRIC].values else []
        )
        one, full = (metric.shown(line.y[-1] / metric.scale) for line in lines) if lines else ("", "")
        if lines and np.isfinite([line.y[-1] for line in lines]).all():
            sentences.append(f"{metric.heading} at intensity {last}: {one} with one member, {full} with {size}.")
    return tuple(sentences)


FIGURE = FigureKind(NAME, TITLE, (Need(STEP, ("value",)),), compute)
