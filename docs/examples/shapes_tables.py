"""The tables of the example `shapes`: measures of each combination of settings, what settings change, early signs."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from paper_tables import interval, table

from modescape.report.measures import MEASURES

SHAPES = "shapes"
SHOWN = ("test_accuracy", "train_loss", "width", "top_eigenvalue", "trace", "sharpness")
"""Measures in the tables of cells and changes; the figures show all."""


def tables(shapes: xr.Dataset) -> dict[str, str]:
    """Return all tables by their headings."""
    return {
        "At the end of training": _cells(shapes),
        "What each setting changes, at the end": _effects(shapes),
        "Early signs": _early(shapes),
    }


def _columns(shapes: xr.Dataset) -> list[str]:
    """Return the measures that there are, in the order of the figures."""
    return [name for name in SHOWN if name in shapes["measure"].to_numpy()]


def _cells(shapes: xr.Dataset) -> str:
    """Return each measure of each cell, with its interval over members."""
    last = shapes["stage"].to_numpy()[-1]
    rows = []
    for cell in shapes["cell"].to_numpy().tolist():
        here = {"cell": cell, "stage": last}
        rows.append([cell, *(_number(shapes, "mean", {**here, "measure": name}) for name in _columns(shapes))])
    about = f"Means over {shapes.sizes['member']} members, with {_level(shapes)} intervals over members."
    return f"{about}\n\n{table(['cell', *map(_heading, _columns(shapes))], rows)}"


def _effects(shapes: xr.Dataset) -> str:
    """Return what each change of one setting does to each measure."""
    last = shapes["stage"].to_numpy()[-1]
    rows = []
    for contrast in shapes["contrast"].to_numpy().tolist():
        here = {"contrast": contrast, "stage": last}
        rows.append([contrast, *(_number(shapes, "effect", {**here, "measure": name}) for name in _columns(shapes))])
    about = "Second value minus first, all other settings alike; paired intervals."
    return f"{about}\n\n{table(['change', *map(_heading, _columns(shapes))], rows)}"


def _early(shapes: xr.Dataset) -> str:
    """Return how each early measure orders runs, against how they end."""
    first = shapes["stage"].to_numpy()[0]
    rows = []
    for name in (name for name in MEASURES if name in shapes["measure"].to_numpy()):
        cells = []
        for scope in shapes["scope"].to_numpy().tolist():
            here = {"scope": scope, "measure": name, "stage": first}
            share = float(shapes["concordance"].sel(here))
            ordered = f"{100 * share:.0f}" if np.isfinite(share) else ""
            cells += [interval(shapes, "correlation", here, decimals=2), ordered]
        rows.append([MEASURES[name].label, *cells])
    heads = [head for scope in shapes["scope"].to_numpy().tolist() for head in (scope, "pairs in order (%)")]
    about = (
        f"Spearman's rank correlation of the {first} measure with the test accuracy at the end, with a "
        f"{_level(shapes)} bootstrap interval over runs."
    )
    return f"{about}\n\n{table(['measure', *heads], rows)}"


def _level(shapes: xr.Dataset) -> str:
    """Return the confidence of the intervals."""
    return f"{100 * shapes.attrs['confidence']:g} %"


def _heading(name: str) -> str:
    """Return a measure with its unit."""
    measure = MEASURES[name]
    return f"{measure.label} ({measure.unit})" if measure.unit else measure.label


def _number(shapes: xr.Dataset, name: str, place: Mapping[Any, Any]) -> str:
    """Return a number with its interval, in the unit of its measure."""
    measure = MEASURES[place["measure"]]
    named = shapes.rename({"low": "mean_low", "high": "mean_high"})
    return interval(named, name, place, measure.scale, measure.decimals, sign="+" if name == "effect" else "")
