"""What figures on members share: a coloured line for each of a few, or grey ones with their median for many."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from jaxtyping import Float

from modescape.report.colors import NUM_SERIES
from modescape.report.drawables import Line

LOG_RATIO: Final = 20.0
"""Largest over smallest value from which a linear axis shows only the largest."""

Rows = Float[np.ndarray, "member point"]


def member_lines(
    names: Sequence[str],
    x: Float[np.ndarray, "point"],
    rows: Rows,
    band: tuple[Rows, Rows] | None = None,
    *,
    of: str = "",
    dashed: bool = False,
    series: int = 0,
    joined: bool = False,
) -> tuple[Line, ...]:
    """Return a coloured line for each of a few members, or grey lines and their median for many.

    Args:
        names: What each member is called.
        x: Positions.
        rows: Values; NaN breaks a line.
        band: Lower and upper edges around the line of each of a few members.
        of: What the lines are of, where a panel has several lines a member, such as `Hessian`.
        dashed: Whether the lines of a few members, or the median of many, are dashed.
        series: Number of the colour of the median.
        joined: Whether a line goes on over what is missing, where members were measured at different positions; a
            member without a value then has no line.

    >>> [line.name for line in member_lines(["member 0"], np.arange(2.0), np.ones((1, 2)), of="trace")]
    ['member 0, trace']
    """
    suffix, few = f", {of}" if of else "", len(names) <= NUM_SERIES
    lines = []
    for index, (name, row) in enumerate(zip(names, rows, strict=True)):
        there = np.isfinite(row) | (not joined)
        low, high = (edge[index][there] for edge in band) if band and few else (None, None)
        look = (name, index, dashed) if few else ("one member", None, False)
        if there.any():
            lines.append(Line(f"{name}{suffix}", x[there], row[there], low, high, *look))
    if not few:
        lines.append(Line(f"median of members{suffix}", x, median_of(rows), series=series, dashed=dashed))
    return tuple(lines)


def median_of(rows: Rows) -> Float[np.ndarray, "point"]:
    """Return the median over members at each point, NaN where none has a value.

    >>> median_of(np.array([[1.0, np.nan], [3.0, np.nan]])).tolist()
    [2.0, nan]
    """
    return np.array(
        [np.median(column[np.isfinite(column)]) if np.isfinite(column).any() else np.nan for column in rows.T]
    )


def asks_for_log(*rows: Float[np.ndarray, "..."]) -> bool:
    """Say whether numbers span too much for a linear axis, and all have logarithms.

    >>> asks_for_log(np.array([1.0, 30.0])), asks_for_log(np.array([-1.0, 30.0])), asks_for_log(np.array([np.nan]))
    (True, False, False)
    """
    values = np.concatenate([np.ravel(one) for one in rows]) if rows else np.array([])
    finite = values[np.isfinite(values)]
    return bool(finite.size and finite.min() > 0 and finite.max() / finite.min() > LOG_RATIO)


def span_of(values: Float[np.ndarray, "..."], decimals: int) -> str:
    """Write the smallest and the largest of the numbers that are there.

    >>> span_of(np.array([1.0, 2.0, np.nan]), 1), span_of(np.array([1.0, 1.0]), 1), span_of(np.array([np.nan]), 1)
    ('1.0 to 2.0', '1.0', 'not measured')
    """
    finite = values[np.isfinite(values)]
    if not finite.size:
        return "not measured"
    ends = [f"{end:.{decimals}f}" for end in (finite.min(), finite.max())]
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)
