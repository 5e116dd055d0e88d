"""How far minima lie from one another, against the distance of independent weights of the same lengths."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import MEMBER, MEMBER_OTHER
from modescape.report.drawables import Drawing, Matrix, NumberDetail, long_table
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.figures.members import span_of
from modescape.report.figures.minima import MINIMA
from modescape.report.figures.pairs import color_range
from modescape.report.inputs import labels, off_diagonal, optional, variable

NAME: Final = "minima-distances"
TITLE: Final = "Are minima as far apart as chance would put them?"
PAIR: Final = (MEMBER, MEMBER_OTHER)
SMALLEST_SPAN: Final = 0.05
"""Ratio between the ends of the colours, so that a percent is not blown up into a pattern."""
DETAILS: Final = {
    "distance_ratio": ("distance / expected by chance", 4),
    "distance": ("distance", 3),
    "expected_distance": ("expected by chance", 3),
}
"""What a selected pair shows, and its digits."""


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return the ratio of the distance between two solutions to that of independent vectors of the same norms.

    Vectors of norms a and b in independent directions are sqrt(a^2 + b^2) apart, up to a chance that shrinks with the
    number of weights.
    """
    ratio = variable(results, MINIMA, "distance_ratio", PAIR)
    pairs = off_diagonal(ratio)
    attrs = results[MINIMA].attrs
    rows = labels(ratio, MEMBER)
    matrix = Matrix(
        title="",
        alt=f"Matrix of the distance between {len(rows)} minima over that expected by chance: {span_of(pairs, 3)}.",
        values=ratio.where(ratio[MEMBER] != ratio[MEMBER_OTHER]).values.astype(np.float64),
        rows=rows,
        columns=labels(ratio, MEMBER_OTHER),
        word="member",
        color_label="distance / distance expected by chance",
        color_range=color_range(pairs, SMALLEST_SPAN),
        decimals=3,
        details=_details(results),
    )
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            "Each cell is the distance of two solutions over the distance that two vectors of their lengths have when "
            "their directions have nothing in common: 1 is chance, less is nearer."
        ),
        look_for=(
            "Look how far below 1 the numbers are: what members share, such as the start of normalisation layers or "
            "what all networks learn alike, brings them nearer. A dark block is a group of members with a common start."
        ),
        panels=(matrix,),
        table=long_table(results[MINIMA], list(DETAILS)),
        found=tuple(_found(results, pairs, attrs)),
    )


def _details(results: Mapping[str, xr.Dataset]) -> tuple[NumberDetail, ...]:
    """Return what a selected pair shows."""
    details = []
    for name, (label, decimals) in DETAILS.items():
        array = optional(results, MINIMA, name, PAIR)
        if array is not None:
            details.append(NumberDetail(label, array.values.astype(np.float64), decimals=decimals))
    return tuple(details)


def _found(results: Mapping[str, xr.Dataset], pairs: np.ndarray, attrs: Mapping[str, float]) -> list[str]:
    """Say how far apart members are, what chance allows, and how far they are from where they began."""
    told = [f"Members are {span_of(pairs, 3)} times as far apart as independent vectors of their lengths."]
    if "cosine_deviation" in attrs:
        # The ratio is sqrt(1 - cosine) for equal norms, so it moves half as much as the cosine.
        chance = float(attrs["cosine_deviation"])
        parameters = f" with {int(attrs['num_params']):,} weights" if "num_params" in attrs else ""
        told.append(
            f"Chance alone{parameters} keeps 95 of 100 such ratios within {1 - chance:.4f} and {1 + chance:.4f}."
        )
    start = optional(results, MINIMA, "distance_from_start", (MEMBER,))
    apart = off_diagonal(variable(results, MINIMA, "distance", PAIR)) if "distance" in results[MINIMA] else np.array([])
    if start is not None and np.isfinite(start.values).any() and apart.size:
        told.append(
            f"They have moved {span_of(start.values, 2)} from where they began, and lie {span_of(apart, 2)} apart."
        )
    return told


FIGURE = FigureKind(NAME, TITLE, (Need(MINIMA, ("distance_ratio",), {MEMBER: 2}),), compute)
