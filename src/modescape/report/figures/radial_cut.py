"""The plane through the origin and two solutions: accuracy, loss and agreement with either, in polar coordinates."""

from collections.abc import Mapping
from typing import Final, Literal

import numpy as np
import xarray as xr
from jaxtyping import Float

from modescape.core.axes import ANGLE, PAIR, RADIUS
from modescape.report.drawables import Drawing, Mark, PolarSurface, long_table
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.figures.pairs import color_range
from modescape.report.inputs import optional, variable

NAME: Final = "radial-cut"
TITLE: Final = "What lies between two solutions?"
RADIAL: Final = "radial"
GRID: Final = (RADIUS, ANGLE)
MAX_PAIRS: Final = 3
"""Pairs drawn, each with four surfaces; the data to download hold all."""
LOG_RATIO: Final = 20.0
"""Largest over smallest loss from which linear colours would show only the worst corner."""
SMALLEST_SPAN: Final = 1.0
"""Percentage points between the ends of the colours."""
SHARES: Final = ("accuracy", "agreement_first", "agreement_second")


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return polar surfaces of accuracy, loss and agreement with either solution, for each pair, up to `MAX_PAIRS`.

    Source: Fort, Hu and Lakshminarayanan (2019), https://arxiv.org/abs/1912.02757. Differs from it in drawing the loss
    too, and in cells instead of smoothed levels.
    """
    dataset = results[RADIAL]
    variable(results, RADIAL, "accuracy", (PAIR, *GRID))
    cuts = [_cut(dataset, index) for index in range(min(dataset.sizes[PAIR], MAX_PAIRS))]
    examples = f" on {dataset.attrs['num_examples']:,} test examples" if "num_examples" in dataset.attrs else ""
    renewed = dataset.attrs.get("batch_norm") == "renewed"
    solutions = f"{_names(cuts[0])[0]} and {_names(cuts[0])[1]}" if len(cuts) == 1 else "two solutions"
    left_out = dataset.sizes[PAIR] - len(cuts)
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            f"Each cell is one network of the plane through the origin, {solutions}, both axes to scale, "
            f"measured{examples}; nothing is smoothed between cells."
            f"{' Batch norm statistics are computed anew for every cell.' if renewed else ''}"
            f"{f' {left_out} more pairs are in the data.' if left_out else ''}"
        ),
        look_for=(
            "Look for two separate wedges of high accuracy: networks in one wedge agree with its solution and not with "
            "the other, although they are about as accurate."
        ),
        panels=tuple(panel for cut in cuts for panel in _panels(cut, with_names=len(cuts) > 1)),
        table=long_table(dataset, ["accuracy", "loss", "agreement_first", "agreement_second", "largest_radius"]),
        found=tuple(sentence for cut in cuts for sentence in _found(cut, _names(cut))),
    )


def _cut(dataset: xr.Dataset, index: int) -> xr.Dataset:
    """Return the plane of one pair, distances in the units of the weights, with its places as attributes."""
    one = dataset.isel({PAIR: index})
    first, _, second = str(one[PAIR].item()).partition("-")
    places = {name: float(one[name]) for name in ("radius_first", "radius_second", "angle_second") if name in one}
    scale = float(one["largest_radius"]) if "largest_radius" in one else 1.0
    return one.assign_coords({RADIUS: scale * one[RADIUS]}).assign_attrs({"first": first, "second": second, **places})


def _names(cut: xr.Dataset) -> tuple[str, str]:
    """Return what the two solutions are called."""
    return f"solution {cut.attrs['first']}", f"solution {cut.attrs['second']}"


def _panels(cut: xr.Dataset, *, with_names: bool) -> list[PolarSurface]:
    """Return the surfaces of one pair."""
    results, (first, second) = {RADIAL: cut}, _names(cut)
    of_pair = f", {first} and {second}" if with_names else ""
    panels = [
        _share(results, "accuracy", f"Accuracy{of_pair}"),
        _loss(results, f"Loss{of_pair}"),
        _share(results, "agreement_first", f"Agreement with {first}{of_pair}"),
        _share(results, "agreement_second", f"Agreement with {second}{of_pair}"),
    ]
    return [panel for panel in panels if panel is not None]


def _share(results: Mapping[str, xr.Dataset], name: str, title: str) -> PolarSurface | None:
    """Return the surface of a share of examples in percent, both agreements in the same colours."""
    array = optional(results, RADIAL, name, GRID)
    if array is None or not np.isfinite(array.values).any():
        return None
    alike = [name] if name == "accuracy" else [other for other in SHARES[1:] if other in results[RADIAL]]
    values = np.concatenate([_finite(results[RADIAL][other].values) for other in alike])
    label = "accuracy (%)" if name == "accuracy" else "agreement (% of examples)"
    ends = color_range(100.0 * values, SMALLEST_SPAN)
    colors = "viridis" if name == "accuracy" else "cividis"
    return _surface(results[RADIAL], 100.0 * array, title, label, ends, colors=colors, decimals=1, unit="%")


def _loss(results: Mapping[str, xr.Dataset], title: str) -> PolarSurface | None:
    """Return the surface of the loss, in logarithmic colours where it spans too much for linear ones."""
    array = optional(results, RADIAL, "loss", GRID)
    if array is None or not np.isfinite(array.values).any():
        return None
    values = _finite(array.values)
    low, high = float(values.min()), float(values.max())
    log_color = low > 0 and high / low > LOG_RATIO
    ends = (low, high) if log_color else color_range(values, 0.1)
    return _surface(results[RADIAL], array, title, "loss (nats)", ends, decimals=3, unit="nats", log_color=log_color)


def _surface(
    dataset: xr.Dataset,
    array: xr.DataArray,
    title: str,
    label: str,
    ends: tuple[float, float],
    *,
    decimals: int,
    unit: str,
    colors: Literal["viridis", "cividis"] = "viridis",
    log_color: bool = False,
) -> PolarSurface:
    """Return one surface with the solutions and the origin marked."""
    values = array.transpose(*GRID).values.astype(np.float64)
    finite = _finite(values)
    return PolarSurface(
        title=title,
        alt=f"{title} in the plane: from {finite.min():.{decimals}f} to {finite.max():.{decimals}f} {unit}.",
        radius=dataset[RADIUS].values.astype(np.float64),
        angle=dataset[ANGLE].values.astype(np.float64),
        values=values,
        marks=_marks(dataset.attrs),
        color_label=label,
        color_range=ends,
        colors=colors,
        decimals=decimals,
        unit=unit,
        log_color=log_color,
        x_label=f"distance along solution {dataset.attrs.get('first', 0)}",
        y_label="distance across it",
    )


def _marks(attrs: Mapping[str, float]) -> tuple[Mark, ...]:
    """Return the origin, and the solutions where it is stored where they lie."""
    marks = [Mark("origin", 0.0, 0.0, "cross")]
    if "radius_first" in attrs:
        marks.append(Mark(f"solution {attrs.get('first', 0)}", float(attrs["radius_first"]), 0.0, "star"))
    if "radius_second" in attrs and "angle_second" in attrs:
        place = (float(attrs["radius_second"]), float(attrs["angle_second"]))
        marks.append(Mark(f"solution {attrs.get('second', 1)}", *place, "diamond"))
    return tuple(marks)


def _found(dataset: xr.Dataset, names: tuple[str, str]) -> tuple[str, ...]:
    """Say what the cells nearest to both solutions and half way between them hold."""
    solutions = _marks(dataset.attrs)[1:]
    if len(solutions) < 2 or any(name not in dataset for name in SHARES):
        return ()
    first, second = solutions
    middle = Mark("", (first.radius + second.radius) / 2, second.angle / 2)
    accuracy, with_first, with_second = (
        [100.0 * _nearest(dataset, name, place) for place in (first, second, middle)] for name in SHARES
    )
    told = [
        f"At the cells nearest to {names[0]} and {names[1]} accuracy is {accuracy[0]:.1f} % and {accuracy[1]:.1f} %; "
        f"they agree with the other solution on {with_second[0]:.1f} % and {with_first[1]:.1f} % of examples.",
        f"Half way between their directions accuracy is {accuracy[2]:.1f} %, with {with_first[2]:.1f} % and "
        f"{with_second[2]:.1f} % agreement with the two.",
    ]
    numbers = ((*accuracy[:2], with_second[0], with_first[1]), (accuracy[2], with_first[2], with_second[2]))
    return tuple(sentence for sentence, held in zip(told, numbers, strict=True) if np.isfinite(held).all())


def _nearest(dataset: xr.Dataset, name: str, place: Mark) -> float:
    """Return the number of the cell nearest to a place, angles compared around the circle."""
    radius, angle = dataset[RADIUS].values, dataset[ANGLE].values
    turn = np.angle(np.exp(1j * (angle - place.angle)))
    cell = {RADIUS: int(np.abs(radius - place.radius).argmin()), ANGLE: int(np.abs(turn).argmin())}
    return float(dataset[name].isel(cell))


def _finite(values: np.ndarray) -> Float[np.ndarray, "value"]:
    """Return the finite values as one row of numbers."""
    return values[np.isfinite(values)].astype(np.float64)


FIGURE = FigureKind(NAME, TITLE, (Need(RADIAL, ("accuracy",)),), compute)
