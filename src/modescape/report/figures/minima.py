"""Depth against width: are the deep minima the wide ones, and do the wide ones do better on new examples?"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import MEMBER
from modescape.report.colors import NUM_SERIES
from modescape.report.drawables import Drawing, Line, PointGroup, Scatter, long_table
from modescape.report.figures.compared import cut, labels_of
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.figures.members import span_of
from modescape.report.inputs import confidence_of, variable
from modescape.report.series import series_symbol
from modescape.report.verdicts import Number, Verdict, side

NAME: Final = "minima"
TITLE: Final = "Are the deep minima the wide ones?"
MINIMA: Final = "minima"
WIDTH_LABEL: Final = "width (filter norms)"
PANELS: Final = {
    "depth": ("Training loss", "training loss (nats)", 1.0, 4),
    "accuracy": ("Test accuracy", "test accuracy (%)", 100.0, 2),
}
"""What stands over the width: heading, label, scale and digits."""
COLUMNS: Final = [
    "depth",
    "test_loss",
    "accuracy",
    "width",
    "width_low",
    "width_high",
    "sharpness",
    "top_eigenvalue",
    "norm",
    "distance_from_start",
]


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return training loss and test accuracy of each member against the width of its minimum.

    Source: Li et al. (2018), section 4, https://arxiv.org/abs/1712.09913, for width in filter norms, which a change of
    scale of the weights does not change. Differs from it in numbers with intervals instead of pictures.
    """
    variable(results, MINIMA, "depth", (MEMBER,))
    dataset = results[MINIMA]
    interval = f"{confidence_of(results, MINIMA)} interval"
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            "Each point is the solution of one member: how deep its minimum is, and how well it does on test examples, "
            f"against how far one can walk in random directions before the loss rises. Whiskers are the {interval} of "
            "the width over directions."
        ),
        look_for=(
            "Look for a slope: wide minima that are deeper, or more accurate, than narrow ones. With few members a "
            "slope is easily chance, and the rank correlation says whether it is."
        ),
        panels=tuple(_panel(dataset, name, interval) for name in PANELS if _has(dataset, name)),
        table=long_table(dataset, COLUMNS),
        found=tuple(_found(dataset, interval)),
    )


def _has(dataset: xr.Dataset, name: str) -> bool:
    """Say whether any member has a number."""
    return name in dataset and bool(np.isfinite(dataset[name].values).any())


def _panel(dataset: xr.Dataset, name: str, interval: str) -> Scatter:
    """Return the points of all members over the whiskers of their widths."""
    heading, label, scale, decimals = PANELS[name]
    values, width = (scale * dataset[name].values.astype(np.float64), dataset["width"].values.astype(np.float64))
    low, high = (cut(dataset, f"width_{end}", {}) for end in ("low", "high"))
    ends = np.full((len(values), 2), np.nan) if low is None or high is None else np.stack([low, high], axis=1)
    return Scatter(
        title=f"{heading} against width",
        alt=f"{heading} ({span_of(values, decimals)}) against {WIDTH_LABEL} ({span_of(width, 3)}) of "
        f"{len(values)} members.",
        groups=_points(dataset, width, values),
        lines=_whiskers(dataset, ends, values, interval),
        x_label=WIDTH_LABEL,
        y_label=label,
        x_range=_with_room(np.concatenate([width, ends.ravel()])),
        decimals=decimals,
    )


def _with_room(places: np.ndarray) -> tuple[float, float] | None:
    """Return the ends of an axis that shows all whiskers whole, or None where there is nothing to show."""
    known = places[np.isfinite(places)]
    if not known.size or known.min() == known.max():
        return None
    room = 0.05 * float(known.max() - known.min())
    return float(known.min()) - room, float(known.max()) + room


def _whiskers(dataset: xr.Dataset, ends: np.ndarray, y: np.ndarray, interval: str) -> tuple[Line, ...]:
    """Return the interval of the width of each member, in its colour and with its points in the legend where few."""
    few = len(y) <= NUM_SERIES
    lines = []
    for index, member in enumerate(labels_of(dataset, MEMBER)):
        legend, series = (f"member {member}", index) if few else (interval, None)
        if np.isfinite([*ends[index], y[index]]).all():
            places = np.repeat(y[index], 2)
            lines.append(Line(f"member {member}, {interval}", ends[index], places, legend=legend, series=series))
    return tuple(lines)


def _points(dataset: xr.Dataset, x: np.ndarray, y: np.ndarray) -> tuple[PointGroup, ...]:
    """Return one group for each of a few members, or one of all."""
    names = [f"member {member}" for member in labels_of(dataset, MEMBER)]
    if len(names) > NUM_SERIES:
        return (PointGroup("members", x, y, texts=tuple(names)),)
    return tuple(
        PointGroup(name, x[index : index + 1], y[index : index + 1], index, series_symbol(index))
        for index, name in enumerate(names)
    )


def _found(dataset: xr.Dataset, interval: str) -> list[str]:
    """Say how depth and width go together over members."""
    value, low, high = (float(dataset.attrs.get(f"spearman{end}", np.nan)) for end in ("", "_low", "_high"))
    if not np.isfinite(value):
        return []
    whole = np.isfinite([low, high]).all()
    number = Number("", value, low if whole else None, high if whole else None, decimals=2, signed=True)
    told = {Verdict.YES: "wider minima are less deep", Verdict.NO: "wider minima are deeper"}
    verdict = side(low, high, 0.0) if whole else Verdict.UNCLEAR
    words = told.get(verdict, "no evidence that depth and width go together")
    return [
        f"Rank correlation of training loss and width over {dataset.sizes[MEMBER]} members: {number}"
        f"{f' ({interval})' if whole else ''}; {words}."
    ]


FIGURE = FigureKind(NAME, TITLE, (Need(MINIMA, ("depth", "width")),), compute)
