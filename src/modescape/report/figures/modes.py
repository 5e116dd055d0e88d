"""Which members are the same function up to a threshold, and how many such modes there are."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr
from jaxtyping import Float

from modescape.core.axes import MERGE, THRESHOLD
from modescape.report.drawables import Dendrogram, Drawing, Line, Lines, Table, long_table
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.inputs import confidence_of, member_labels, member_word, optional, variable

NAME = "modes"
TITLE = "How many different functions are there?"
MODES: Final = "modes"
X_LABEL: Final = "disagreement (% of examples)"


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return the tree of members, and the number of modes that are seen and estimated at every threshold."""
    dataset = results[MODES]
    threshold = float(dataset.attrs["threshold"]) if "threshold" in dataset.attrs else None
    tree = _tree(results, threshold)
    source = str(dataset.attrs.get("threshold_source", ""))
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            "Left, members join in the order in which their answers differ, at the mean disagreement between two "
            f"clusters; colours mark those that one threshold makes one mode{f' ({source})' if source else ''}. Right, "
            "how many modes there are for every threshold: those that were seen, and Chao's estimate of all there are "
            f"from how many were seen once and twice, with its {confidence_of(results, MODES)} interval."
        ),
        look_for=(
            "Look whether members join low (the same function found twice) or all near one height (each a mode of its "
            "own): where none was found twice, more members would find more, and only a lower bound is known."
        ),
        panels=(tree, *_curves(results, threshold)),
        table=_table(dataset),
        found=_found(dataset),
    )


def _tree(results: Mapping[str, xr.Dataset], threshold: float | None) -> Dendrogram:
    """Return the tree of all members, in percent."""
    dataset = results[MODES]
    left, right, height = (variable(results, MODES, name, (MERGE,)).values for name in ("left", "right", "height"))
    merges = np.stack([left, right, 100.0 * height], axis=1).astype(np.float64)
    word = member_word(dataset)
    leaves = tuple(f"{word} {label}".strip() for label in member_labels(dataset))
    limit = None if threshold is None else 100.0 * threshold
    ends = f"from {merges[0, 2]:.1f} % to {merges[-1, 2]:.1f} %" if len(merges) else "no pair"
    tree = Dendrogram("Which members join?", "", leaves, merges, X_LABEL, limit)
    told = "" if limit is None else f"; at most {limit:.1f} % make {len(tree.clusters)} modes"
    alt = f"Tree of {len(leaves)} members by the disagreement at which they join, {ends}{told}."
    return Dendrogram(tree.title, alt, leaves, merges, X_LABEL, limit)


def _curves(results: Mapping[str, xr.Dataset], threshold: float | None) -> tuple[Lines, ...]:
    """Return the numbers of modes by threshold, none where there are no such numbers."""
    seen = optional(results, MODES, "num_modes", (THRESHOLD,))
    if seen is None:
        return ()
    x, y = 100.0 * seen[THRESHOLD].values, seen.values.astype(np.float64)
    estimate, low, high = (_along(results, f"chao1{end}", len(x)) for end in ("", "_low", "_high"))
    is_known = np.isfinite(estimate)
    lines = [
        Line(
            "estimate of all", x, estimate, np.where(is_known, low, np.nan), np.where(is_known, high, np.nan), series=1
        ),
        Line("at least, where none is known", x, np.where(is_known, np.nan, low), series=1, dashed=True),
        Line("seen", x, y, series=0),
    ]
    lines = [line for line in lines if np.isfinite(line.y).any()]
    if threshold is not None:
        top = float(np.nanmax(np.concatenate([y, estimate, low, np.where(is_known, high, np.nan)])))
        ends = np.array([100.0 * threshold] * 2)
        lines.insert(0, Line("threshold", ends, np.array([0.0, top]), series=None, dashed=True))
    return (
        Lines(
            title="How many modes are there?",
            alt=_alt(x, y, estimate),
            lines=tuple(lines),
            x_label=f"same mode up to a {X_LABEL}",
            y_label="modes",
            whole_x=False,
            decimals=1,
        ),
    )


def _along(results: Mapping[str, xr.Dataset], name: str, number: int) -> Float[np.ndarray, "threshold"]:
    """Return a number by threshold, NaN where it is not finite or not there."""
    array = optional(results, MODES, name, (THRESHOLD,))
    values = np.full(number, np.nan) if array is None else array.values.astype(np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def _alt(
    x: Float[np.ndarray, "threshold"], y: Float[np.ndarray, "threshold"], estimate: Float[np.ndarray, "threshold"]
) -> str:
    """Say the numbers of modes in words."""
    known = np.flatnonzero(np.isfinite(estimate))
    told = f"{y[0]:.0f} seen at {x[0]:.1f} %, {y[-1]:.0f} at {x[-1]:.1f} %"
    first = f"; the estimate is first known at {x[known[0]]:.1f} %, as {estimate[known[0]]:.1f}" if known.size else ""
    return f"Number of modes against the threshold: {told}{first}."


def _found(dataset: xr.Dataset) -> tuple[str, ...]:
    """Return what the step says of the number of modes."""
    verdict = str(dataset.attrs.get("verdict", ""))
    return (verdict,) if verdict else ()


def _table(dataset: xr.Dataset) -> Table:
    """Return the numbers by threshold, or the merges where there are none."""
    columns = ["num_modes", "singletons", "doubletons", "chao1", "chao1_low", "chao1_high"]
    columns += ["coverage", "coverage_low", "coverage_high"]
    if "num_modes" in dataset:
        return long_table(dataset, columns)
    merges = dataset.assign_coords({MERGE: np.arange(dataset.sizes[MERGE])})
    return long_table(merges, ["left", "right", "height", "size"])


FIGURE = FigureKind(NAME, TITLE, (Need(MODES, ("left", "right", "height"), {MERGE: 1}),), compute)
