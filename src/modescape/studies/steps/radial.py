"""The radial cut: the plane through the origin and two solutions, on a polar grid."""

import math
from collections.abc import Iterator

import numpy as np
import xarray as xr
from torch import Tensor

from modescape.core.axes import ANGLE, PAIR, RADIUS
from modescape.landscapes import has_running_statistics, landscape_of
from modescape.studies.context import StudyContext
from modescape.studies.landscapes import OPTIONS, check_pairs, landscape_examples, member_pairs, predictions_at
from modescape.studies.pieces import Piece, Pieces
from modescape.studies.step import Step
from modescape.studies.surroundings import Surroundings
from modescape.weights import RadialPlane

BEYOND = 1.5
"""The grid reaches this far beyond the solution that is farther from the origin; the paper's figure does so."""
TASK = "radial cut"
FIELDS = ("loss", "accuracy", "agreement_first", "agreement_second")


def _work(context: StudyContext) -> dict[str, xr.Dataset | None]:
    """Cut through each pair."""
    pieces, settings = Pieces(context, radial), context.settings.landscape
    pairs = member_pairs(context)
    context.progress.start(TASK, len(pairs) * settings.radii * settings.angles)
    cuts = [
        pieces.piece(f"pair-{first}-{second}", lambda pair=(first, second): _cut(context, pair))
        for first, second in pairs
    ]
    renewed = settings.renew_batch_norm and has_running_statistics(context.task.network(0))
    dataset = xr.Dataset(
        {
            **{name: ([PAIR, RADIUS, ANGLE], np.stack([cut[name] for cut in cuts])) for name in FIELDS},
            "radius_first": ([PAIR], np.array([cut["radii"][0] for cut in cuts])),
            "radius_second": ([PAIR], np.array([cut["radii"][1] for cut in cuts])),
            "angle_second": ([PAIR], np.array([float(cut["angle"]) for cut in cuts])),
            "largest_radius": ([PAIR], np.array([BEYOND * cut["radii"].max() for cut in cuts])),
        },
        coords={
            PAIR: [f"{first}-{second}" for first, second in pairs],
            RADIUS: _fractions(context),
            ANGLE: _angles(context),
        },
        attrs={
            "num_examples": len(landscape_examples(context)),
            "batch_norm": "renewed" if renewed else "none",
        },
    )
    return {"results/radial": dataset}


def _cut(context: StudyContext, pair: tuple[int, int]) -> Piece:
    """Evaluate the plane of one pair."""
    first, second = (Surroundings(context, member).solution for member in pair)
    flat = RadialPlane(first, second)
    farthest = BEYOND * max(flat.radius_first, flat.radius_second)
    examples = landscape_examples(context)
    own = [found.argmax(axis=1) for found in predictions_at(context, pair, [(first, 0.0), (second, 1.0)], examples)]

    def points() -> Iterator[tuple[Tensor, float]]:
        for fraction in _fractions(context):
            for angle in _angles(context):
                share = min(max(angle / flat.angle_of_second, 0.0), 1.0)
                yield flat.point(farthest * fraction, angle), share

    def noted() -> Iterator[np.ndarray]:
        for probabilities in predictions_at(context, pair, points(), examples):
            context.progress.advance(TASK)
            yield probabilities

    surface = landscape_of(noted(), examples.labels.numpy(), own)
    shape = (len(_fractions(context)), len(_angles(context)))
    fields = (surface.loss, surface.accuracy, *surface.agreement)
    return {
        **{name: np.asarray(values).reshape(shape) for name, values in zip(FIELDS, fields, strict=True)},
        "radii": np.array([flat.radius_first, flat.radius_second]),
        "angle": np.array(flat.angle_of_second),
    }


def _fractions(context: StudyContext) -> np.ndarray:
    """Return the distances from the origin, as fractions of the largest."""
    number = context.settings.landscape.radii
    return np.arange(1, number + 1) / number


def _angles(context: StudyContext) -> np.ndarray:
    """Return the directions all around, the first solution's own among them, in radians."""
    number = context.settings.landscape.angles
    return (np.arange(number) - number // 2) * (2 * math.pi / number)


radial = Step(
    "radial",
    "the radial cut through two solutions",
    ("results/radial",),
    _work,
    options=(*OPTIONS, "radii", "angles"),
    check=check_pairs,
)
