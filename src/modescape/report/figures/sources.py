"""Where the difference between two runs comes from: their start, the order of their data, or dropout."""

from collections.abc import Mapping
from itertools import product
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import INITIALISATION, NOISE, ORDER
from modescape.report.drawables import Drawing, IntervalRow, Intervals, long_table
from modescape.report.figures.compared import labels_of, with_ends
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.inputs import confidence_of, variable

NAME: Final = "sources"
TITLE: Final = "Where does the difference between runs come from?"
STEP: Final = "sources"
DIMS: Final = (INITIALISATION, ORDER, NOISE)
GROUPS: Final = {"off": "without dropout", "on": "with dropout"}
WORDS: Final = {"different": "new"}
SCALES: Final = {"disagreement": 100.0, "cosine": 1.0}
COLUMNS: Final = ["disagreement", "disagreement_low", "disagreement_high", "cosine", "num_pairs", "accuracy"]


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return disagreement and weight cosine of pairs of runs, by what they share."""
    variable(results, STEP, "disagreement", DIMS)
    dataset = results[STEP]
    epochs = dataset.attrs.get("epochs")
    panels = [
        _panel(dataset, "disagreement", "Disagreement", "disagreement (% of examples)", 2),
        _panel(dataset, "cosine", "Weight cosine", "cosine of the weights", 3),
    ]
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            f"Each row is pairs of runs{f' of {epochs} epochs' if epochs else ''} that share their first weights or "
            f"the order of their data, or neither; the whisker is the {confidence_of(results, STEP)} interval over "
            "examples."
        ),
        look_for=(
            "Look at the row where only the order differs: if it is as far right as the last, another start adds "
            "nothing to what another order brings to the answers, however near the weights stay."
        ),
        panels=tuple(panel for panel in panels if panel.rows),
        table=long_table(dataset, COLUMNS),
        found=tuple(_found(dataset)),
    )


def _panel(dataset: xr.Dataset, name: str, title: str, x_label: str, decimals: int) -> Intervals:
    """Return one row for each way to share, in one group without and one with dropout."""
    rows = []
    for noise in labels_of(dataset, NOISE):
        for start, order in product(labels_of(dataset, INITIALISATION), labels_of(dataset, ORDER)):
            value, low, high = with_ends(dataset, name, _place((start, order, noise)), scale=SCALES[name])
            series = 2 * (start == "different") + (order == "different")
            if np.isfinite(value):
                rows.append(IntervalRow(_words(start, order), value, low, high, series, GROUPS.get(noise, noise)))
    told = "; ".join(f"{row.group}, {row.name}: {row.told(decimals)}" for row in rows)
    return Intervals(
        title=title,
        alt=f"{title} of pairs of runs: {told or 'no numbers'}.",
        rows=tuple(rows),
        x_label=x_label,
        decimals=decimals,
    )


def _words(start: str, order: str) -> str:
    """Say what two runs share."""
    return f"{WORDS.get(start, start)} start, {WORDS.get(order, order)} order"


def _place(cell: tuple[str, str, str]) -> dict[str, str]:
    """Return the labels of a cell by dimension."""
    return {str(dim): label for dim, label in zip(DIMS, cell, strict=True)}


def _found(dataset: xr.Dataset) -> list[str]:
    """Say what each source brings alone, against all together."""
    wanted = {
        "another order of the data alone": ("same", "different", "off"),
        "another start alone": ("different", "same", "off"),
        "dropout alone": ("same", "same", "on"),
        "all together": ("different", "different", "on"),
    }
    present = {name: cell for name, cell in wanted.items() if _has(dataset, cell)}
    values = {
        name: with_ends(dataset, "disagreement", _place(cell), scale=SCALES["disagreement"])
        for name, cell in present.items()
    }
    shown = [f"{name} {IntervalRow('', *ends).told(1)} %" for name, ends in values.items() if np.isfinite(ends[0])]
    return [f"Disagreement by {', '.join(shown)}."] if shown else []


def _has(dataset: xr.Dataset, cell: tuple[str, str, str]) -> bool:
    """Say whether there is such a cell."""
    return all(label in labels_of(dataset, dim) for dim, label in _place(cell).items())


FIGURE = FigureKind(NAME, TITLE, (Need(STEP, ("disagreement",)),), compute)
