"""Random lines through each member: how loss and accuracy change on the way out of its minimum."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from operator import itemgetter

import numpy as np
import xarray as xr

from modescape.core.axes import ALPHA, DIRECTION, MEMBER
from modescape.core.seeds import Stream, derived_seed, torch_generator
from modescape.core.trees import Tree
from modescape.landscapes import Objective
from modescape.studies.context import StudyContext
from modescape.studies.landscapes import POINT_OPTIONS, batch_norm_of, kept_points, name_of, objective
from modescape.studies.step import Step
from modescape.studies.surroundings import Surroundings
from modescape.weights import random_flat

TASK = "random lines"
COLUMNS = {
    "loss": "loss",
    "loss_error": "loss/error",
    "accuracy": "accuracy",
    "accuracy_error": "accuracy/error",
}
"""Stored arrays, and what the objective calls them."""

Place = tuple[float, ...]
"""Member, direction, and the coordinate on the line."""


def _work(context: StudyContext) -> dict[str, xr.Dataset | None]:
    """Measure along all lines; points that a killed study has measured are not measured again."""
    settings = context.settings.surfaces
    members, directions = context.trained, range(settings.line_directions)
    along = np.linspace(-settings.plane_extent, settings.plane_extent, settings.line_points)
    measured = objective(context)
    places = [(float(m), float(d), float(alpha)) for m in members for d in directions for alpha in along]
    found = _found(context, measured, places)
    shape = (len(members), len(directions), len(along))
    columns = {
        name: ([MEMBER, DIRECTION, ALPHA], np.array([values[key] for values in found]).reshape(shape))
        for name, key in COLUMNS.items()
    }
    dataset = xr.Dataset(columns, coords={MEMBER: members, DIRECTION: list(directions), ALPHA: along})
    dataset.attrs = {
        "unit": "filter norms",
        "num_examples": measured.num_examples,
        "num_available": len(context.dataset.test),
        "batch_norm": batch_norm_of(context),
        "seed": context.settings.seed,
    }
    return {"results/lines": dataset}


def _found(context: StudyContext, measured: Objective, places: list[Place]) -> list[Mapping[str, float]]:
    """Return what was found at each place; what a killed study has measured is not measured again."""
    kept = kept_points(context, lines, ())
    known = {place: kept.known(place) for place in places}
    missing = [place for place, values in known.items() if values is None]
    context.progress.start(TASK, len(places))
    context.progress.advance(TASK, len(places) - len(missing))
    for place, values in zip(missing, measured.each(_trees(context, missing)), strict=True):
        kept.keep(place, values)
        known[place] = values
        context.progress.advance(TASK, note=name_of(int(place[0])))
    return [values for values in known.values() if values is not None]


def _trees(context: StudyContext, places: list[Place]) -> Iterator[Tree]:
    """Yield the weights at places; a direction depends on the seed of the run, the member and its own number alone."""
    for (member, direction), group in groupby(places, key=itemgetter(0, 1)):
        around = Surroundings(context, int(member))
        seed = derived_seed(context.settings.seed, Stream.DIRECTION, int(member), int(direction))
        flat = random_flat(around.tree(around.solution), num_axes=1, generator=torch_generator(seed)).flat
        for place in group:
            yield {**around.tree(flat.point(place[2])), **around.buffers}


lines = Step(
    "lines",
    "random lines through each member",
    ("results/lines",),
    _work,
    options=(*POINT_OPTIONS, "plane_extent", "line_directions", "line_points"),
)
