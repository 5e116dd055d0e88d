"""What each factor does to the landscape: paired differences between two of its values."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import CONTRAST, MEASURE, STAGE
from modescape.report.drawables import Drawing, IntervalRow, Intervals, Reference, long_table
from modescape.report.figures.cells import SHAPES, last_stage, measures_of, told_stage
from modescape.report.figures.compared import labels_of, told_difference, with_ends
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.inputs import confidence_of, variable
from modescape.report.metrics import Metric

NAME: Final = "effects"
TITLE: Final = "What changes the landscape?"
DIMS: Final = (MEASURE, CONTRAST, STAGE)
TOLD: Final = ("width", "top_eigenvalue", "test_accuracy")
"""The measures whose changes are told."""


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return one panel for each measure: what each change of one factor does to it, at each stage."""
    variable(results, SHAPES, "effect", DIMS)
    dataset = results[SHAPES]
    panels = [_panel(dataset, measure) for measure in measures_of(dataset)]
    stages = ", ".join(told_stage(dataset, stage) for stage in labels_of(dataset, STAGE))
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            "Each group of rows changes one setting and leaves all others as they are; each row is the mean "
            f"difference, second value minus first, at {stages}. Whiskers are paired {confidence_of(results, SHAPES)} "
            "intervals over members and matched combinations."
        ),
        look_for=(
            "Look for whiskers that do not cross the line at 0. There are many rows, and one in twenty misses it by "
            "chance: trust what all stages and related measures show."
        ),
        panels=tuple(panel for panel in panels if panel.rows),
        table=long_table(dataset, ["effect", "effect_low", "effect_high"]),
        found=tuple(_found(dataset)),
    )


def _panel(dataset: xr.Dataset, measure: Metric) -> Intervals:
    """Return one row for each change and stage that was measured."""
    rows = []
    for contrast in labels_of(dataset, CONTRAST):
        for series, stage in enumerate(labels_of(dataset, STAGE)):
            place = {MEASURE: measure.name, CONTRAST: contrast, STAGE: stage}
            value, low, high = with_ends(dataset, "effect", place, scale=measure.scale)
            if np.isfinite(value):
                rows.append(IntervalRow(stage, value, low, high, series, contrast))
    told = ", ".join(f"{row.group}, {row.name} {row.told(measure.decimals)}" for row in rows)
    unit = f" ({measure.change_unit})" if measure.change_unit else ""
    return Intervals(
        title=measure.heading,
        alt=f"Change of {measure.label}{unit} with each setting: {told or 'no numbers'}.",
        rows=tuple(rows),
        x_label=f"change of {measure.label}{unit}",
        marks=(Reference("no change", 0.0),),
        decimals=measure.decimals,
    )


def _found(dataset: xr.Dataset) -> list[str]:
    """Say what each change does at the end of training."""
    stage, sentences = last_stage(dataset), []
    for contrast in labels_of(dataset, CONTRAST):
        told = []
        for measure in measures_of(dataset):
            place = {MEASURE: measure.name, CONTRAST: contrast, STAGE: stage}
            value, low, high = with_ends(dataset, "effect", place)
            if measure.name in TOLD and np.isfinite(value):
                told.append(f"{measure.label} {told_difference(measure.change(value, low, high))}")
        sentences += [f"{contrast}, {stage}: {'; '.join(told)}."] if told else []
    return sentences


FIGURE = FigureKind(NAME, TITLE, (Need(SHAPES, ("effect",)),), compute)
