"""How often two solutions answer differently: the matrix over all pairs of members."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from modescape.core.axes import MEMBER, MEMBER_OTHER
from modescape.report.drawables import Drawing, Matrix, long_table
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.figures.pair_details import MAX_MEASURED, PAIRS, pair_details
from modescape.report.figures.pairs import SOLUTIONS, color_range, drawn_members, solution_details, told
from modescape.report.inputs import member_labels, member_word, off_diagonal, variable

NAME = "solution-disagreement"
TITLE = "How often do members answer differently?"
SMALLEST_SPAN = 1.0
"""Percentage points between the ends of the colours: a finer difference needs 10,000 examples to be seen at all."""


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return the disagreement of all pairs in percent, the diagonal (0 by definition) left as a gap.

    Source: Fort, Hu and Lakshminarayanan (2019), section 3.1 and figure 3, https://arxiv.org/abs/1912.02757.
    Differs from it in leaving out the diagonal, so that the colours tell the pairs apart.
    """
    dataset, limit = drawn_members(results[SOLUTIONS])
    array = 100.0 * variable({SOLUTIONS: dataset}, SOLUTIONS, "disagreement", (MEMBER, MEMBER_OTHER))
    pairs = off_diagonal(array)
    rows, members = member_labels(array), array[MEMBER].values.tolist()
    num_examples = dataset.attrs.get("num_examples")
    examples = f"{num_examples:,} examples" if num_examples else "examples"
    matrix = Matrix(
        title="",
        alt=(f"Matrix of the disagreement between {len(rows)} members over {examples}: {told(pairs, 1, '%')}."),
        values=array.where(array[MEMBER] != array[MEMBER_OTHER]).values.astype(np.float64),
        rows=rows,
        columns=member_labels(array, MEMBER_OTHER),
        word=member_word(array),
        color_label="disagreement (% of examples)",
        color_range=color_range(pairs, SMALLEST_SPAN),
        colors="cividis",
        decimals=1,
        details=(*solution_details({SOLUTIONS: dataset}), *pair_details(results, members)),
    )
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            f"Each cell is the share of {examples} to which two members give a different class; "
            f"the grey diagonal is 0 by definition, so the colours span the pairs only.{limit}{_more(results, members)}"
        ),
        look_for=(
            "Look for one even colour (all members differ alike); a darker block is a group of members that "
            "answer alike, and a darker or brighter row is one member that stands apart."
        ),
        panels=(matrix,),
        table=long_table(
            dataset,
            ["disagreement", "disagreement_low", "disagreement_high", "accuracy", "accuracy_low", "accuracy_high"],
        ),
    )


def _more(results: Mapping[str, xr.Dataset], members: list[int]) -> str:
    """Say what a chosen pair shows, and for which pairs it is kept."""
    if PAIRS not in results:
        return ""
    kept = f" (measures: of the first {MAX_MEASURED} members)" if len(members) > MAX_MEASURED else ""
    return f" A chosen pair tells where and on which examples it differs{kept}."


FIGURE = FigureKind(NAME, TITLE, (Need(SOLUTIONS, ("disagreement",), {MEMBER: 2}),), compute)
