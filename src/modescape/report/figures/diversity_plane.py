"""Diversity against accuracy: where independent solutions and samples around one solution lie between two limits."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import METHOD, POINT, SAMPLE
from modescape.report.drawables import (
    Drawing,
    IntervalRow,
    Intervals,
    Line,
    PointGroup,
    Reference,
    Scatter,
    long_table,
)
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.inputs import confidence_of, labels, optional, variable
from modescape.report.methods import Method, in_order
from modescape.report.verdicts import Number

NAME: Final = "diversity-plane"
TITLE: Final = "Who differs as much as independent solutions do?"
PLANE: Final = "plane"
POINTS: Final = (METHOD, SAMPLE)
LIMITS: Final = "lower and upper limit"
REFERENCE: Final = "reference"


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return the plane of accuracy and normalised disagreement, and the place of each method between the limits.

    The vertical axis is disagreement with the reference / (1 - accuracy).

    Source: Fort, Hu and Lakshminarayanan (2019), section 4.2 and figure 6, https://arxiv.org/abs/1912.02757. Differs
    from it in one number a method, with an interval: 0 at the lower limit, 1 at the upper.
    """
    groups = _groups(results)
    panels: list[Scatter | Intervals] = [_plane(results, groups)]
    numbers = _numbers(results)
    if numbers:
        panels.append(_between(results, numbers))
    attrs = results[PLANE].attrs
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            "Each point is one network: its accuracy, and how often it answers differently from the reference "
            f"{_reference(attrs)}, over its error rate{_examples(attrs)}. "
            "The limits are a reference whose answers are flipped at random (lower) and a network that is independent "
            "of it given the truth (upper)."
        ),
        look_for=(
            "Look at the gap at equal accuracy: independent solutions should lie near the upper limit, samples around "
            "one solution near the lower one, however strongly they are disturbed."
        ),
        panels=tuple(panels),
        table=long_table(results[PLANE], ["accuracy", "disagreement", "strength"]),
        found=(*_found(numbers, confidence_of(results, PLANE)), *_short_of_chance(results)),
    )


def normalised(disagreement: np.ndarray, accuracy: np.ndarray) -> np.ndarray:
    """Return disagreement / (1 - accuracy), NaN where nothing is wrong.

    >>> normalised(np.array([0.25, 0.0]), np.array([0.5, 1.0])).tolist()
    [0.5, nan]
    """
    error = 1.0 - accuracy
    return np.divide(disagreement, error, out=np.full_like(error, np.nan), where=error > 0)


def _groups(results: Mapping[str, xr.Dataset]) -> list[PointGroup]:
    """Return the points of each method, the first method on top."""
    accuracy = variable(results, PLANE, "accuracy", POINTS)
    disagreement = variable(results, PLANE, "disagreement", POINTS)
    strength = optional(results, PLANE, "strength", POINTS)
    groups = []
    for method in reversed(in_order(labels(accuracy, METHOD))):
        x, y = (array.sel({METHOD: method.name}).values.astype(np.float64) for array in (accuracy, disagreement))
        y = normalised(y, x)
        present = np.isfinite(x) & np.isfinite(y)
        if not present.any():
            continue
        strengths = np.full(len(x), np.nan) if strength is None else strength.sel({METHOD: method.name}).values
        texts = tuple(
            f"sample {number}" if np.isnan(value) else f"sample {number}, strength {value:.3g}"
            for number, value in zip(np.flatnonzero(present), strengths[present], strict=True)
        )
        points = (100.0 * x[present], y[present])
        groups.append(PointGroup(method.label, *points, method.series, method.symbol, texts=texts))
    return groups


def _plane(results: Mapping[str, xr.Dataset], groups: list[PointGroup]) -> Scatter:
    """Return the plane with its limits, and the reference at no disagreement."""
    lines = _limits(results)
    own = results[PLANE].attrs.get("reference_accuracy")
    if own is not None:
        name = f"{REFERENCE} {_reference(results[PLANE].attrs)}"
        place = (np.array([100.0 * own]), np.array([0.0]))
        groups = [*groups, PointGroup(name, *place, 0, "star", sizes=np.array([2.0]))]
    heights = np.concatenate([one.y[np.isfinite(one.y)] for one in (*groups, *lines)])
    counts = ", ".join(f"{len(group.x)} of {group.name}" for group in reversed(groups))
    return Scatter(
        title="Disagreement against accuracy",
        alt=f"Disagreement over the error rate against accuracy, between two limits: {counts}.",
        groups=tuple(groups),
        lines=tuple(lines),
        x_label="accuracy (%)",
        y_label="disagreement / error rate",
        y_range=(-0.04 * float(heights.max()), 1.06 * float(heights.max())),
        decimals=2,
    )


def _limits(results: Mapping[str, xr.Dataset]) -> list[Line]:
    """Return both limits where they were stored."""
    accuracy = optional(results, PLANE, "limit_accuracy", (POINT,))
    lines = []
    for name in ("lower_limit", "upper_limit"):
        limit = optional(results, PLANE, name, (POINT,))
        if accuracy is None or limit is None:
            continue
        x = accuracy.values.astype(np.float64)
        y = normalised(limit.values.astype(np.float64), x)
        lines.append(Line(name.replace("_", " "), 100.0 * x, y, legend=LIMITS, series=None, dashed=True))
    return lines


def _numbers(results: Mapping[str, xr.Dataset]) -> list[tuple[Method, Number]]:
    """Return where each method lies between the limits, those measured only."""
    arrays = [optional(results, PLANE, f"relative_diversity{end}", (METHOD,)) for end in ("", "_low", "_high")]
    if arrays[0] is None:
        return []
    numbers = []
    for method in in_order(labels(arrays[0], METHOD)):
        ends = (np.nan if array is None else float(array.sel({METHOD: method.name})) for array in arrays)
        value, low, high = (None if np.isnan(one) else one for one in ends)
        if value is not None:
            numbers.append((method, Number(method.label, value, low, high)))
    return numbers


def _between(results: Mapping[str, xr.Dataset], numbers: list[tuple[Method, Number]]) -> Intervals:
    """Return one row a method between 0 (the lower limit) and 1 (the upper)."""
    missing = float("nan")
    rows = [
        IntervalRow(
            method.label,
            number.value,
            missing if number.low is None else number.low,
            missing if number.high is None else number.high,
            method.series,
        )
        for method, number in numbers
    ]
    told = ", ".join(f"{row.name} {row.told(2)}" for row in rows)
    return Intervals(
        title="Relative diversity",
        alt=f"Place between the limits, 0 the lower and 1 the upper: {told}.",
        rows=tuple(rows),
        x_label=f"place between the limits ({confidence_of(results, PLANE)} interval)",
        marks=(Reference("lower limit", 0.0), Reference("upper limit", 1.0)),
        decimals=2,
    )


def _found(numbers: list[tuple[Method, Number]], confidence: str) -> list[str]:
    """Say the relative diversity of every method."""
    if not numbers:
        return []
    told = "; ".join(f"{method.label} {number}" for method, number in numbers)
    return [f"Relative diversity, 0 at the lower and 1 at the upper limit ({confidence} intervals): {told}."]


def _short_of_chance(results: Mapping[str, xr.Dataset]) -> list[str]:
    """Name the methods whose samples do not walk down to chance, where that was noted."""
    reached = optional(results, PLANE, "reached_chance", (METHOD,))
    if reached is None:
        return []
    walks = [
        method for method in in_order(labels(reached, METHOD)) if method.name not in ("independent", "checkpoints")
    ]
    short = [method.label for method in walks if float(reached.sel({METHOD: method.name})) == 0]
    return [f"Not disturbed down to chance, even at the largest strength: {', '.join(short)}."] if short else []


def _reference(attrs: Mapping[str, object]) -> str:
    """Return what the reference is called."""
    return f"(member {attrs[REFERENCE]})" if REFERENCE in attrs else "solution"


def _examples(attrs: Mapping[str, int]) -> str:
    """Say over how many examples, where that is stored."""
    return f", on {attrs['num_examples']:,} test examples" if "num_examples" in attrs else ""


FIGURE = FigureKind(NAME, TITLE, (Need(PLANE, ("accuracy", "disagreement")),), compute)
