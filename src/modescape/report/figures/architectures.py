"""Groups of members, such as architectures: who disagrees with whom, beside how accurate they are."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import GROUP, GROUP_OTHER, POINT
from modescape.functions import upper_limit
from modescape.report.drawables import Drawing, IntervalRow, Intervals, Line, PointGroup, Scatter, long_table
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.inputs import confidence_of, labels, optional, variable
from modescape.report.series import series_symbol

NAME: Final = "architectures"
TITLE: Final = "Do some groups of members differ more than others?"
GROUPS: Final = "groups"
INDEPENDENT: Final = "independent given the truth"
NUM_LIMIT_POINTS: Final = 50
DOTS: Final = "Each dot is a pair of members: the mean of their accuracies, and how often they disagree. "
PAIR: Final = (GROUP, GROUP_OTHER)
TABLE: Final = [
    f"{name}{end}"
    for name in (
        "accuracy",
        "disagreement",
        "conditional_disagreement",
        "disagreement_between",
        "conditional_disagreement_between",
        "accuracy_difference",
    )
    for end in ("", "_low", "_high")
]


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return disagreement against accuracy, a dot a pair, and what groups come to within and between.

    The limit is the disagreement of two members of one accuracy a that are independent given the truth,
    2 a (1 - a) + (1 - a)^2 (C - 2) / (C - 1); copies of one member lie at 0.

    Source: Fort, Hu and Lakshminarayanan (2019), section 4.2, https://arxiv.org/abs/1912.02757. Differs from it in
    pairs of members in place of one reference, so that groups can be told apart.
    """
    dataset = results[GROUPS]
    has_truth = bool(np.isfinite(variable(results, GROUPS, "accuracy", (GROUP,)).values).any())
    panels: list[Scatter | Intervals] = [_plane(results)] if has_truth else []
    panels.append(_rows(results, "disagreement", "Disagreement", "disagreement (% of examples)"))
    if has_truth:
        label = "disagreement where at least one is wrong (%)"
        panels.append(_rows(results, "conditional_disagreement", "Where at least one is wrong", label))
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            f"{DOTS if has_truth else ''}"
            "Each row is the mean over pairs of one group, or between two groups, with its "
            f"{confidence_of(results, GROUPS)} interval.{_sample(dataset)}{_separate(dataset)}"
        ),
        look_for=(
            "Weaker members disagree more for that alone: compare groups by their distance from the dashed limit at "
            "equal accuracy, and by the share of examples, among those where one is wrong, on which they disagree. "
            "Rows between groups above rows within say that another architecture adds diversity."
        ),
        panels=tuple(panels),
        table=long_table(dataset, [name for name in TABLE if name in dataset]),
        found=tuple(_found(results)),
    )


def _plane(results: Mapping[str, xr.Dataset]) -> Scatter:
    """Return the pairs in the plane of accuracy and disagreement."""
    accuracy = variable(results, GROUPS, "pair_accuracy", (POINT,)).values.astype(np.float64)
    disagreement = variable(results, GROUPS, "pair_disagreement", (POINT,)).values.astype(np.float64)
    kinds = variable(results, GROUPS, "pair_group", (POINT,)).values.astype(str)
    first, second = (variable(results, GROUPS, f"pair_{word}", (POINT,)).values for word in ("first", "second"))
    groups = []
    for series, kind in enumerate(_ordered(kinds, _names(results))):
        own = (kinds == kind) & np.isfinite(accuracy)
        texts = tuple(f"members {one} and {other}" for one, other in zip(first[own], second[own], strict=True))
        points = (100.0 * accuracy[own], 100.0 * disagreement[own])
        groups.append(PointGroup(kind, *points, series, series_symbol(series), texts=texts))
    told = "; ".join(
        f"{group.name} {np.mean(group.y):.1f} % at {np.mean(group.x):.1f} %" for group in groups if len(group.x)
    )
    limit = _limit(accuracy, int(results[GROUPS].attrs.get("num_classes", 0)))
    top = max(float(np.nanmax(line.y)) for line in (*limit, *groups))
    return Scatter(
        title="Disagreement against accuracy",
        alt=f"Mean disagreement of pairs at their mean accuracy: {told}.",
        groups=tuple(groups),
        lines=limit,
        x_label="accuracy, mean of the pair (%)",
        y_label="disagreement (% of examples)",
        y_range=(-0.04 * top, 1.06 * top),
        decimals=2,
    )


def _limit(accuracy: np.ndarray, num_classes: int) -> tuple[Line, ...]:
    """Return the disagreement of equally accurate members that are independent given the truth."""
    known = accuracy[np.isfinite(accuracy) & (accuracy > 1 / max(num_classes, 1))]
    if num_classes < 2 or not known.size:
        return ()
    margin = 0.1 * (float(known.max()) - float(known.min())) + 0.005
    ends = (max(float(known.min()) - margin, 1 / num_classes + 1e-6), min(float(known.max()) + margin, 1.0))
    x = np.linspace(*ends, NUM_LIMIT_POINTS)
    y = np.array([float(upper_limit(one, reference_accuracy=one, num_classes=num_classes)) for one in x])
    return (Line(INDEPENDENT, 100.0 * x, 100.0 * y, series=None, dashed=True),)


def _rows(results: Mapping[str, xr.Dataset], name: str, title: str, label: str) -> Intervals:
    """Return a measure within each group and between each two."""
    ends = [optional(results, GROUPS, f"{name}_between{end}", PAIR) for end in ("", "_low", "_high")]
    values = np.stack([np.full((1, 1), np.nan) if array is None else 100.0 * array.values for array in ends])
    names = _names(results)
    places = [(index, index) for index in range(len(names))]
    places += [(one, other) for one in range(len(names)) for other in range(one + 1, len(names))]
    rows = []
    for series, (one, other) in enumerate(places):
        value, low, high = (float(number) for number in values[:, one, other])
        if np.isfinite(value):
            kind = names[one] if one == other else f"{names[one]} and {names[other]}"
            rows.append(IntervalRow(kind, value, low, high, series, "within" if one == other else "between"))
    told = "; ".join(f"{row.group} {row.name} {row.told(1)}" for row in rows)
    return Intervals(title=title, alt=f"{title} in percent: {told}.", rows=tuple(rows), x_label=label, decimals=2)


def _names(results: Mapping[str, xr.Dataset]) -> list[str]:
    """Return the groups."""
    return list(labels(results[GROUPS]["num_members"], GROUP))


def _ordered(kinds: np.ndarray, names: Sequence[str]) -> list[str]:
    """Return the kinds of pairs, those within groups first, in the order of the rows."""
    between = [f"{one} and {other}" for index, one in enumerate(names) for other in names[index + 1 :]]
    return [*names, *(kind for kind in between if kind in kinds)]


def _sample(dataset: xr.Dataset) -> str:
    """Say how many pairs are drawn, where they are not all."""
    shown, number = dataset.attrs.get("shown_pairs", 0), dataset.attrs.get("num_pairs", 0)
    return (
        f" Dots are a sample of {shown:,} of {number:,} pairs, drawn alike from all groups." if shown < number else ""
    )


def _separate(dataset: xr.Dataset) -> str:
    """Say that groups were tested on different examples."""
    if dataset.attrs.get("same_examples", True):
        return ""
    return " Groups were tested on different examples: only numbers within groups are known."


def _found(results: Mapping[str, xr.Dataset]) -> list[str]:
    """Say how much groups differ in accuracy."""
    names, found = _names(results), []
    ends = [optional(results, GROUPS, f"accuracy_difference{end}", PAIR) for end in ("", "_low", "_high")]
    if all(end is not None for end in ends):
        values = np.stack([100.0 * end.values for end in ends if end is not None])
        for one in range(len(names)):
            for other in range(one + 1, len(names)):
                value, low, high = (float(number) for number in values[:, one, other])
                if np.isfinite([value, low, high]).all():
                    found.append(
                        f"The accuracy of {names[other]} minus that of {names[one]} is {value:+.1f} percentage points "
                        f"[{low:+.1f}, {high:+.1f}]."
                    )
    return found


FIGURE = FigureKind(NAME, TITLE, (Need(GROUPS, ("disagreement_between",), {GROUP: 2}),), compute)
