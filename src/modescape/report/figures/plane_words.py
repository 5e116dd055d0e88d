"""What was found on a plane through weight space, in plain sentences with the numbers."""

import json
from collections.abc import Sequence
from itertools import combinations
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import ALPHA, BETA, CURVE, MEMBER, POINT
from modescape.report.drawables import Place, Surface
from modescape.report.drawables.surface import NEARLY_ALL
from modescape.report.figures.paths import CURVES
from modescape.report.figures.plane_surfaces import NEAR, Field
from modescape.report.inputs import labels

MAX_SIDES: Final = 3
"""Straight lines between marked networks that are told."""
NUM_PLACES: Final = 101
"""Places along a straight line at which the surface is read."""
MUCH_LARGER: Final = 3.0
"""Largest over usual standard error from which the largest is told too."""
NUM_ANGLES: Final = 72
"""Directions in which the surface is read on a circle."""


def how_measured(dataset: xr.Dataset, fields: Sequence[Field]) -> str:
    """Say at how many points, on how many examples and how exactly a plane was measured.

    Args:
        dataset: A plane or a line.
        fields: What is drawn of it.
    """
    attrs, sentences = dataset.attrs, []
    number, available = attrs.get("num_examples"), attrs.get("num_available")
    if number is not None:
        part = f"{number:,} of {available:,}" if available is not None and available > number else f"{number:,}"
        sentences.append(f"Measured on {part} examples{_standard_errors(fields)}.")
    measured, points = attrs.get("num_measured"), attrs.get("num_points")
    if measured is not None and points is not None and measured < points:
        dots = " (white dots)" if measured <= NEARLY_ALL * points else ""
        sentences.append(
            f"{measured:,} of {points:,} points were measured{dots}; the others are interpolated"
            f"{_interpolation_errors(attrs, fields)}."
        )
    if attrs.get("batch_norm") == "renewed":
        sentences.append("Batch norm statistics are computed anew for every point.")
    return " ".join(sentences)


def _standard_errors(fields: Sequence[Field]) -> str:
    """Say the usual standard error of each metric that has one, and the largest where that is much larger."""
    told = []
    for field in fields:
        known = np.zeros(0) if field.errors is None else field.errors[np.isfinite(field.errors)]
        if known.size and known.max() > 0:
            usual, largest = float(np.median(known)), float(known.max())
            beyond = f" (up to {_rounded(largest)})" if largest > MUCH_LARGER * usual else ""
            told.append(f"{field.label.split(' (')[0]} {_rounded(usual)} {_change_unit(field)}".strip() + beyond)
    return f", standard error of {', '.join(told)}" if told else ""


def _change_unit(field: Field) -> str:
    """Return the unit of a difference of two numbers of a metric."""
    return "percentage points" if field.unit == "%" else field.unit


def _interpolation_errors(attrs: dict[str, object], fields: Sequence[Field]) -> str:
    """Say the largest error of interpolated numbers, as it was estimated."""
    try:
        errors = json.loads(str(attrs.get("interpolation_error", "{}")))
    except json.JSONDecodeError:
        return ""
    told = []
    for name, field in (("loss", "Loss"), ("accuracy", "Accuracy")):
        found = next((one for one in fields if one.title == field), None)
        if found is not None and isinstance(errors.get(name), int | float) and np.isfinite(errors[name]):
            error = (100.0 if found.unit == "%" else 1.0) * float(errors[name])
            reaches = f" where it reaches {found.shown(float(found.finite.max()))}" if found.is_steep else ""
            told.append(f"{name} {_rounded(error)} {_change_unit(found)}".strip() + reaches)
    return f", with an estimated error of at most {', '.join(told)}" if told else ""


def _rounded(value: float) -> str:
    """Write a number with two digits that count.

    >>> _rounded(0.03149), _rounded(12.3)
    ('0.031', '12')
    """
    return f"{value:.2g}"


def found_on(dataset: xr.Dataset, surfaces: Sequence[Surface]) -> tuple[str, ...]:
    """Say what was found on a plane, by what spans it.

    Args:
        dataset: The plane.
        surfaces: Its surfaces, the loss first.
    """
    kind = dataset.attrs.get("kind")
    sentences = [*_explained(dataset), *_curves(dataset, surfaces[0])] if kind in ("trajectory", "curve") else []
    if kind == "random":
        sentences += _around(dataset, surfaces)
    elif kind != "trajectory":
        sentences += _between(surfaces, skip_first=bool(sentences))
    return (*sentences, *_residuals(dataset))


def _read(surface: Surface, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Read a surface at places, in its own unit."""
    drawn = surface.at(x, y)
    return 10.0**drawn if surface.log_color else drawn


def _shown(surface: Surface, value: float) -> str:
    """Write a number of a surface with its unit."""
    return f"{value:.{surface.decimals}f} {surface.unit}".strip()


def _between(surfaces: Sequence[Surface], *, skip_first: bool) -> list[str]:
    """Say how the loss climbs between marked solutions, and how the function changes from one to the other."""
    stars = [place for place in surfaces[0].places if place.symbol == "star"]
    sentences = []
    for first, second in list(combinations(stars, 2))[:MAX_SIDES]:
        values = _read(surfaces[0], *_way(first, second))
        if np.isfinite(values).all() and not skip_first:
            ends = max(float(values[0]), float(values[-1]))
            sentences.append(
                f"Straight from {first.name} to {second.name} the loss reaches {_shown(surfaces[0], values.max())}; "
                f"at the ends it is at most {_shown(surfaces[0], ends)}."
            )
    return [*sentences, *_agreements(surfaces, stars)]


def _way(first: Place, second: Place) -> tuple[np.ndarray, np.ndarray]:
    """Return places along a straight line."""
    share = np.linspace(0, 1, NUM_PLACES)
    return first.x + share * (second.x - first.x), first.y + share * (second.y - first.y)


def _agreements(surfaces: Sequence[Surface], stars: Sequence[Place]) -> list[str]:
    """Say how far other solutions agree with the first reference."""
    for surface in surfaces:
        name = surface.title.removeprefix("Agreement with ")
        others = [place for place in stars if place.name != name]
        if surface.title == name or not others:
            continue
        values = _read(surface, *(np.array([getattr(place, axis) for place in others]) for axis in ("x", "y")))
        if np.isfinite(values).all():
            told = " and ".join(
                f"with {place.name} on {_shown(surface, one)}" for place, one in zip(others, values, strict=True)
            )
            return [f"{name[0].upper()}{name[1:]} agrees {told} of examples."]
    return []


def _around(dataset: xr.Dataset, surfaces: Sequence[Surface]) -> list[str]:
    """Say what holds half way to the edge of a random plane, and how far from orthogonal its directions were."""
    surface, sentences = surfaces[0], []
    angle = np.linspace(0, 2 * np.pi, NUM_ANGLES, endpoint=False)
    radius = 0.5 * float(min(np.abs(surface.x[[0, -1]]).min(), np.abs(surface.y[[0, -1]]).min()))
    values = _read(surface, radius * np.cos(angle), radius * np.sin(angle))
    middle = float(_read(surface, np.zeros(1), np.zeros(1))[0])
    if np.isfinite(values).all() and np.isfinite(middle):
        sentences.append(
            f"The loss is {_shown(surface, middle)} in the middle, and {radius:g} {dataset.attrs.get('unit', '')} away "
            f"it is between {_shown(surface, values.min())} and {_shown(surface, values.max())}."
        )
    cosine = float(dataset.attrs.get("cosine", np.nan))
    if np.isfinite(cosine):
        sentences.append(f"The cosine of the two random directions was {cosine:.4f}; they are drawn at right angles.")
    return sentences


def _explained(dataset: xr.Dataset) -> list[str]:
    """Say how much of the ways the two axes hold."""
    shares = [100.0 * float(dataset.attrs.get(f"explained_{axis}", np.nan)) for axis in (ALPHA, BETA)]
    if not np.isfinite(shares).all():
        return []
    return [
        f"The two axes hold {shares[0]:.1f} % and {shares[1]:.1f} % of the squared distances between the checkpoints "
        f"and the origin, together {sum(shares):.1f} %; the rest leads out of the plane."
    ]


def _curves(dataset: xr.Dataset, loss: Surface) -> list[str]:
    """Say how high the loss climbs along each curve."""
    if "curve_loss" not in dataset:
        return []
    told = []
    for name, values in zip(labels(dataset["curve_loss"], CURVE), dataset["curve_loss"].values, strict=True):
        if np.isfinite(values).any():
            told.append(f"{_shown(loss, float(np.nanmax(values)))} along the {CURVES.get(name, (name, 0))[0]}")
    return [f"The loss reaches {' and '.join(told)}."] if told else []


def _residuals(dataset: xr.Dataset) -> list[str]:
    """Say how far from the plane the ways and the marked networks lie that are drawn onto it."""
    sentences = []
    if "path_residual" in dataset:
        residual = dataset["path_residual"].transpose(MEMBER, ...).values
        if np.isfinite(residual).any() and np.nanmax(residual) > NEAR:
            sentences.append(
                "Paths of training are projections: their checkpoints lie up to "
                f"{float(np.nanmax(residual)):.3g} from the plane (median {float(np.nanmedian(residual)):.3g}), so "
                "their own loss, told at each point, is not that of the surface below them."
            )
    if "point_residual" in dataset:
        far = [
            f"{name} {float(one):.3g}"
            for name, one in zip(
                labels(dataset["point_residual"], POINT), dataset["point_residual"].values, strict=True
            )
            if np.isfinite(one) and one > NEAR
        ]
        if far:
            sentences.append(f"Not in the plane but drawn onto it, with their distance from it: {', '.join(far)}.")
    return sentences
