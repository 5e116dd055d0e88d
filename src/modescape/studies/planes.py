"""Lines and planes through parameter space, measured and written down in one form, whoever asks for them."""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float
from torch import Tensor

from modescape.core.axes import ALPHA, BETA, CURVE, MEMBER, PLACE, POINT, REFERENCE, STEP
from modescape.core.checks import check_at_least, check_choice
from modescape.core.errors import ArgumentError, Quoted
from modescape.core.progress import Progress, Silent
from modescape.core.trees import Tree, unravel
from modescape.landscapes import ERROR, Kept, Point, Surface, adaptive_surface, uniform_surface
from modescape.weights import Flat

Kind = Literal["random", "solutions", "trajectory", "curve", "line"]
Grid = Literal["adaptive", "uniform"]
Weights: TypeAlias = "Float[Tensor, 'param'] | tuple[Float[Tensor, 'param'], Mapping[str, Tensor]]"
"""A vector, or a vector with buffers that belong to it."""
MakeTree: TypeAlias = Callable[[Float[Tensor, "param"], Point], Tree]
"""Turns a vector, and its coordinates in a plane, into weights: parameters by name, and buffers."""

AXES = (ALPHA, BETA)
AGREEMENT = "agreement/"
"""How the names of agreements with references begin."""


class Measures(Protocol):
    """What `landscapes.Objective` offers."""

    @property
    def num_examples(self) -> int:
        """Examples that are looked at."""
        ...

    @property
    def num_available(self) -> int:
        """Examples there are."""
        ...

    def each(self, weights: Iterable[Mapping[str, Tensor]]) -> Iterator[Mapping[str, float]]:
        """Yield what is found at weights after weights."""
        ...


@dataclass(frozen=True, eq=False)
class View:
    """A line or a plane, and what is drawn into it.

    Args:
        flat: Where it lies.
        kind: What spans it.
        labels: A title for each axis, with its unit.
        marks: Weights by name.
        paths: By member: the epochs trained, and the weights after each.
        curves: By shape: weights along it, at even places, equally many for all.
        attrs: What else the dataset says about itself, such as `explained_alpha` or `batch_norm`.
    """

    flat: Flat
    kind: Kind
    labels: tuple[str, ...]
    marks: Mapping[str, Weights] = field(default_factory=dict)
    paths: Mapping[int | str, tuple[Sequence[int], Sequence[Weights]]] = field(default_factory=dict)
    curves: Mapping[str, Sequence[Weights]] = field(default_factory=dict)
    attrs: Mapping[str, str | float] = field(default_factory=dict)

    @property
    def drawn_in(self) -> list[Weights]:
        """All weights that are drawn in: marks, paths, curves."""
        paths = [weights for _, path in self.paths.values() for weights in path]
        return [*self.marks.values(), *paths, *(weights for curve in self.curves.values() for weights in curve)]


def measured_plane(
    objective: Measures,
    view: View,
    *,
    tree: MakeTree,
    ranges: Sequence[tuple[float, float]],
    grid: Grid = "adaptive",
    points: int = 33,
    tolerance: float = 0.02,
    kept: Kept | None = None,
    progress: Progress | None = None,
    task: str = "landscape",
) -> xr.Dataset:
    """Measure over a line or a plane, and at what is drawn into it.

    Args:
        objective: What is measured.
        view: The line or plane.
        tree: Adds buffers to a vector.
        ranges: Ends of each axis, in coordinates of the flat.
        grid: Measure where the surface bends, or everywhere.
        points: Points along each axis, at the finest.
        tolerance: Of an adaptive grid, as a share of the range of values. Accuracy and agreement, which are fractions
            of N examples, reach their largest standard error, 0.5 / sqrt(N), where that is more.
        kept: Points known from before; new ones are added.
        progress: Told of each point.
        task: What to call the work.

    Returns:
        Over alpha (and beta): `loss`, `accuracy` and the other metrics, `agreement` with each reference, standard
        errors `*_error` where there are any, and `measured`. For marks `point_*`, for paths `path_*`, for curves
        `curve_*`: `alpha`, `beta`, `residual` (the distance in weight space from the flat), and metrics.

    Raises:
        ArgumentError: If a number or a word is out of bounds, or curves have different numbers of points.
    """
    check_choice(grid, ("adaptive", "uniform"), "grid")
    check_at_least(points, 2, "points", "Pass 33")
    drawn = _drawn(view, _Work(objective, tree, kept, progress or Silent(), f"{task}: points drawn in"))

    def evaluate(places: Iterable[Point]) -> Iterator[Mapping[str, float]]:
        return objective.each(tree(view.flat.point(*place), place) for place in places)

    if grid == "adaptive":
        # The largest standard error of a fraction of the examples: what is finer says nothing of others.
        noise = 0.5 / math.sqrt(objective.num_examples)
        surface = adaptive_surface(
            evaluate,
            ranges,
            num=points,
            tolerance=tolerance,
            least=lambda name: noise if _is_fraction(name) else 0.0,
            kept=kept,
            progress=progress,
            task=task,
        )
    else:
        places = [np.linspace(low, high, points) for low, high in ranges]
        surface = uniform_surface(evaluate, places, kept=kept, progress=progress, task=task)
    attrs = {
        "kind": view.kind,
        "unit": "filter norms" if view.kind == "random" else "distance",
        **{f"{axis}_label": label for axis, label in zip(AXES, view.labels, strict=False)},
        "num_examples": objective.num_examples,
        "num_available": objective.num_available,
        "grid": grid,
        "num_measured": surface.num_measured,
        "num_points": surface.measured.size,
        "tolerance": tolerance if grid == "adaptive" else 0.0,
        "interpolation_error": json.dumps(surface.errors),
        **view.attrs,
    }
    return xr.Dataset({**_fields(surface), **drawn.data_vars}, {**_coordinates(surface), **drawn.coords}, attrs)


def ranges_around(flat: Flat, weights: Iterable[Weights], margin: float) -> list[tuple[float, float]]:
    """Return ends of each axis such that weights lie inside, and a share of the width beyond them on every side.

    An axis along which they do not differ gets the width of the other.

    Raises:
        ArgumentError: If the margin is negative, or there are not two different weights.

    >>> from modescape.weights import line_through
    >>> first, second = torch.zeros(2), torch.tensor([0.0, 4.0])
    >>> ranges_around(line_through(first, second), [first, second], margin=0.25)
    [(-1.0, 5.0)]
    """
    check_at_least(margin, 0, "margin", "Pass 0.25, a share of the width")
    places = np.array([flat.coordinates(_parts(entry)[0]) for entry in weights]).reshape(-1, len(flat.axes))
    widths = np.ptp(places, axis=0) if len(places) else np.zeros(1)
    if not widths.max() > 0.0:
        got = Quoted(f"{len(places)} at one place")
        raise ArgumentError("weights", "lie at two different places of the plane", got, "Pass different solutions")
    widths = np.where(widths > 1e-6 * widths.max(), widths, widths.max())
    middles = (places.min(axis=0) + places.max(axis=0)) / 2
    halves = widths * (0.5 + margin)
    return [(float(middle - half), float(middle + half)) for middle, half in zip(middles, halves, strict=True)]


def trees_between(like: Mapping[str, Tensor], corners: Sequence[tuple[Point, Mapping[str, Tensor]]]) -> MakeTree:
    """Return what turns a vector into weights whose buffers are mixed from those of up to three solutions.

    Each corner has the buffers of its solution, places between them a mixture by barycentric coordinates, and places
    outside that of the nearest edge. Numbers that can't be mixed are those of the corner with the largest share.

    Args:
        like: Parameters by name, in the order of the network.
        corners: Coordinates of each solution, and its buffers.

    >>> make = trees_between({"w": torch.zeros(1)}, [((0.0,), {"b": torch.zeros(1)}), ((2.0,), {"b": torch.ones(1)})])
    >>> [make(torch.zeros(1), (place,))["b"].item() for place in (0.5, 2.0, 7.0)]
    [0.25, 1.0, 1.0]
    """

    def make(vector: Float[Tensor, "param"], place: Point) -> Tree:
        shares = _shares(place, [corner for corner, _ in corners])
        return {**unravel(vector, like), **mixed([buffers for _, buffers in corners], shares)}

    return make


def _shares(place: Point, corners: Sequence[Point]) -> Float[np.ndarray, "corner"]:
    """Return how much each corner counts at a place: barycentric coordinates, those below 0 left out."""
    others = np.array(corners[1:], dtype=np.float64).reshape(len(corners) - 1, len(place)) - corners[0]
    found = np.linalg.lstsq(others.T, np.subtract(place, corners[0]), rcond=None)[0] if len(others) else np.zeros(0)
    shares = np.array([1.0 - found.sum(), *found])
    shares = np.where(shares > 1e-6, shares, 0.0)
    return shares / shares.sum()


def mixed(buffers: Sequence[Mapping[str, Tensor]], shares: Sequence[float] | Float[np.ndarray, "corner"]) -> Tree:
    """Return the weighted mean of the buffers of some networks; numbers that can't be mixed are those of the nearest.

    Args:
        buffers: Of each network, by name.
        shares: How much each counts, none below 0, with a sum of 1; a single one that counts is passed on to the bit.

    >>> mixed([{"b": torch.zeros(1)}, {"b": torch.ones(1)}], [0.75, 0.25])["b"].item()
    0.25
    """
    counted = [(float(share), entry) for share, entry in zip(shares, buffers, strict=True) if share > 0.0]
    _, nearest = max(counted, key=lambda pair: pair[0])
    found: Tree = {}
    for name, tensor in nearest.items():
        if not tensor.is_floating_point() or len(counted) == 1:
            found[name] = tensor
            continue
        found[name] = torch.stack([share * entry[name] for share, entry in counted]).sum(dim=0)
    return found


def _parts(weights: Weights) -> tuple[Tensor, Mapping[str, Tensor]]:
    """Return a vector, and buffers of its own if it has them."""
    return weights if isinstance(weights, tuple) else (weights, {})


def _fields(surface: Surface) -> dict[str, tuple[list[str], np.ndarray]]:
    """Return what was found over the grid, by the names of the dataset."""
    dims: list[str] = list(AXES[: len(surface.coordinates)])
    values = {name: _bounded(name, array) for name, array in surface.values.items()}
    metrics = [name for name in values if not name.startswith(AGREEMENT) and not name.endswith(ERROR)]
    references = _references(surface)
    found: dict[str, tuple[list[str], np.ndarray]] = {name: (dims, values[name]) for name in metrics}
    found |= {f"{name}_error": (dims, values[name + ERROR]) for name in metrics if _is_said(values, [name + ERROR])}
    if references:
        names = [AGREEMENT + reference for reference in references]
        found["agreement"] = ([REFERENCE, *dims], np.stack([values[name] for name in names]))
        errors = [name + ERROR for name in names]
        if _is_said(values, errors):
            found["agreement_error"] = ([REFERENCE, *dims], np.stack([values[name] for name in errors]))
    return {**found, "measured": (dims, surface.measured)}


def _references(surface: Surface) -> list[str]:
    """Return the names of the networks that agreement is with."""
    names = [name for name in surface.values if name.startswith(AGREEMENT) and not name.endswith(ERROR)]
    return [name.removeprefix(AGREEMENT) for name in names]


def _is_said(values: Mapping[str, np.ndarray], names: Sequence[str]) -> bool:
    """Say whether standard errors are known, and not all 0."""
    return all(name in values for name in names) and any(np.nansum(np.abs(values[name])) > 0.0 for name in names)


def _bounded(name: str, array: Float[np.ndarray, "*axes"]) -> Float[np.ndarray, "*axes"]:
    """Return predicted fractions without what lies beyond 0 and 1."""
    return np.clip(array, 0.0, 1.0) if _is_fraction(name) else array


def _is_fraction(name: str) -> bool:
    """Say whether values are fractions of the examples."""
    return not name.endswith(ERROR) and (name == "accuracy" or name.startswith(AGREEMENT))


def _coordinates(surface: Surface) -> dict[str, np.ndarray | list[str]]:
    """Return the coordinates of the grid, and the references."""
    found: dict[str, np.ndarray | list[str]] = dict(zip(AXES, surface.coordinates, strict=False))
    references = _references(surface)
    return {**found, REFERENCE: references} if references else found


@dataclass(frozen=True)
class _Work:
    """How to measure at what is drawn in."""

    objective: Measures
    tree: MakeTree
    kept: Kept | None
    progress: Progress
    task: str

    def each(self, entries: Sequence[Weights], places: Sequence[Point]) -> list[Mapping[str, float]]:
        """Return what is found at each of some weights, whose places end with their residuals."""
        kept = self.kept
        found = {} if kept is None else {row: kept.known(place) for row, place in enumerate(places)}
        unknown = [row for row in range(len(places)) if found.get(row) is None]
        trees = (self._tree(entries[row], places[row][:-1]) for row in unknown)
        self.progress.start(self.task, len(unknown))
        for row, values in zip(unknown, self.objective.each(trees), strict=True):
            if kept is not None:
                kept.keep(places[row], values)
            found[row] = values
            self.progress.advance(self.task)
        return [values for _, values in sorted(found.items()) if values is not None]

    def _tree(self, entry: Weights, place: Point) -> Tree:
        """Return weights with buffers of their own where they have them."""
        vector, buffers = _parts(entry)
        return {**self.tree(vector, place), **buffers}


def _drawn(view: View, work: _Work) -> xr.Dataset:
    """Return where marks, paths and curves lie, and what is found at them."""
    table = _table(view, work)
    found = xr.Dataset()
    num_marks = len(view.marks)
    if view.marks:
        variables = {f"point_{name}": ([POINT], column[:num_marks]) for name, column in table.items()}
        found = found.assign(variables).assign_coords({POINT: list(view.marks)})
    start = num_marks
    if view.paths:
        steps = sorted({step for path, _ in view.paths.values() for step in path})
        rows = np.full((len(view.paths), len(steps)), -1)
        for row, (path, entries) in zip(rows, view.paths.values(), strict=True):
            row[np.searchsorted(steps, path)] = np.arange(start, start + len(entries))
            start += len(entries)
        variables = {
            f"path_{name}": ([MEMBER, STEP], np.where(rows < 0, np.nan, column[rows])) for name, column in table.items()
        }
        found = found.assign(variables).assign_coords({MEMBER: list(view.paths), STEP: steps})
    if view.curves:
        (num_places,) = _checked_lengths(view.curves)
        shape = (len(view.curves), num_places)
        variables = {f"curve_{name}": ([CURVE, PLACE], column[start:].reshape(shape)) for name, column in table.items()}
        found = found.assign(variables).assign_coords({CURVE: list(view.curves), PLACE: np.linspace(0, 1, num_places)})
    return found


def _checked_lengths(curves: Mapping[str, Sequence[Weights]]) -> set[int]:
    """Return the one number of points that all curves have."""
    lengths = {len(curve) for curve in curves.values()}
    if len(lengths) > 1:
        raise ArgumentError("curves", "have equally many points", sorted(lengths), "Use weights.points_by_length")
    return lengths


def _table(view: View, work: _Work) -> dict[str, Float[np.ndarray, "point"]]:
    """Return coordinates, residual and metrics of all that is drawn in, one array a name."""
    entries = view.drawn_in
    if not entries:
        return {}
    vectors = [_parts(entry)[0] for entry in entries]
    places = [(*view.flat.coordinates(vector), view.flat.residual(vector)) for vector in vectors]
    found = work.each(entries, places)
    columns = dict(zip((*AXES[: len(view.flat.axes)], "residual"), np.array(places).T, strict=True))
    names = [name for name in found[0] if not name.startswith(AGREEMENT) and not name.endswith(ERROR)]
    return {**columns, **{name: np.array([values[name] for values in found]) for name in names}}
