"""All layers of one member against all layers of another: does the same layer do the same work?"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import LAYER, LAYER_OTHER
from modescape.report.drawables import Drawing, Matrix, NumberDetail, long_table
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.figures.pairs import color_range
from modescape.report.figures.representations import REPRESENTATIONS
from modescape.report.inputs import labels, member_labels, member_word, optional, variable

NAME: Final = "cross-layers"
TITLE: Final = "Does the same layer do the same work in another member?"
DIMS: Final = (LAYER, LAYER_OTHER)
SMALLEST_SPAN: Final = 0.1


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return the CKA of each layer of the first member with each layer of the second.

    Source: Kornblith et al. (2019), section 6.1, https://arxiv.org/abs/1905.00414
    """
    cross = variable(results, REPRESENTATIONS, "cross", DIMS)
    values = cross.values.astype(np.float64)
    rows, columns = labels(cross, LAYER), labels(cross, LAYER_OTHER)
    word = member_word(results[REPRESENTATIONS])
    first, second = (f"{word} {name}".strip() for name in member_labels(results[REPRESENTATIONS])[:2])
    ends = [optional(results, REPRESENTATIONS, f"cross{end}", DIMS) for end in ("_low", "_high")]
    low, high = (None if end is None else end.values.astype(np.float64) for end in ends)
    finite = values[np.isfinite(values)]
    same, away = _same(values), ~np.eye(len(values), dtype=bool)
    matrix = Matrix(
        title="",
        alt=(
            f"Matrix of linear CKA between {len(rows)} layers of {first} and {len(columns)} layers of "
            f"{second}: same layer {_told(values.diagonal())}, other layers {_told(values[away])}."
        ),
        values=values,
        rows=rows,
        columns=columns,
        word="layer",
        color_label="linear CKA",
        color_range=color_range(finite, SMALLEST_SPAN),
        colors="viridis",
        decimals=2,
        details=(NumberDetail("CKA", values, low, high, decimals=3),),
    )
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            f"Each cell is the linear CKA of one layer of {first} (rows) with one layer of {second} "
            "(columns), on the same inputs: 1 where both arrange them alike up to a rotation."
        ),
        look_for=(
            "Look for a bright diagonal: layers at the same depth do the same work. A bright block is a stretch of "
            "layers that change little, as wide or deep networks have."
        ),
        panels=(matrix,),
        table=long_table(results[REPRESENTATIONS], ["cross", "cross_low", "cross_high"]),
        found=(f"For {same} of {len(rows)} layers, the layer of the other member that is most alike is the same one.",),
    )


def _same(values: np.ndarray) -> int:
    """Return how many rows have their largest number on the diagonal."""
    known = np.where(np.isfinite(values), values, -np.inf)
    return int((known.argmax(axis=1) == np.arange(len(known)))[np.isfinite(known.max(axis=1))].sum())


def _told(values: np.ndarray) -> str:
    """Write the mean of the numbers that are there."""
    finite = values[np.isfinite(values)]
    return f"{finite.mean():.2f} on average" if finite.size else "not measured"


FIGURE = FigureKind(NAME, TITLE, (Need(REPRESENTATIONS, ("cross",), {LAYER: 2}),), compute)
