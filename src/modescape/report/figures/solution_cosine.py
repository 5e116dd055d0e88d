"""How far apart solutions lie in weight space: the matrix of cosines over all pairs of members."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from modescape.core.axes import MEMBER, MEMBER_OTHER
from modescape.report.drawables import Drawing, Matrix, long_table
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.figures.null import each_once, null_found, null_left_out, null_panel, null_words
from modescape.report.figures.pairs import SOLUTIONS, color_range, drawn_members, solution_details, told
from modescape.report.inputs import member_labels, member_word, off_diagonal, variable

NAME = "solution-cosine"
TITLE = "How far apart are members in weight space?"
SMALLEST_SPAN = 0.02
"""Cosine between the ends of the colours: random directions in 10,000 dimensions already differ by 0.01."""


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return the cosine of the weights of all pairs, the diagonal (1 by definition) left as a gap, beside chance.

    Source: Fort, Hu and Lakshminarayanan (2019), section 3.1 and figure 3, https://arxiv.org/abs/1912.02757.
    Differs from it in leaving out the diagonal, so that the colours tell the pairs apart, and in what chance gives.
    """
    drawn, limit = drawn_members(results[SOLUTIONS])
    array = variable({SOLUTIONS: drawn}, SOLUTIONS, "cosine", (MEMBER, MEMBER_OTHER))
    pairs = off_diagonal(array)
    rows, columns = member_labels(array), member_labels(array, MEMBER_OTHER)
    matrix = Matrix(
        title="",
        alt=(f"Matrix of the weight cosine between {len(rows)} members: {told(pairs, 3)}."),
        values=array.where(array[MEMBER] != array[MEMBER_OTHER]).values.astype(np.float64),
        rows=rows,
        columns=columns,
        word=member_word(array),
        color_label="cosine of the weights",
        color_range=color_range(pairs, SMALLEST_SPAN),
        colors="viridis",
        decimals=3,
        details=solution_details({**results, SOLUTIONS: drawn}),
    )
    beside = null_panel(results, each_once(variable(results, SOLUTIONS, "cosine", (MEMBER, MEMBER_OTHER))))
    words = " ".join(part for part in (null_words(results), null_left_out(results)) if part)
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            "Each cell is the cosine of the angle between all weights of two members; "
            f"the grey diagonal is 1 by definition, so the colours span the pairs only.{limit}"
            f"{f' {words}' if words else ''}"
        ),
        look_for=(
            "Look at the size of the numbers: values near 0 are directions with nothing in common, as independent "
            "training gives; a brighter block is a group of members that share a start."
            f"{' Pairs inside the grey bands are as far apart as chance alone puts networks.' if beside else ''}"
        ),
        panels=(matrix,) if beside is None else (matrix, beside),
        table=long_table(results[SOLUTIONS], ["cosine"]),
        found=tuple(null_found(results)),
    )


FIGURE = FigureKind(NAME, TITLE, (Need(SOLUTIONS, ("cosine",), {MEMBER: 2}),), compute)
