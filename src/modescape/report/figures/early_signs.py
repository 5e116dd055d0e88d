"""Could a bad run have been abandoned early? How early measures order runs, against how they end."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import MEASURE, SCOPE, STAGE
from modescape.report.drawables import Drawing, IntervalRow, Intervals, Reference, long_table
from modescape.report.figures.cells import OUTCOME, SHAPES, last_stage, measures_of, told_stage
from modescape.report.figures.compared import labels_of, with_ends
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.inputs import confidence_of, variable

NAME: Final = "early-signs"
TITLE: Final = "Could a bad run have been abandoned early?"
DIMS: Final = (SCOPE, MEASURE, STAGE)
COLUMNS: Final = ["correlation", "correlation_low", "correlation_high", "concordance", "num_runs"]


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return how each measure ranks runs before the end, as correlation and as the share of pairs in order.

    Source: Kendall (1938), https://doi.org/10.1093/biomet/30.1-2.81, for the share of pairs in order; the correlation
    is Spearman's.
    """
    variable(results, SHAPES, "correlation", DIMS)
    dataset = results[SHAPES]
    stages = [stage for stage in labels_of(dataset, STAGE) if stage != last_stage(dataset)]
    panels = [_correlations(dataset, stage) for stage in stages]
    panels += [_concordances(dataset, stage) for stage in stages[:1]]
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            "Each row is one measure taken before the end of training: its rank correlation with the test accuracy at "
            f"the end, with its {confidence_of(results, SHAPES)} bootstrap interval over runs; and the share of pairs "
            "of runs that it puts in the order in which they end. Below 50 % it reverses their order."
        ),
        look_for=(
            "Look for whiskers away from 0. Within cells runs differ by chance alone, and that is where one run is "
            "judged; across cells a measure may only tell the settings apart."
        ),
        panels=tuple(panel for panel in panels if panel.rows),
        table=long_table(dataset, COLUMNS),
        found=tuple(_found(dataset, stages)),
    )


def _rows(dataset: xr.Dataset, name: str, stage: str) -> list[IntervalRow]:
    """Return one row for each measure and scope that was measured."""
    rows = []
    for scope in labels_of(dataset, SCOPE):
        for series, measure in enumerate(measures_of(dataset)):
            place = {SCOPE: scope, MEASURE: measure.name, STAGE: stage}
            value, low, high = with_ends(dataset, name, place)
            if np.isfinite(value):
                rows.append(IntervalRow(measure.label, value, low, high, series, scope))
    return rows


def _correlations(dataset: xr.Dataset, stage: str) -> Intervals:
    """Return the rank correlations at one stage."""
    rows = _rows(dataset, "correlation", stage)
    return Intervals(
        title=f"Rank correlation, {told_stage(dataset, stage)}",
        alt=f"Rank correlation of {stage} measures with the accuracy at the end: {_told(rows)}.",
        rows=tuple(rows),
        x_label="Spearman correlation with the test accuracy at the end",
        marks=(Reference("no relation", 0.0),),
        decimals=2,
    )


def _concordances(dataset: xr.Dataset, stage: str) -> Intervals:
    """Return the shares of pairs in order at one stage, in percent."""
    rows = [] if "concordance" not in dataset else _rows(100.0 * dataset[["concordance"]], "concordance", stage)
    return Intervals(
        title=f"Pairs in order, {told_stage(dataset, stage)}",
        alt=f"Share of pairs of runs that {stage} measures order as they end, in percent: {_told(rows)}.",
        rows=tuple(rows),
        x_label="pairs of runs in the order of the end (%)",
        marks=(Reference("a coin", 50.0),),
        decimals=0,
    )


def _told(rows: list[IntervalRow]) -> str:
    """Say the number of each row."""
    return ", ".join(f"{row.group}, {row.name} {row.told(2)}" for row in rows) or "no numbers"


def _found(dataset: xr.Dataset, stages: list[str]) -> list[str]:
    """Say which measure goes best with the end at the first stage, in each scope."""
    sentences = []
    for scope in labels_of(dataset, SCOPE) if stages else []:
        # The outcome itself, earlier, is what is told from the other measures and none of them.
        named = dataset.drop_sel({MEASURE: [OUTCOME]}, errors="ignore")
        rows = [row for row in _rows(named, "correlation", stages[0]) if row.group == scope]
        if not rows:
            continue
        best = max(rows, key=lambda row: abs(row.value))
        clear = best.has_interval and (best.low > 0 or best.high < 0)
        sentences.append(
            f"{scope[0].upper()}{scope[1:]}, the {stages[0]} measure other than test accuracy that goes most with the "
            f"end is {best.name}: "
            f"{best.told(2)}{'' if clear else ', which is not clear of 0'}. "
            f"It is the best of {len(rows)}, so its interval flatters it."
        )
    return sentences


FIGURE = FigureKind(NAME, TITLE, (Need(SHAPES, ("correlation",), {STAGE: 2}),), compute)
