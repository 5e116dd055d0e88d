"""Paths between two solutions: loss, accuracy and agreement with both ends along lines and fitted curves."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import CURVE, PAIR, PLACE
from modescape.report.drawables import Drawing, Line, Lines, long_table
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.inputs import confidence_of, labels, optional, variable
from modescape.report.metrics import Metric
from modescape.report.verdicts import Number

NAME: Final = "paths"
TITLE: Final = "Is there a way of low loss between solutions?"
PATHS: Final = "paths"
ALONG: Final = (PAIR, CURVE, PLACE)
MAX_PAIRS: Final = 3
"""Pairs drawn: more panels are too many to compare; the data to download holds all of them."""
CURVES: Final = {"linear": ("straight line", 0), "bezier": ("Bezier curve", 1), "polyline": ("polyline", 2)}
"""What each shape is called and the number of its colour."""
BARRIER: Final = Metric("barrier", "barrier", "nats", decimals=3)
SHARE: Final = Metric("function_share", "share", "%", scale=100.0, decimals=0)
LOG_RATIO: Final = 20.0
"""Largest over smallest loss from which a linear axis shows only the barrier."""
COLUMNS: Final = (
    [f"{name}{end}" for name in ("loss", "accuracy") for end in ("", "_low", "_high")]
    + ["agreement_start", "agreement_end"]
    + [f"{name}{end}" for name in ("barrier", "accuracy_drop") for end in ("", "_low", "_high")]
)


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return for each pair the loss, the accuracy and the agreement with both ends against the place along each path.

    Source: Garipov et al. (2018), https://arxiv.org/abs/1802.10026, for the curves; Fort, Hu and Lakshminarayanan
    (2019), section 4.1, https://arxiv.org/abs/1912.02757, for agreement along them. Differs from both in places that
    are equal steps of length, and in intervals over examples.
    """
    loss = variable(results, PATHS, "loss", ALONG)
    pairs = [pair for pair in labels(loss, PAIR) if _measured(loss, pair)]
    panels = [panel for pair in pairs[:MAX_PAIRS] for panel in _panels(results, pair, len(pairs) > 1)]
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            "Each line walks from one solution to another in equal steps of length: straight, or along a curve fitted "
            f"to low training loss; bands are {confidence_of(results, PATHS)} intervals over test examples. "
            "The barrier is the most by which the loss rises above a straight line between the losses of the ends."
            f"{_left_out(len(pairs))}"
        ),
        look_for=(
            "Look for curves that stay low where the straight line climbs, and then at agreement: where it falls while "
            "the loss stays, the function changes along a valley of equally good networks."
        ),
        panels=tuple(panels),
        table=long_table(results[PATHS], COLUMNS),
        found=tuple(sentence for pair in pairs[:MAX_PAIRS] for sentence in _found(results, pair)),
    )


def _measured(loss: xr.DataArray, pair: str) -> bool:
    """Say whether any path of a pair was measured."""
    return bool(np.isfinite(loss.sel({PAIR: pair}).values).any())


def _left_out(number: int) -> str:
    """Say how many pairs are left out of the picture, or return an empty text where none is."""
    return f" The first {MAX_PAIRS} of {number} pairs are drawn; the data hold all." if number > MAX_PAIRS else ""


def _panels(results: Mapping[str, xr.Dataset], pair: str, is_one_of_many: bool) -> list[Lines]:  # noqa: FBT001
    """Return the panels of one pair."""
    suffix = f", pair {pair}" if is_one_of_many else ""
    start, end = _ends(pair)
    panels = [
        _panel(f"Loss{suffix}", "loss (nats)", _lines(results, pair, "loss", 1.0), 3),
        _panel(f"Accuracy{suffix}", "accuracy (%)", _lines(results, pair, "accuracy", 100.0), 2),
    ]
    agreement = [
        *_lines(results, pair, "agreement_start", 100.0, f", with {start}"),
        *_lines(results, pair, "agreement_end", 100.0, f", with {end}", dashed=True),
    ]
    title = f"Agreement with {start} (solid), {end} (dashed)".replace("solution ", "")
    panels.append(_panel(title, "agreement (% of examples)", agreement, 1))
    return [panel for panel in panels if panel.lines]


def _ends(pair: str) -> tuple[str, str]:
    """Return what the two ends of a pair such as `0-1` are called."""
    first, _, second = pair.partition("-")
    return (f"solution {first}", f"solution {second}") if second else ("the start", "the end")


def _lines(
    results: Mapping[str, xr.Dataset], pair: str, name: str, scale: float, suffix: str = "", *, dashed: bool = False
) -> list[Line]:
    """Return one line for each shape of path that was measured."""
    arrays = [optional(results, PATHS, f"{name}{end}", ALONG) for end in ("", "_low", "_high")]
    if arrays[0] is None:
        return []
    lines = []
    for number, curve in enumerate(labels(arrays[0], CURVE)):
        values, low, high = (
            None if array is None else scale * array.sel({PAIR: pair, CURVE: curve}).values.astype(np.float64)
            for array in arrays
        )
        label, series = _curve(curve, number)
        places = arrays[0][PLACE].values.astype(np.float64)
        if values is not None and np.isfinite(values).any():
            lines.append(Line(f"{label}{suffix}", places, values, low, high, label, series, dashed))
    return lines


def _curve(name: str, number: int) -> tuple[str, int]:
    """Return what a shape is called and its colour; one we don't know takes the next colour."""
    return CURVES.get(name, (name, 3 + number))


def _panel(title: str, y_label: str, lines: list[Line], decimals: int) -> Lines:
    """Return one panel, the loss on a logarithmic axis where it spans too much for a linear one."""
    values = np.concatenate([line.y[np.isfinite(line.y)] for line in lines] or [np.ones(1)])
    told = ", ".join(
        f"{line.name} {np.nanmin(line.y):.{decimals}f} to {np.nanmax(line.y):.{decimals}f}" for line in lines
    )
    is_loss = y_label.startswith("loss")
    return Lines(
        title=title,
        alt=f"{title} along paths, {y_label}: {told}.",
        lines=tuple(lines),
        x_label="place along the path (share of its length)",
        y_label=y_label,
        whole_x=False,
        log_y=bool(is_loss and values.min() > 0 and values.max() / values.min() > LOG_RATIO),
        decimals=decimals,
    )


def _found(results: Mapping[str, xr.Dataset], pair: str) -> list[str]:
    """Say how high the barriers of a pair are, and how much the function changes along its fitted curves."""
    start, end = _ends(pair)
    curves = [str(curve) for curve in results[PATHS][CURVE].values]
    sentences = []
    barriers = _told(results, "barrier", pair, BARRIER, curves)
    if barriers:
        sentences.append(f"From {start} to {end} the barrier of the loss is {barriers}.")
    shares = _told(results, "function_share", pair, SHARE, [curve for curve in curves if curve != "linear"])
    if shares:
        sentences.append(
            f"Half way from {start} to {end} the disagreement with the nearer end, as a share of that between the "
            f"ends, is {shares}."
        )
    return sentences


def _told(results: Mapping[str, xr.Dataset], name: str, pair: str, metric: Metric, curves: list[str]) -> str:
    """Say one number of each path of a pair with its interval, or return an empty text where none was measured."""
    told = []
    for number, curve in enumerate(curves):
        values = []
        for end in ("", "_low", "_high"):
            array = optional(results, PATHS, f"{name}{end}", (PAIR, CURVE))
            values.append(np.nan if array is None else metric.scale * float(array.sel({PAIR: pair, CURVE: curve})))
        value, low, high = (None if np.isnan(one) else one for one in values)
        if value is not None:
            told.append(
                f"{Number(name, value, low, high, metric.unit, metric.decimals)} along the {_curve(curve, number)[0]}"
            )
    return _listed(told) if told else ""


def _listed(texts: list[str]) -> str:
    """Join texts as a sentence does.

    >>> _listed(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


FIGURE = FigureKind(NAME, TITLE, (Need(PATHS, ("loss",)),), compute)
