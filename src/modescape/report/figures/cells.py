"""What figures on the shapes of landscapes share: their measures, cells and stages in words."""

from collections.abc import Mapping
from itertools import groupby
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import CELL, FACTOR, MEASURE, STAGE
from modescape.report.figures.compared import labels_of
from modescape.report.measures import MEASURES, measure_named
from modescape.report.metrics import Metric

SHAPES: Final = "shapes"
OUTCOME: Final = "test_accuracy"
"""How a run ended, at the last stage."""
LAST: Final = "late"
"""The stage in which minima are compared; where there is none of that name, the last."""


def measures_of(dataset: xr.Dataset) -> list[Metric]:
    """Return the measures of a dataset in the order they are shown, those we don't know last."""
    given, known = labels_of(dataset, MEASURE), list(MEASURES)
    names = sorted(given, key=lambda name: known.index(name) if name in known else len(known))
    return [measure_named(name) for name in names]


def last_stage(dataset: xr.Dataset) -> str:
    """Return the stage in which minima are compared."""
    stages = labels_of(dataset, STAGE)
    return LAST if LAST in stages else stages[-1]


def told_stage(dataset: xr.Dataset, stage: str) -> str:
    """Return a stage with its epoch where that is stored.

    >>> told_stage(xr.Dataset({"stage_epoch": ("stage", [2])}, coords={"stage": ["early"]}), "early")
    'early (epoch 2)'
    """
    if "stage_epoch" not in dataset or dataset["stage_epoch"].dims != (STAGE,):
        return stage
    return f"{stage} (epoch {float(dataset['stage_epoch'].sel({STAGE: stage})):g})"


def in_groups(dataset: xr.Dataset) -> list[tuple[str, str, str]]:
    """Return each cell with the heading that it stands under and its name there, cells of one heading together.

    The heading is the value of the first factor where there are several; else cells stand under none.
    """
    cells, factors = labels_of(dataset, CELL), labels_of(dataset, FACTOR)
    if "level" not in dataset or len(factors) < 2:
        return [("", cell, cell) for cell in cells]
    levels = [[str(level) for level in row] for row in dataset["level"].transpose(CELL, FACTOR).values]
    named = [
        (_told(factors[0], row[0]), cell, ", ".join(map(_told, factors[1:], row[1:])))
        for cell, row in zip(cells, levels, strict=True)
    ]
    order = list(dict.fromkeys(heading for heading, _, _ in named))
    return sorted(named, key=lambda one: order.index(one[0]))


def _told(factor: str, level: str) -> str:
    """Write the value of a factor; data and networks are told by their name alone.

    >>> _told("data", "mnist"), _told("skip", "true")
    ('mnist', 'skip=true')
    """
    return level if factor in ("data", "model") else f"{factor}={level}"


def told_by_heading(named: list[tuple[str, str]]) -> str:
    """Say texts under their headings.

    >>> told_by_heading([("mnist", "a 1"), ("mnist", "b 2"), ("cifar10", "a 3")])
    'mnist: a 1, b 2; cifar10: a 3'
    """
    parts = []
    for heading, texts in groupby(named, key=lambda one: one[0]):
        parts.append(f"{f'{heading}: ' if heading else ''}{', '.join(text for _, text in texts)}")
    return "; ".join(parts)


def numbers_at(dataset: xr.Dataset, name: str, labels: Mapping[str, str]) -> np.ndarray:
    """Return the finite numbers of a variable at some labels, none where it is not stored."""
    if name not in dataset:
        return np.array([])
    values = np.ravel(dataset[name].sel(labels).values).astype(np.float64)
    return values[np.isfinite(values)]
