"""Landscapes side by side: each measure of the minima of each combination of data, network and training."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import CELL, MEASURE, STAGE
from modescape.report.drawables import Drawing, IntervalRow, Intervals, Line, Lines, long_table
from modescape.report.figures.cells import (
    SHAPES,
    in_groups,
    last_stage,
    measures_of,
    numbers_at,
    told_by_heading,
    told_stage,
)
from modescape.report.figures.compared import cut, labels_of, with_ends
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.figures.members import asks_for_log, span_of
from modescape.report.inputs import confidence_of, variable
from modescape.report.measures import axis_of
from modescape.report.metrics import Metric

NAME: Final = "shapes"
TITLE: Final = "Is the landscape the same everywhere?"
STAGES_NAME: Final = "shapes-stages"
STAGES_TITLE: Final = "How do landscapes change during training?"
DIMS: Final = (MEASURE, CELL, STAGE)


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return one panel for each measure: the mean over members in each cell at the end of training."""
    variable(results, SHAPES, "mean", DIMS)
    dataset, stage = results[SHAPES], last_stage(results[SHAPES])
    panels = [_panel(dataset, measure, stage) for measure in measures_of(dataset)]
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            f"Each row is one combination of settings, {told_stage(dataset, stage)} in training: the mean over "
            f"members, which are the small dots, with its {confidence_of(results, SHAPES)} interval over members."
        ),
        look_for=(
            "Look at one measure at a time and whether rows of one kind lie together: width and eigenvalues of "
            "different tasks or networks need not be the same, nor order them alike."
        ),
        panels=tuple(panel for panel in panels if panel.rows),
        table=long_table(dataset, ["mean", "low", "high", "value"]),
        found=tuple(_found(dataset)),
    )


def _panel(dataset: xr.Dataset, measure: Metric, stage: str) -> Intervals:
    """Return one row for each cell that was measured."""
    rows = []
    for series, (heading, cell, name) in enumerate(in_groups(dataset)):
        place = {MEASURE: measure.name, CELL: cell, STAGE: stage}
        value, low, high = (measure.scale * end for end in _ends(dataset, place))
        dots = measure.scale * numbers_at(dataset, "value", place)
        if np.isfinite(value):
            rows.append(IntervalRow(name, value, low, high, series, heading, dots))
    spans = np.array([end for row in rows for end in (row.value, row.low, row.high)])
    dots = np.concatenate([row.dots for row in rows if row.dots is not None] or [np.array([])])
    log = asks_for_log(spans, dots)
    told = told_by_heading([(row.group, f"{row.name} {row.told(measure.decimals)}") for row in rows])
    return Intervals(
        title=measure.heading,
        alt=f"{measure.heading} of each combination of settings: {told or 'no numbers'}.",
        rows=tuple(rows),
        x_label=f"{axis_of(measure)}{', logarithmic' if log else ''}",
        decimals=measure.decimals,
        log_x=log,
    )


def _ends(dataset: xr.Dataset, place: Mapping[str, str]) -> tuple[float, float, float]:
    """Return a mean and the ends of its interval, which are called `low` and `high`."""
    named = dataset[[name for name in ("mean", "low", "high") if name in dataset]]
    return with_ends(named.rename({name: f"mean_{name}" for name in ("low", "high") if name in named}), "mean", place)


def compute_stages(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return one panel for each measure: a line for each cell over the stages of training.

    Lines have no bands: intervals over a few members are wider than the distances between lines.
    """
    variable(results, SHAPES, "mean", DIMS)
    dataset = results[SHAPES]
    panels = [_over_stages(dataset, measure) for measure in measures_of(dataset)]
    stages = ", ".join(told_stage(dataset, stage) for stage in labels_of(dataset, STAGE))
    return Drawing(
        name=STAGES_NAME,
        title=STAGES_TITLE,
        shows=(
            f"Each line is one combination of settings: the mean over its members at {stages}. The "
            f"{confidence_of(results, SHAPES)} interval of each point is in the data."
        ),
        look_for=(
            "Look whether lines cross: where they do not, the landscape that a run ends in shows from the beginning."
        ),
        panels=tuple(panel for panel in panels if panel.lines),
        table=long_table(dataset, ["mean", "low", "high"]),
    )


def _over_stages(dataset: xr.Dataset, measure: Metric) -> Lines:
    """Return one line for each cell over the epochs of its stages."""
    lines = []
    for series, cell in enumerate(cell for _, cell, _ in in_groups(dataset)):
        place = {MEASURE: measure.name, CELL: cell}
        mean = cut(dataset, "mean", place, scale=measure.scale)
        if mean is not None and np.isfinite(mean).any():
            lines.append(Line(cell, _epochs(dataset, cell), mean, series=series))
    values = np.concatenate([line.y for line in lines] or [np.array([])])
    return Lines(
        title=measure.heading,
        alt=f"{measure.heading} of {len(lines)} combinations of settings over training: "
        f"{span_of(values, measure.decimals)}.",
        lines=tuple(lines),
        x_label="epochs trained" if "stage_epoch" in dataset else "stage of training",
        y_label=axis_of(measure),
        log_y=asks_for_log(values),
        decimals=measure.decimals,
    )


def _epochs(dataset: xr.Dataset, cell: str) -> np.ndarray:
    """Return the epochs of the stages, which cells may have of their own; the number of each where none is stored."""
    if "stage_epoch" not in dataset:
        return np.arange(1.0, dataset.sizes[STAGE] + 1.0)
    epochs = dataset["stage_epoch"]
    return (epochs.sel({CELL: cell}) if CELL in epochs.dims else epochs).values.astype(np.float64)


def _found(dataset: xr.Dataset) -> list[str]:
    """Say which cells have the widest and the narrowest minima, and the highest and the lowest accuracy."""
    told = []
    for measure in measures_of(dataset):
        if measure.name not in ("width", "test_accuracy"):
            continue
        rows = [row for row in _panel(dataset, measure, last_stage(dataset)).rows if np.isfinite(row.value)]
        if len(rows) > 1:
            ends = [pick(rows, key=lambda row: row.value) for pick in (min, max)]
            low, high = (f"{row.told(measure.decimals)} ({_whole(row)})" for row in ends)
            told.append(f"{measure.heading} ({measure.unit}) goes from {low} to {high}.")
    return told


def _whole(row: IntervalRow) -> str:
    """Return the name of a row with its heading."""
    return ", ".join(part for part in (row.group, row.name) if part)


FIGURE = FigureKind(NAME, TITLE, (Need(SHAPES, ("mean",)),), compute)
STAGES_FIGURE = FigureKind(STAGES_NAME, STAGES_TITLE, (Need(SHAPES, ("mean",), {STAGE: 2}),), compute_stages)
