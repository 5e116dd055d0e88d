"""Do members specialise on classes? Accuracies by class, and their spread against chance."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import CLASS, MEMBER
from modescape.report.drawables import Drawing, IntervalRow, Intervals, long_table
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.inputs import confidence_of, labels, variable

NAME: Final = "classes"
TITLE: Final = "Do members specialise on classes?"
CLASSES: Final = "classes"
MAX_ROWS: Final = 30
"""Classes drawn: those with the largest spread; the data to download hold all."""


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return the spread of per-class accuracies over members, against members exchanged at random within examples."""
    spread = variable(results, CLASSES, "spread", (CLASS,))
    kept = _drawn(spread.values)
    shown = {CLASSES: results[CLASSES].isel({CLASS: kept})}
    left = spread.sizes[CLASS] - len(kept)
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            "Left, the standard deviation over members of the accuracy on each class, after taking off how good each "
            f"member is overall; the grey band is where it would lie by chance ({confidence_of(results, CLASSES)}), "
            "members exchanged at random within each example. Right, the accuracies themselves: a dot is a member."
            f"{f' The {left} classes with the smallest spread are in the data only.' if left else ''}"
        ),
        look_for=(
            "Look for points to the right of their band: there, members are good or bad at whole classes and not at "
            "single examples, as one that says dog for every doubtful cat is. Points inside show no more than luck."
        ),
        panels=(_spreads(shown), _accuracies(shown)),
        table=long_table(
            results[CLASSES],
            [
                *("accuracy", "accuracy_low", "accuracy_high", "num_examples", "spread"),
                *("expected_spread", "expected_low", "expected_high", "p", "p_adjusted"),
            ],
        ),
        found=_found(results[CLASSES]),
    )


def _drawn(spread: np.ndarray) -> list[int]:
    """Return which classes are drawn, in their order; classes without examples are not."""
    order = [int(place) for place in np.argsort(-np.nan_to_num(spread, nan=-1.0), kind="stable")]
    return sorted(place for place in order[:MAX_ROWS] if np.isfinite(spread[place]))


def _spreads(results: Mapping[str, xr.Dataset]) -> Intervals:
    """Return the spread of each class with its band of chance."""
    value, low, high = (
        100.0 * variable(results, CLASSES, name, (CLASS,)).values.astype(np.float64)
        for name in ("spread", "expected_low", "expected_high")
    )
    names = labels(results[CLASSES]["spread"], CLASS)
    rows = tuple(
        IntervalRow(name, float(value[place]), chance=(float(low[place]), float(high[place])))
        for place, name in enumerate(names)
    )
    told = "; ".join(
        f"{row.name} {row.told(1)}, by chance {row.chance[0]:.1f} to {row.chance[1]:.1f}" for row in rows if row.chance
    )
    return Intervals(
        title="Spread over members",
        alt=f"Standard deviation over members of the accuracy on each class, in points: {told}.",
        rows=rows,
        x_label="standard deviation (% points)",
        decimals=2,
    )


def _accuracies(results: Mapping[str, xr.Dataset]) -> Intervals:
    """Return the accuracies of all members on each class."""
    accuracy = 100.0 * variable(results, CLASSES, "accuracy", (MEMBER, CLASS)).values.astype(np.float64)
    names = labels(results[CLASSES]["accuracy"], CLASS)
    rows = tuple(
        IntervalRow(name, float(accuracy[:, place].mean()), series=1, dots=accuracy[:, place])
        for place, name in enumerate(names)
    )
    ends = [f"{name} {each.min():.1f} to {each.max():.1f} %" for name, each in zip(names, accuracy.T, strict=True)]
    return Intervals(
        title="Accuracy of each member",
        alt=f"Accuracy of members on each class, lowest to highest: {'; '.join(ends)}.",
        rows=rows,
        x_label="accuracy on the class (%)",
        decimals=1,
    )


def _found(dataset: xr.Dataset) -> tuple[str, ...]:
    """Say how much more members differ than by chance, and on how many classes."""
    attrs, level = dataset.attrs, 1 - float(dataset.attrs.get("confidence", 0.95))
    ratio, low, high = (float(attrs.get(f"interaction_ratio{end}", "nan")) for end in ("", "_low", "_high"))
    if not np.isfinite(ratio):
        return ()
    adjusted = dataset["p_adjusted"].values
    known = np.isfinite(adjusted)
    ends = f" [{low:.1f}, {high:.1f}]" if np.isfinite([low, high]).all() else ""
    chance = f"{float(attrs['chance_low']):.1f} to {float(attrs['chance_high']):.1f}"
    beyond = int((adjusted[known] < level).sum())
    return (
        f"From class to class, members vary {ratio:.1f}{ends} times as much as by chance ({chance}, variance, p = "
        f"{float(attrs['interaction_p']):.2g}); on {beyond} of {int(known.sum())} classes their spread is beyond "
        "chance (Holm).",
    )


FIGURE = FigureKind(NAME, TITLE, (Need(CLASSES, ("spread", "accuracy"), {MEMBER: 2, CLASS: 2}),), compute)
