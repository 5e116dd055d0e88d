"""What members could reach together: one of them right, most of them right, by their number."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import SIZE
from modescape.report.drawables import Drawing, Line, Lines, long_table
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.inputs import confidence_of, variable

NAME: Final = "oracle"
TITLE: Final = "How much could members know together?"
PAIRS: Final = "pairs"
CURVES: Final = {
    "size_mean_accuracy": ("one member", None),
    "size_majority_accuracy": ("majority vote", 1),
    "size_oracle_accuracy": ("at least one is right", 0),
}


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return the accuracy of an oracle that picks a right member, and of the vote, by the number of members."""
    sizes = results[PAIRS][SIZE].values.astype(np.float64)
    lines, ends = [], []
    for name, (label, series) in CURVES.items():
        value, low, high = (
            100.0 * variable(results, PAIRS, f"{name}{end}", (SIZE,)).values.astype(np.float64)
            for end in ("", "_low", "_high")
        )
        edges = (low, high) if series is not None else (None, None)
        lines.append(Line(label, sizes, value, *edges, series=series, dashed=series is None))
        ends.append(f"{label} {value[-1]:.1f} % [{low[-1]:.1f}, {high[-1]:.1f}]")
    told = f"{', '.join(ends)} with {sizes[-1]:.0f} member{'s' * (len(sizes) > 1)}"
    columns = [f"{name}{end}" for name in CURVES for end in ("", "_low", "_high")]
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            "The share of test examples that at least one of so many members decides right, and that most of their "
            f"votes do; means over subsets of members, with {confidence_of(results, PAIRS)} bands over examples. The "
            "dashed line is one member alone."
        ),
        look_for=(
            "Look at the gap between both curves: answers that are among the members, and that a vote throws away. An "
            "oracle with many members may be right by luck, so its curve is a limit and no promise."
        ),
        panels=(
            Lines(
                title="",
                alt=f"Accuracy against the number of members: {told}.",
                lines=tuple(lines),
                x_label="members",
                y_label="accuracy (% of test examples)",
                decimals=1,
            ),
        ),
        table=long_table(results[PAIRS], [*columns, "num_subsets"]),
        found=(f"Right: {told}.",),
    )


FIGURE = FigureKind(NAME, TITLE, (Need(PAIRS, tuple(CURVES), {SIZE: 2}),), compute)
