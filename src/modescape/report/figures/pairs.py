"""What the matrices of pairs share: the range of their colours, and the numbers a selected cell shows."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from jaxtyping import Float

from modescape.core.axes import MEMBER, MEMBER_OTHER
from modescape.report.drawables import NumberDetail
from modescape.report.inputs import member_word, optional

SOLUTIONS = "solutions"
MAX_DRAWN = 200
"""Members that a matrix of pairs draws: of more, a cell is smaller than two pixels, and numbers would fill the file."""


def drawn_members(dataset: xr.Dataset) -> tuple[xr.Dataset, str]:
    """Return the pairs that a matrix draws, those of the first `MAX_DRAWN` members, and a sentence where not all are.

    >>> drawn_members(xr.Dataset(coords={"member": [0, 1], "member_other": [0, 1]}))[1]
    ''
    """
    number = dataset.sizes[MEMBER]
    if number <= MAX_DRAWN:
        return dataset, ""
    first = slice(0, MAX_DRAWN)
    return (
        dataset.isel({MEMBER: first, MEMBER_OTHER: first}),
        f" The first {MAX_DRAWN} of {number:,} members are drawn.",
    )


def color_range(values: Float[np.ndarray, "value"], smallest_span: float) -> tuple[float, float]:
    """Return the values at the two ends of the colours.

    Args:
        values: The values to tell apart.
        smallest_span: Least distance between the ends, so that noise is not blown up into a pattern.

    >>> color_range(np.array([0.25, 0.75]), 0.1)
    (0.25, 0.75)
    >>> color_range(np.array([0.5]), 0.5)
    (0.25, 0.75)
    """
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    missing = max(0.0, smallest_span - (high - low)) / 2
    return low - missing, high + missing


def told(values: Float[np.ndarray, "value"], decimals: int, unit: str = "") -> str:
    """Say in words where values lie.

    >>> told(np.array([10.0, 14.0]), 1, "%")
    'mean 12.0 %, from 10.0 % to 14.0 %'
    """
    if not values.size:
        return "no numbers"
    mean, low, high = (f"{value:.{decimals}f} {unit}".strip() for value in (values.mean(), values.min(), values.max()))
    return f"mean {mean}, from {low} to {high}"


def solution_details(results: Mapping[str, xr.Dataset]) -> tuple[NumberDetail, ...]:
    """Return what a selected pair of solutions shows: disagreement, cosine and both accuracies, where measured."""
    pair = (MEMBER, MEMBER_OTHER)
    disagreement = _detail(results, "disagreement", pair, "disagreement", decimals=2, unit="%", scale=100.0)
    cosine = _detail(results, "cosine", pair, "weight cosine", decimals=4)
    of = f"accuracy of {member_word(results[SOLUTIONS])}".strip()
    accuracy = _detail(results, "accuracy", (MEMBER,), f"{of} {{row}}", decimals=2, unit="%", scale=100.0)
    details = [disagreement, cosine, accuracy]
    if accuracy is not None:
        details.append(_of_column(accuracy, f"{of} {{column}}"))
    return tuple(detail for detail in details if detail is not None)


def _detail(
    results: Mapping[str, xr.Dataset],
    name: str,
    dims: tuple[str, ...],
    label: str,
    *,
    decimals: int,
    unit: str = "",
    scale: float = 1.0,
) -> NumberDetail | None:
    """Return a variable over pairs or over rows as a detail, with its interval where it has one."""
    arrays = [optional(results, SOLUTIONS, name + end, dims) for end in ("", "_low", "_high")]
    values, low, high = (None if array is None else _table(scale * array.values) for array in arrays)
    if len(dims) == 2:
        low, high = (_without_diagonal(end) for end in (low, high))
    return None if values is None else NumberDetail(label, values, low, high, decimals, unit)


def _without_diagonal(end: Float[np.ndarray, "row column"] | None) -> Float[np.ndarray, "row column"] | None:
    """Return ends of intervals without those of a member against itself, which is known and not estimated."""
    return None if end is None else np.where(np.eye(len(end), dtype=bool), np.nan, end)


def _table(values: np.ndarray) -> Float[np.ndarray, "row column"]:
    """Return values over rows as a table of one column, and a table as it is."""
    return values if values.ndim == 2 else values[:, None]


def _of_column(detail: NumberDetail, label: str) -> NumberDetail:
    """Return numbers of rows as numbers of columns."""
    low, high = (None if end is None else end.T for end in (detail.low, detail.high))
    return NumberDetail(label, detail.values.T, low, high, detail.decimals, detail.unit)
