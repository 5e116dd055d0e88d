"""Grids over a line or a plane: uniform ones, and such that measure closely only where the surface bends."""

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from jaxtyping import Bool, Float

from modescape.core.checks import check_at_least
from modescape.core.errors import ArgumentError, Quoted
from modescape.core.progress import Progress, Silent
from modescape.landscapes.lattices import Filled, filled, first_points

Point: TypeAlias = tuple[float, ...]
Evaluate: TypeAlias = Callable[[Iterable[Point]], Iterator[Mapping[str, float]]]
"""Measures at points, lazily and in their order: for each one what was found, by name."""

ERROR = "/error"
"""How the names of standard errors end."""

LOG_RATIO = 20.0
"""Positive values whose largest is more than so many times the smallest are drawn on a logarithmic scale."""

ROUNDING = 1e-6
"""Share of the largest value below which differences are rounding in single precision, which no grid refines."""


class Kept(Protocol):
    """What was measured before."""

    def known(self, point: Point) -> Mapping[str, float] | None:
        """Return what was found at a point, or None."""
        ...

    def keep(self, point: Point, values: Mapping[str, float]) -> None:
        """Keep what was found at a point."""
        ...


@dataclass(frozen=True)
class Surface:
    """What was found over a line or a plane.

    Attributes:
        coordinates: Places along each axis, increasing, both ends of the range included.
        values: For each name one value a point, the first axis of the array being the first coordinate; predicted
            where nothing was measured.
        measured: Which points were measured.
        errors: For each refined name the largest error that predicted values are expected to have, in its units.
        num_measured: How many points were measured.
        logarithmic: Names whose tolerance was applied to their logarithm.
    """

    coordinates: tuple[Float[np.ndarray, "place"], ...]
    values: dict[str, Float[np.ndarray, "*axes"]]
    measured: Bool[np.ndarray, "*axes"]
    errors: dict[str, float]
    num_measured: int
    logarithmic: tuple[str, ...] = ()


def uniform_surface(
    evaluate: Evaluate,
    coordinates: Sequence[Float[np.ndarray, "place"]],
    *,
    kept: Kept | None = None,
    progress: Progress | None = None,
    task: str = "landscape",
) -> Surface:
    """Measure at every point of a grid.

    Args:
        evaluate: Measures at points.
        coordinates: Places along each of one or two axes, increasing.
        kept: Points known from before, which are not measured again; new ones are added.
        progress: Told of each point.
        task: What to call the work.

    Raises:
        ArgumentError: If there are no axes, or places are not finite and increasing.

    >>> found = uniform_surface(
    ...     lambda points: ({"loss": x + 10 * y} for x, y in points), [np.array([0.0, 1.0]), np.array([0.0, 1.0, 2.0])]
    ... )
    >>> found.values["loss"].tolist()
    [[0.0, 10.0, 20.0], [1.0, 11.0, 21.0]]
    """
    _check_dimensions(len(coordinates), "coordinates")
    lattice = _Lattice([_checked_axis(axis, "coordinates") for axis in coordinates], evaluate, kept)
    bar = _Bar(progress or Silent(), task)
    lattice.measure(np.ones(lattice.measured.shape, dtype=bool), bar)
    bar.finish(f"{lattice.measured.size} points")
    return lattice.surface({})


def adaptive_surface(
    evaluate: Evaluate,
    ranges: Sequence[tuple[float, float]],
    *,
    num: int = 33,
    coarse: int = 9,
    tolerance: float = 0.02,
    refine: Sequence[str] | None = None,
    log: Collection[str] = ("loss",),
    least: Callable[[str], float] = lambda _: 0.0,
    kept: Kept | None = None,
    progress: Progress | None = None,
    task: str = "landscape",
) -> Surface:
    """Measure coarsely, and then closely where the surface bends, until what is predicted between is close enough.

    A coarse lattice is measured as a whole, and every other midpoint of its cells. Finer ones are measured where
    predictions from coarser ones may miss by more than the tolerance, judged by how much those around have missed.
    What is narrower than the coarse lattice and touches none of its points is not seen. Which points are measured
    depends on nothing but the surface.

    Args:
        evaluate: Measures at points; points come level by level.
        ranges: The ends of each of one or two axes, which are measured too.
        num: Points along each axis at the finest, 2**k + 1.
        coarse: Points along each axis that are always measured, 2**k + 1.
        tolerance: Largest error of predicted values, as a share of the range of the values that were measured.
        refine: Names that must reach the tolerance; by default all but standard errors (`/error`).
        log: Names that reach it in their logarithm where they are positive and the largest is more than 20 times the
            smallest.
        least: For each name a difference below which nothing is refined, in its units, whatever the tolerance.
        kept: Points known from before, which are not measured again; new ones are added.
        progress: Told of each point; the total grows from level to level.
        task: What to call the work.

    Raises:
        ArgumentError: If a number is out of bounds, a range is empty, or a name to refine was not measured.

    >>> found = adaptive_surface(lambda points: ({"loss": 1 + x**2} for (x,) in points), [(-1.0, 1.0)], num=129)
    >>> len(found.values["loss"]), found.num_measured, float(found.values["loss"][64])
    (129, 13, 1.0)
    """
    _check_dimensions(len(ranges), "ranges")
    _check_adaptive(num, coarse, tolerance)
    lattice = _Lattice([_checked_axis(_places(ends, num), "ranges") for ends in ranges], evaluate, kept)
    bar = _Bar(progress or Silent(), task)
    wanted = first_points(num, coarse, len(ranges))
    views: dict[str, _View] = {}
    while wanted.any():
        lattice.measure(wanted, bar)
        names = _checked_names(refine, lattice.values)
        views = {name: _view(lattice, name, (tolerance, least(name)), logarithmic=name in log) for name in names}
        wanted = np.logical_or.reduce([view.filled.wanted for view in views.values()])
    bar.finish(f"{lattice.measured.sum()} of {lattice.measured.size} points")
    return lattice.surface(views)


class _Bar:
    """Progress with a growing total: the last point is told of when it is known that it is the last."""

    def __init__(self, progress: Progress, task: str) -> None:
        self._progress, self._task = progress, task
        self._done = self._total = 0

    def start(self, num_points: int, num_known: int) -> None:
        """Begin so many more points, of which some are known already."""
        self._total += num_points
        self._progress.start(self._task, self._total)
        self._done += num_known
        told = min(self._done, self._total - 1)
        if told:
            self._progress.advance(self._task, told)

    def advance(self) -> None:
        """Tell of a point."""
        self._done += 1
        if self._done < self._total:
            self._progress.advance(self._task)

    def finish(self, note: str) -> None:
        """Tell that there are no more points."""
        self._progress.advance(self._task, 1, note)


class _Lattice:
    """A grid, and what is known at its points."""

    def __init__(self, axes: Sequence[Float[np.ndarray, "place"]], evaluate: Evaluate, kept: Kept | None) -> None:
        self.axes, self._evaluate, self._kept = tuple(axes), evaluate, kept
        self.measured: Bool[np.ndarray, "*axes"] = np.zeros([len(axis) for axis in axes], dtype=bool)
        self.values: dict[str, Float[np.ndarray, "*axes"]] = {}

    def measure(self, wanted: Bool[np.ndarray, "*axes"], bar: _Bar) -> None:
        """Measure at points, but for those known from before."""
        places = [tuple(place) for place in np.argwhere(wanted).tolist()]
        kept = self._kept
        known = {} if kept is None else {place: kept.known(self._point(place)) for place in places}
        unknown = [place for place in places if known.get(place) is None]
        bar.start(len(places), len(places) - len(unknown))
        for place, values in known.items():
            if values is not None:
                self._note(place, values)
        found = self._evaluate(self._point(place) for place in unknown)
        for place, values in zip(unknown, found, strict=True):
            if kept is not None:
                kept.keep(self._point(place), values)
            self._note(place, values)
            bar.advance()

    def surface(self, views: Mapping[str, "_View"]) -> Surface:
        """Return what is known, predictions included."""
        return Surface(
            self.axes,
            {
                name: views[name].values(array, self.measured) if name in views else self._between(name)
                for name, array in self.values.items()
            },
            self.measured,
            {name: view.error(self.measured) for name, view in views.items()},
            int(self.measured.sum()),
            tuple(name for name, view in views.items() if view.logarithmic),
        )

    def _between(self, name: str) -> Float[np.ndarray, "*axes"]:
        """Return values that no one refines, with predictions that stay between the measured ones."""
        if self.measured.all():
            return self.values[name]
        numbers = self.numbers(name)
        found = filled(self.values[name], self.measured).values
        return np.clip(found, numbers.min(), numbers.max()) if numbers.size else found

    def numbers(self, name: str) -> Float[np.ndarray, "number"]:
        """Return the measured values that are numbers."""
        return self.values[name][self.measured & np.isfinite(self.values[name])]

    def _point(self, place: tuple[int, ...]) -> Point:
        return tuple(float(axis[index]) for axis, index in zip(self.axes, place, strict=True))

    def _note(self, place: tuple[int, ...], values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self.values.setdefault(name, np.full(self.measured.shape, np.nan))[place] = value
        self.measured[place] = True


@dataclass(frozen=True)
class _View:
    """Values filled in on the scale that they are judged on."""

    filled: Filled
    logarithmic: bool

    def values(
        self, original: Float[np.ndarray, "*axes"], measured: Bool[np.ndarray, "*axes"]
    ) -> Float[np.ndarray, "*axes"]:
        """Return the values in their own units, measured ones to the bit."""
        return np.where(measured, original, np.exp(self.filled.values)) if self.logarithmic else self.filled.values

    def error(self, measured: Bool[np.ndarray, "*axes"]) -> float:
        """Return the largest error expected of predictions that are numbers, in the units of the values."""
        at = ~measured & np.isfinite(self.filled.values)
        errors = self.filled.errors[at]
        if self.logarithmic:
            errors = np.exp(self.filled.values[at]) * np.expm1(errors)
        return float(errors.max(initial=0.0))


def _view(lattice: _Lattice, name: str, limits: tuple[float, float], *, logarithmic: bool) -> _View:
    """Fill in the values of one name, to a share of the range or to a difference, whichever is larger."""
    tolerance, least = limits
    numbers = lattice.numbers(name)
    positive = numbers.size > 0 and numbers.min() > 0.0
    logarithmic = logarithmic and positive and bool(numbers.max() / numbers.min() > LOG_RATIO)
    values = lattice.values[name]
    if logarithmic:
        values, numbers = np.log(np.where(values > 0.0, values, np.nan)), np.log(numbers)
    limit = 0.0 if logarithmic else least
    if numbers.size:
        limit = max(limit, tolerance * float(np.ptp(numbers)), ROUNDING * float(np.abs(numbers).max()))
    return _View(filled(values, lattice.measured, tolerance=limit), logarithmic)


def _places(ends: tuple[float, float], num: int) -> Float[np.ndarray, "place"]:
    """Return evenly spaced places from one end to the other, both of them exact."""
    low, high = (float(end) for end in ends)
    return np.linspace(low, high, num) if math.isfinite(low) and math.isfinite(high) else np.array([low, high])


def _checked_axis(axis: Float[np.ndarray, "place"], argument: str) -> Float[np.ndarray, "place"]:
    """Return the places along one axis, after checking them."""
    places = np.asarray(axis, dtype=np.float64)
    if places.ndim != 1 or len(places) < 2 or not np.isfinite(places).all() or not (np.diff(places) > 0).all():
        rule = "have at least two finite places along each axis, from the lower end to the higher"
        advice = "Pass for example -1 and 1 as ends"
        raise ArgumentError(argument, rule, Quoted(np.array2string(places, threshold=6)), advice)
    return places


def _check_dimensions(num_axes: int, argument: str) -> None:
    """Raise unless there are one or two axes."""
    if num_axes not in (1, 2):
        raise ArgumentError(argument, "be of one or two axes", num_axes, "Pass one for each axis of a line or a plane")


def _check_adaptive(num: int, coarse: int, tolerance: float) -> None:
    """Raise unless the numbers of points can be halved, and there is a tolerance."""
    for value, argument in ((num, "points"), (coarse, "coarse")):
        check_at_least(value, 3, argument, "Pass 33")
        below = 2 ** int(math.log2(value - 1)) + 1
        if value != below:
            rule = "be 2**k + 1 in an adaptive grid, so that steps can be halved"
            raise ArgumentError(argument, rule, value, f"Pass {below} or {2 * below - 1}, or ask for a uniform grid")
    if not 0.0 < tolerance < 1.0:
        rule = "lie between 0 and 1, a share of the range of values"
        raise ArgumentError("tolerance", rule, tolerance, "Pass 0.02, or ask for a uniform grid")


def _checked_names(refine: Sequence[str] | None, known: Collection[str]) -> list[str]:
    """Return the names that must reach the tolerance."""
    if refine is None:
        return [name for name in known if not name.endswith(ERROR)]
    for name in refine:
        if name not in known:
            raise ArgumentError("refine", f"be made of what is measured ({', '.join(known)})", name, "Leave it out")
    return list(refine)
