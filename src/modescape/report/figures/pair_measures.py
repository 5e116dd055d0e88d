"""How differently two members answer: what their disagreement is made of, and measures comparable across accuracies."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr
from jaxtyping import Float

from modescape.core.axes import MEASURE, MEMBER, MEMBER_OTHER
from modescape.report.drawables import Drawing, IntervalRow, Intervals, Table, long_table
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.inputs import confidence_of, optional, variable

NAME: Final = "pair-measures"
TITLE: Final = "On which examples do members differ?"
PAIRS: Final = "pairs"
MOST_DOTS: Final = 40
"""Members of which every pair is a dot, and a row of the table."""
SQUARE: Final = (MEMBER, MEMBER_OTHER)
PARTS: Final = {
    "disagreement": "they differ",
    "one_right": "they differ, one is right",
    "both_wrong": "they differ, both are wrong",
    "same_error": "they make the same error",
    "double_fault": "both are wrong",
    "oracle_accuracy": "at least one is right",
}
SHARES: Final = {
    "conditional_disagreement": "they differ, if one is wrong",
    "error_overlap": "both wrong, if one is wrong",
    "same_error_share": "same error, if both are wrong",
}
MEASURES: Final = {
    "kappa": "kappa of the answers",
    "error_correlation": "correlation of errors",
    "q_statistic": "Q statistic of errors",
    "diversity": "disagreement / error",
}


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return the measures of pairs of members: the mean over pairs, with every pair as a dot.

    Source: Kuncheva, Whitaker (2003), https://doi.org/10.1023/A:1022859003006
    """
    number = results[PAIRS].sizes[MEMBER]
    means = "its interval over members" if number > 2 else "the interval over examples"
    dots = "a dot is a pair" if number <= MOST_DOTS else f"pairs of {number} members are too many to draw as dots"
    panels = [
        _panel(results, "Of all examples", PARTS, 100.0, "% of test examples"),
        _panel(results, "Of examples that they may differ on", SHARES, 100.0, "% of the examples named"),
        _panel(results, "Beyond accuracy", MEASURES, 1.0, "value"),
    ]
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            f"Each row is the mean over pairs of members with {means} ({confidence_of(results, PAIRS)}); {dots}. The "
            "first panel splits what two members answer; the others can be compared across accuracies."
        ),
        look_for=(
            "Look how much of the disagreement has one right, which an ensemble can use, and how often two members "
            "make the same error, which no vote can repair. Kappa and correlation near 0 are independent answers, near "
            "1 the same."
        ),
        panels=tuple(panel for panel in panels if panel.rows),
        table=_table(results[PAIRS]),
        found=_found(results),
    )


def _panel(
    results: Mapping[str, xr.Dataset], title: str, names: Mapping[str, str], scale: float, x_label: str
) -> Intervals:
    """Return the rows of some measures, those that were measured."""
    rows = tuple(_row(results, name, label, scale) for name, label in names.items() if name in results[PAIRS])
    decimals = 1 if scale > 1 else 2
    told = "; ".join(f"{row.name} {row.told(decimals)}" for row in rows)
    return Intervals(title, f"{title}, mean over pairs of members: {told}.", rows, x_label, decimals=decimals)


def _row(results: Mapping[str, xr.Dataset], name: str, label: str, scale: float) -> IntervalRow:
    """Return the mean of a measure, with its interval and its pairs; the only pair of two has its own interval."""
    dataset = results[PAIRS]
    each = _once(variable(results, PAIRS, name, SQUARE))
    value, low, high = (float(dataset[end].sel({MEASURE: name})) for end in ("mean", "mean_low", "mean_high"))
    if dataset.sizes[MEMBER] == 2:
        squares = [variable(results, PAIRS, f"{name}{end}", SQUARE) for end in ("", "_low", "_high")]
        value, low, high = (float(_once(square)[0]) for square in squares)
    dots = scale * each[np.isfinite(each)] if 2 < dataset.sizes[MEMBER] <= MOST_DOTS else None
    return IntervalRow(label, scale * value, scale * low, scale * high, dots=dots)


def _once(square: xr.DataArray) -> Float[np.ndarray, "pair"]:
    """Return the value of each pair of members once."""
    return square.values[np.triu_indices(square.sizes[MEMBER], 1)].astype(np.float64)


def _table(dataset: xr.Dataset) -> Table:
    """Return the numbers of every pair, or their means where there are very many."""
    if dataset.sizes[MEMBER] > MOST_DOTS:
        return long_table(dataset, ["mean", "mean_low", "mean_high"])
    names = [*PARTS, *SHARES, *MEASURES, "accuracy_difference"]
    columns = [f"{name}{end}" for name in names for end in ("", "_low", "_high")]
    return long_table(dataset, [*columns, "mcnemar_p", "mcnemar_p_adjusted"])


def _found(results: Mapping[str, xr.Dataset]) -> tuple[str, ...]:
    """Say how many pairs are not equally accurate."""
    adjusted = optional(results, PAIRS, "mcnemar_p_adjusted", SQUARE)
    if adjusted is None:
        return ("The true classes are not known: nobody can say who is right where members differ.",)
    once = _once(adjusted)
    level = 1 - float(results[PAIRS].attrs.get("confidence", 0.95))
    number = int((once < level).sum())
    return (
        f"{number} of {len(once)} pairs of members differ in accuracy by McNemar's test, adjusted for their number "
        f"(Holm, level {level:.2g}).",
    )


FIGURE = FigureKind(NAME, TITLE, (Need(PAIRS, ("disagreement", "mean"), {MEMBER: 2}),), compute)
