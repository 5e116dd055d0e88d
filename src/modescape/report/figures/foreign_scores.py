"""How scores are distributed over known and foreign examples."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import BIN, METHOD, ORIGIN, SCORE
from modescape.report.drawables import Drawing, Line, Lines, long_table
from modescape.report.figures.compared import cut, labels_of
from modescape.report.figures.foreign import SCORES, STEP
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.inputs import variable
from modescape.report.methods import in_order, method_named

NAME: Final = "foreign-scores"
TITLE: Final = "How do scores of known and foreign examples differ?"
AXES: Final = {
    "maximum_probability": "largest probability",
    "entropy": "entropy (nats)",
    "mutual_information": "mutual information of members (nats)",
}
"""Labels of the axes. The largest probability is lower for what looks foreign, the others are higher."""
DRAWN: Final = ("independent", "one member")
"""The predictors that are drawn, the first where only one has a score; the data hold all."""


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return one panel for each score and predictor: its density over known and over foreign examples."""
    variable(results, STEP, "density", (METHOD, SCORE, ORIGIN, BIN))
    dataset = results[STEP]
    methods = [method.name for method in in_order(labels_of(dataset, METHOD)) if method.name in DRAWN]
    methods = methods or labels_of(dataset, METHOD)[:1]
    panels = [_panel(dataset, method, score) for method in methods for score in labels_of(dataset, SCORE)]
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            "Each pair of lines is the density of one score over known examples, the test set, and over foreign ones, "
            f"{dataset.attrs.get('foreign', 'data from elsewhere')}."
        ),
        look_for=(
            "Look at how much the lines overlap: where foreign examples lie under the known ones, no threshold tells "
            "them apart; those of an ensemble should lie farther out than those of one member."
        ),
        panels=tuple(panel for panel in panels if panel.lines),
        table=long_table(dataset, ["density", "bin_centre"]),
    )


def _panel(dataset: xr.Dataset, method: str, score: str) -> Lines:
    """Return the densities of one score of one predictor."""
    place = {METHOD: method, SCORE: score}
    centres = cut(dataset, "bin_centre", {SCORE: score})
    drawn = []
    for number, origin in enumerate(("known", "foreign")):
        density = cut(dataset, "density", {**place, ORIGIN: origin})
        if density is not None and centres is not None and np.isfinite(density).any():
            drawn.append(Line(f"{origin} examples", centres, density, series=number, dashed=origin == "foreign"))
    label, name = SCORES.get(score, score), method_named(method).label
    means = [f"{float(line.x @ line.y / line.y.sum()):.3f} over {line.name}" for line in drawn if line.y.sum() > 0]
    return Lines(
        title=f"{name[0].upper()}{name[1:]}",
        alt=f"Density of the {label} of {name}; mean {', '.join(means) or 'not measured'}.",
        lines=tuple(drawn),
        x_label=AXES.get(score, label),
        y_label="density",
        whole_x=False,
        decimals=3,
    )


FIGURE = FigureKind(NAME, TITLE, (Need(STEP, ("density", "bin_centre")),), compute)
