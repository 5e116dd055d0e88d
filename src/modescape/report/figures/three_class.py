"""The three-class experiment: how many members are good at each combination of three classes."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import CLASS, COMBINATION, MEMBER
from modescape.report.drawables import Drawing, IntervalRow, Intervals, Reference, long_table
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.inputs import confidence_of, labels, member_labels, member_word, variable

NAME: Final = "three-class"
TITLE: Final = "Which of three classes is each member good at?"
THREE: Final = "three-class"
MAX_MEMBERS: Final = 12
"""Members whose differences are drawn; the data to download hold all."""


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return the number of members good at each combination of classes, against chance, and how they differ."""
    num_members = results[THREE].sizes[MEMBER]
    shown = {THREE: results[THREE].isel({MEMBER: slice(0, MAX_MEMBERS)})}
    more = f" Drawn are the first {MAX_MEMBERS} of {num_members} members." if num_members > MAX_MEMBERS else ""
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            "A member is good at a class if its accuracy there is above that of the mean member by more than its "
            f"{confidence_of(results, THREE)} interval reaches. Left, how many members are good at exactly each "
            "combination; the grey band is where the number would lie by chance, members exchanged at random within "
            f"each example. Right, the differences themselves.{more}"
        ),
        look_for=(
            "Look for combinations to the right of their band: members that share the classes out among themselves. "
            "By chance, nearly all are good at none."
        ),
        panels=(_counts(results), _differences(shown)),
        table=long_table(results[THREE], ["accuracy", "difference", "difference_low", "difference_high"]),
        found=_found(results),
    )


def _counts(results: Mapping[str, xr.Dataset]) -> Intervals:
    """Return the number of members of each combination with its band of chance."""
    count, low, high = (
        variable(results, THREE, name, (COMBINATION,)).values.astype(np.float64) for name in ("count", "low", "high")
    )
    names = labels(results[THREE]["count"], COMBINATION)
    rows = tuple(
        IntervalRow(name, float(count[place]), chance=(float(low[place]), float(high[place])))
        for place, name in enumerate(names)
    )
    told = "; ".join(
        f"{row.name} {row.value:.0f}, by chance {row.chance[0]:.0f} to {row.chance[1]:.0f}"
        for row in rows
        if row.chance
    )
    return Intervals(
        title="Members good at exactly these",
        alt=f"Members that are good at each combination of classes: {told}.",
        rows=rows,
        x_label="members",
        decimals=0,
    )


def _differences(results: Mapping[str, xr.Dataset]) -> Intervals:
    """Return how much better than the mean member each member is on each class."""
    value, low, high = (
        100.0 * variable(results, THREE, name, (MEMBER, CLASS)).values.astype(np.float64)
        for name in ("difference", "difference_low", "difference_high")
    )
    word, dataset = member_word(results[THREE]), results[THREE]
    names = [f"{word} {label}".strip() for label in member_labels(dataset)]
    rows = tuple(
        IntervalRow(name, value[place, of], low[place, of], high[place, of], series=of, group=group)
        for of, group in enumerate(labels(dataset["difference"], CLASS))
        for place, name in enumerate(names)
    )
    largest = np.unravel_index(np.abs(value).argmax(), value.shape)
    of = labels(dataset["difference"], CLASS)[int(largest[1])]
    return Intervals(
        title="Accuracy minus that of the mean member",
        alt=(
            f"Differences in accuracy on each class; the largest is {value[largest]:.1f} points, "
            f"{names[int(largest[0])]} on {of}."
        ),
        rows=rows,
        x_label="difference (% points)",
        marks=(Reference("mean member", 0.0),),
        decimals=1,
    )


def _found(results: Mapping[str, xr.Dataset]) -> tuple[str, ...]:
    """Say which combinations are beyond chance."""
    adjusted = variable(results, THREE, "p_adjusted", (COMBINATION,)).values
    level = 1 - float(results[THREE].attrs.get("confidence", 0.95))
    names = labels(results[THREE]["count"], COMBINATION)
    count = results[THREE]["count"].values
    beyond = [f"{name} ({count[place]:.0f})" for place, name in enumerate(names) if adjusted[place] < level]
    occupied = int(sum(count[place] > 0 for place, name in enumerate(names) if name != "none"))
    told = f"more members than by chance are good at {', '.join(beyond)}" if beyond else "no number is beyond chance"
    return (f"Members are good at {occupied} of {len(names) - 1} combinations of classes; {told} (Holm).",)


FIGURE = FigureKind(NAME, TITLE, (Need(THREE, ("count", "difference"), {MEMBER: 2, COMBINATION: 2}),), compute)
