"""Planes through weight space: loss, accuracy and agreement over the same plane, and what lies on it.

Four figures share what is here: through three solutions, along random directions, along trajectories, and through a
fitted curve.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import BETA
from modescape.core.errors import ArgumentError, Quoted
from modescape.report.drawables import Drawing, Relief, Surface
from modescape.report.drawables.relief import clearest_azimuth
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.figures.plane_lines import line_panels
from modescape.report.figures.plane_surfaces import fields_of, plane_surfaces
from modescape.report.figures.plane_table import plane_table
from modescape.report.figures.plane_words import found_on, how_measured

TITLES: Final = {
    "solutions": "What lies between three solutions?",
    "random": "What does the loss look like around a solution?",
    "trajectory": "Which way did training take through the landscape?",
    "curve": "What does a curve between two solutions go around?",
    "line": "What lies between two networks?",
    "plane": "What does the loss look like over the plane?",
}
"""Headings by what spans the plane."""
SHOWS: Final = {
    "solutions": "Each point is one network of the plane through three solutions, both axes to scale.",
    "random": (
        "Each point is one network of the plane through a solution along two random directions; each filter moves in "
        "proportion to its own norm."
    ),
    "trajectory": (
        "Each point is one network of the plane that holds as much as possible of the checkpoints' distances from the "
        "last one; paths of training are drawn onto it, from the ring to the star."
    ),
    "curve": (
        "Each point is one network of the plane through two solutions and the control point of the curve fitted "
        "between them, both axes to scale."
    ),
    "line": "Each point is one network of a straight line through weight space.",
    "plane": "Each point is one network of a plane through weight space.",
}
"""What is shown, by what spans the plane."""
LOOK_FOR: Final = {
    "solutions": (
        "Look for separate valleys with a wall between them, and then at agreement: networks in one valley answer as "
        "its solution does, and not as the others do, although they are about as accurate."
    ),
    "random": (
        "Look at how wide and how round the floor is, and whether walls are even: a wide round bowl is a flat minimum. "
        "What is narrow in a few of very many directions can't be seen in two random ones."
    ),
    "trajectory": (
        "Look for a long way down into one valley and a short way along its floor. Two paths that come near each other "
        "here may still be far apart in what is not drawn."
    ),
    "curve": (
        "Look for a valley that bends around the hill on the straight line, and then at agreement: where it falls "
        "along the valley, the function changes between equally good networks."
    ),
    "line": "Look for a barrier between valleys, and at which network the function is like.",
    "plane": "Look for valleys and walls, and then at agreement: where it falls, the function changes.",
}
"""What to look for, by what spans the plane."""


def plane_drawing(dataset: xr.Dataset, *, name: str = "landscape", title: str = "", loss_unit: str = "") -> Drawing:
    """Return a whole figure of a plane or a line: the relief, its surfaces, and what was found in words.

    Source: Li et al. (2018), sections 4 and 7, https://arxiv.org/abs/1712.09913, for random planes and planes of
    trajectories; Garipov et al. (2018), figure 1, https://arxiv.org/abs/1802.10026, for planes through solutions.
    Differs from them in drawing accuracy and agreement over the same plane, in telling how far from the plane lies what
    is projected onto it, and in interpolating only to a stated error.

    Args:
        dataset: A plane, or a line with `alpha` only, as steps of a study and `modescape.landscape` store it.
        name: Name of its files and its place on a page.
        title: Heading; that of its kind where empty.
        loss_unit: Unit of the loss, where it is known: `nats` for a cross-entropy.

    Raises:
        ArgumentError: If there is no loss over `alpha` and `beta`, or none of its numbers is finite.
    """
    fields = fields_of(dataset, loss_unit=loss_unit)
    if not fields or not np.isfinite(dataset["loss"].values).any():
        advice = "Measure a plane on which the loss is finite somewhere, such as one of a smaller extent"
        raise ArgumentError("dataset", "hold a loss that is finite somewhere", Quoted("none"), advice)
    surfaces = plane_surfaces(dataset, loss_unit=loss_unit) if BETA in dataset.dims else ()
    given = str(dataset.attrs.get("kind", "plane"))
    kind = "line" if not surfaces else given if given in TITLES and given != "line" else "plane"
    return Drawing(
        name=name,
        title=title or TITLES[kind],
        shows=f"{SHOWS[kind]} {how_measured(dataset, fields)}".strip(),
        look_for=LOOK_FOR[kind],
        panels=(_relief(surfaces), *surfaces) if surfaces else line_panels(dataset, fields),
        table=plane_table(dataset),
        found=found_on(dataset, surfaces) if surfaces else (),
    )


def _relief(surfaces: Sequence[Surface]) -> Relief:
    """Return all surfaces of a plane in three dimensions."""
    loss = surfaces[0]
    ways = ", ".join(way.name for way in (*loss.walks, *loss.curves))
    alt = f"{loss.title} as heights over the plane, seen from the side{f', with {ways}' if ways else ''}."
    return Relief("The plane in three dimensions", alt, tuple(surfaces), clearest_azimuth(loss))


def _kind(name: str, kind: str) -> FigureKind:
    """Return the figure of one of the steps that measure planes."""

    def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
        return plane_drawing(results[name], name=name, title=TITLES[kind], loss_unit="nats")

    return FigureKind(name, TITLES[kind], (Need(name, ("loss",)),), compute)


SOLUTIONS_PLANE: Final = _kind("solutions-plane", "solutions")
RANDOM_PLANE: Final = _kind("random-plane", "random")
TRAJECTORY_PLANE: Final = _kind("trajectory-plane", "trajectory")
CURVE_PLANE: Final = _kind("curve-plane", "curve")
