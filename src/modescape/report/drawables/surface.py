"""Surfaces over a plane, with the places, walks and curves that lie on it or near it."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from jaxtyping import Bool, Float

from modescape.core.errors import ArgumentError, Quoted
from modescape.report.drawables.labels import Side, label_sides
from modescape.report.series import Symbol

NUM_LEVELS: Final = 10
"""About how many contour lines a surface gets."""
CHARACTER: Final = (0.022, 0.05)
"""Width and height of a character of a name beside a place, as shares of the longer side."""
GAP: Final = 0.03
"""Distance of a name from the middle of its place, in the same unit."""
NEARLY_ALL: Final = 0.9
"""Share of measured points from which it is not shown which were."""
BEADS: Final = 0.03
"""Least distance between the beads of a walk, as a share of the longer side."""
ROUND_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
"""Steps between numbers that are easy to read, times a power of ten."""
LOG_STEPS: Final = (0.05, 0.1, 0.25, 0.5, 1.0)
"""Steps between contour lines in powers of ten, where colours are logarithmic."""


@dataclass(frozen=True)
class Place:
    """A named place on a surface, such as a solution.

    Args:
        name: What is there; it is written beside it.
        x: Where it is.
        y: Where it is.
        symbol: Its shape.
        note: What else one who points at it is told, such as how far from the plane it lies.
    """

    name: str
    x: float
    y: float
    symbol: Symbol = "star"
    note: str = ""


@dataclass(frozen=True, eq=False)
class Trail:
    """A way over a surface.

    Args:
        name: What it is, for the legend.
        x: Where its points are; NaN where there is none.
        y: Where its points are.
        series: Number of its colour.
        notes: What one who points at each point is told; none where empty.
        dashed: Whether it is dashed.
    """

    name: str
    x: Float[np.ndarray, "point"]
    y: Float[np.ndarray, "point"]
    series: int = 0
    notes: tuple[str, ...] = ()
    dashed: bool = False

    def __post_init__(self) -> None:
        """Check that everything is given once a point."""
        for argument, given in (("y", self.y), ("notes", self.notes or self.x)):
            if len(given) != len(self.x):
                raise ArgumentError(
                    argument, f"hold one entry for each of {len(self.x)} points", Quoted(f"{len(given)}"), "Pair them"
                )

    @property
    def known(self) -> Bool[np.ndarray, "point"]:
        """Which points are there."""
        return np.isfinite(self.x) & np.isfinite(self.y)

    def position(self, progress: float) -> tuple[float, float]:
        """Return where one is who has walked so many points, fractions in between; missing points are walked past.

        >>> Trail("a", np.array([0.0, np.nan, 4.0]), np.array([1.0, np.nan, 1.0])).position(1.5)
        (3.0, 1.0)
        """
        at = np.flatnonzero(self.known)
        return (
            (float(np.interp(progress, at, self.x[at])), float(np.interp(progress, at, self.y[at])))
            if len(at)
            else (np.nan, np.nan)
        )

    def until(self, progress: float) -> "Trail":
        """Return the part that one has walked who has walked so many points."""
        behind = np.flatnonzero(self.known & (np.arange(len(self.x)) < progress))
        x, y = self.position(progress)
        return Trail(self.name, np.append(self.x[behind], x), np.append(self.y[behind], y), self.series)


@dataclass(frozen=True, eq=False)
class Surface:
    """Numbers on a rectangular grid, drawn as contours: straight between neighbours, nothing smoothed.

    Args:
        title: Heading of the panel; may be empty.
        alt: The panel in words, with its main numbers.
        x: Horizontal places, increasing.
        y: Vertical places, increasing.
        values: The numbers; NaN is drawn as a gap.
        color_label: What the colours mean, with the unit.
        color_range: The values at the two ends of the colours; values beyond get the colour of the end.
        places: Named places.
        walks: Ways that are walked step by step, all at the same pace; each has one point for each of `steps`.
        steps: What each point of the walks is called, for example `epoch 3`.
        curves: Other ways.
        measured: Where the numbers were measured and not interpolated; None where all were.
        colors: Name of a colour map that both renderers know.
        decimals: Digits of a value that is pointed at.
        log_color: Whether colours and heights are logarithmic in the values.
        x_label: Label of the horizontal axis, with the unit.
        y_label: Label of the vertical axis, with the unit.
        unit: Written after a value that is pointed at.
        same_scale: Whether both axes have the same unit, and so the same scale.
    """

    title: str
    alt: str
    x: Float[np.ndarray, "x"]
    y: Float[np.ndarray, "y"]
    values: Float[np.ndarray, "x y"]
    color_label: str
    color_range: tuple[float, float]
    places: tuple[Place, ...] = ()
    walks: tuple[Trail, ...] = ()
    steps: tuple[str, ...] = ()
    curves: tuple[Trail, ...] = ()
    measured: Bool[np.ndarray, "x y"] | None = None
    colors: Literal["viridis", "cividis"] = "viridis"
    decimals: int = 2
    log_color: bool = False
    x_label: str = ""
    y_label: str = ""
    unit: str = ""
    same_scale: bool = True

    def __post_init__(self) -> None:
        """Check that the grid is one, that walks keep pace and that logarithmic colours have logarithms."""
        shape = (len(self.x), len(self.y))
        if self.values.shape != shape or min(shape) < 2:
            raise ArgumentError(
                "values",
                f"have one number for each of {shape[0]} places along x and {shape[1]} along y, at least two of each",
                Quoted(f"the shape {self.values.shape}"),
                "Order them as (x, y)",
            )
        for name, places in (("x", self.x), ("y", self.y)):
            if (np.diff(places) <= 0).any():
                raise ArgumentError(name, "increase", places.tolist(), "Sort the places")
        for walk in self.walks:
            if len(walk.x) != len(self.steps):
                rule = f"have one point for each of {len(self.steps)} steps"
                raise ArgumentError("walks", rule, len(walk.x), "Fill steps that are missing with NaN")
        if self.color_range[0] >= self.color_range[1] or (self.log_color and self.color_range[0] <= 0):
            rule = "increase, from a positive number where colours are logarithmic"
            raise ArgumentError("color_range", rule, self.color_range, "Widen the range, or use linear colours")

    @property
    def drawn(self) -> Float[np.ndarray, "x y"]:
        """The numbers on the scale that they are drawn on: their logarithms to base 10, or themselves."""
        return self.scaled(self.values)

    @property
    def drawn_range(self) -> tuple[float, float]:
        """The two ends of the colours on the scale that they are drawn on."""
        low, high = self.scaled(np.array(self.color_range)).tolist()
        return low, high

    @property
    def shares(self) -> Float[np.ndarray, "x y"]:
        """Where each number lies between the ends of the colours, from 0 to 1."""
        low, high = self.drawn_range
        return np.clip((self.drawn - low) / (high - low), 0.0, 1.0)

    @property
    def level_step(self) -> float:
        """Distance between contour lines, on the scale that they are drawn on."""
        low, high = self.drawn_range
        if self.log_color:
            return next((step for step in LOG_STEPS if (high - low) / step <= 1.4 * NUM_LEVELS), 1.0)
        return round_step((high - low) / NUM_LEVELS)

    @property
    def levels(self) -> Float[np.ndarray, "level"]:
        """Where contour lines lie, on the scale that they are drawn on."""
        low, high = self.drawn_range
        step = self.level_step
        return step * np.arange(np.floor(low / step) + 1, np.ceil(high / step))

    @property
    def ticks(self) -> Float[np.ndarray, "tick"]:
        """Numbers to write beside the colours and heights: 1, 2 and 5 times powers of ten, or round steps."""
        low, high = self.color_range
        if not self.log_color:
            step = round_step((high - low) / 4)
            return step * np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1)
        powers = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
        factors = (1.0, 2.0, 5.0) if high / low < FEW_TIMES else (1.0, 3.0) if high / low < MANY_TIMES else (1.0,)
        all_ticks = (powers[:, None] * np.array(factors)).ravel()
        return all_ticks[(all_ticks >= low * (1 - 1e-9)) & (all_ticks <= high * (1 + 1e-9))]

    @property
    def aspect(self) -> float:
        """Width over height of the plane; 1 where the axes have no unit in common."""
        return float((self.x[-1] - self.x[0]) / (self.y[-1] - self.y[0])) if self.same_scale else 1.0

    @property
    def shown_points(self) -> Bool[np.ndarray, "x y"]:
        """The points that were measured, to be shown as dots; none where nearly all were."""
        if self.measured is None or self.measured.mean() > NEARLY_ALL:
            return np.zeros(self.values.shape, bool)
        return self.measured

    def beads(self, walk: Trail) -> Bool[np.ndarray, "point"]:
        """Return which points of a walk are shown as beads: such that they do not touch.

        Args:
            walk: A walk over this surface.
        """
        shown, last = np.zeros(len(walk.x), bool), None
        width, height = (float(np.ptp(places)) for places in (self.x, self.y))
        longest = max(width, height) if self.same_scale else np.array([width, height])
        for number in np.flatnonzero(walk.known):
            place = np.array([walk.x[number], walk.y[number]]) / longest
            if last is None or np.linalg.norm(place - last) >= BEADS:
                shown[number], last = True, place
        return shown

    @property
    def sides_of_names(self) -> tuple[Side, ...]:
        """On which side of each place its name is written."""
        longest = max(float(np.ptp(self.x)), float(np.ptp(self.y)) if self.same_scale else 0.0)
        scale = np.array([1.0, 1.0 if self.same_scale else float(np.ptp(self.x) / np.ptp(self.y))])
        ways = [np.stack(_filled(way), axis=1) for way in (*self.walks, *self.curves)]
        x_ends, y_ends = self.x[[0, -1]], scale[1] * self.y[[0, -1]]
        return label_sides(
            [place.name for place in self.places],
            np.array([[place.x, place.y] for place in self.places]).reshape(-1, 2) * scale,
            np.concatenate([np.zeros((0, 2)), *ways]) * scale,
            character=(CHARACTER[0] * longest, CHARACTER[1] * longest),
            gap=GAP * longest,
            bounds=(*x_ends.tolist(), *y_ends.tolist()),
        )

    def scaled(self, values: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
        """Return numbers on the scale that they are drawn on; what has no logarithm is a gap."""
        if not self.log_color:
            return values.astype(np.float64)
        return np.log10(np.where(values > 0, values, np.nan))

    def at(self, x: Float[np.ndarray, "place"], y: Float[np.ndarray, "place"]) -> Float[np.ndarray, "place"]:
        """Return the number of the surface at places, on the scale that it is drawn on; NaN beside the grid.

        Args:
            x: Horizontal places.
            y: Vertical places.
        """
        row, across = _cell(self.x, x)
        column, up = _cell(self.y, y)
        drawn = self.drawn
        near, far = ((1 - up) * drawn[row + step, column] + up * drawn[row + step, column + 1] for step in (0, 1))
        return (1 - across) * near + across * far


FEW_TIMES: Final = 200.0
"""Highest over lowest number up to which there is room for 1, 2 and 5 times each power of ten."""
MANY_TIMES: Final = 20000.0
"""Highest over lowest number up to which there is room for 1 and 3 times each power of ten."""


def round_step(width: float) -> float:
    """Return the smallest step that is easy to read and no smaller than a width.

    >>> round_step(0.13), round_step(37.0)
    (0.2, 50.0)
    """
    power = 10.0 ** np.floor(np.log10(width))
    return float(next(step * power for step in ROUND_STEPS if step * power >= width * (1 - 1e-9)))


def _filled(trail: Trail) -> tuple[Float[np.ndarray, "place"], Float[np.ndarray, "place"]]:
    """Return a way with places between its points, so that what lies between them counts too."""
    x, y = trail.x[trail.known], trail.y[trail.known]
    if not len(x):
        return x, y
    at = np.linspace(0, len(x) - 1, 5 * len(x))
    return np.interp(at, np.arange(len(x)), x), np.interp(at, np.arange(len(x)), y)


def _cell(
    edges: Float[np.ndarray, "edge"], places: Float[np.ndarray, "place"]
) -> tuple[np.ndarray, Float[np.ndarray, "place"]]:
    """Return the cell that each place lies in, and how far across it; NaN beside the grid."""
    slack = 1e-9 * (edges[-1] - edges[0])
    inside = (places >= edges[0] - slack) & (places <= edges[-1] + slack)
    kept = np.clip(np.where(inside, places, edges[0]), edges[0], edges[-1])
    cell = np.clip(np.searchsorted(edges, kept, side="right") - 1, 0, len(edges) - 2)
    return cell, np.where(inside, (kept - edges[cell]) / (edges[cell + 1] - edges[cell]), np.nan)
