"""Values on a lattice that is measured in part: what the other points are predicted to be, and where more is needed.

Levels are lattices with 2, 3, 5, 9, ... points along each axis, each with a point in the middle between any two of the
one before. New points of a level are predicted from the level before, and keep that value unless they are measured.
"""

from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.ndimage import maximum_filter

SLOWEST, FASTEST = 1 / 2, 1 / 8
"""Bounds of the share of the error at one level that is expected at the next. Misses of a cubic shrink to 1/16 from
level to level where a surface is smooth, to 1/2 at a kink; at a step not at all, but there every level is measured."""

SAFETY = 2.0
"""Points between others that were missed by so much may be missed by twice as much: at a kink they are."""

REACH = 2
"""How far around itself a point tells about others, in steps of the finer level."""


@dataclass(frozen=True)
class Filled:
    """A lattice with a value at every point.

    Attributes:
        values: Measured, or else predicted.
        errors: At measured points by how much the prediction missed, 0 on the coarsest level; elsewhere the error that
            is expected. Infinite where a number was predicted and there is none, or the other way round.
        wanted: Points to measure next for the errors to stay below the tolerance, all of one level.
    """

    values: Float[np.ndarray, "*axes"]
    errors: Float[np.ndarray, "*axes"]
    wanted: Bool[np.ndarray, "*axes"]


def filled(
    values: Float[np.ndarray, "*axes"], measured: Bool[np.ndarray, "*axes"], *, tolerance: float = np.inf
) -> Filled:
    """Fill in the points of a lattice that were not measured.

    A midpoint is predicted by the cubic through the four nearest points of the coarser level on its line, or the mean
    of those along both axes; by the mean of the two nearest where one of the four is no number. By how much it may
    miss is judged by how much predictions have missed around it, on the coarser level and how that compares with the
    level before, and on its own level. A point that may miss by more than the tolerance is wanted, and so is one
    between a number and what is none.

    Source: Deslauriers, Dubuc (1989), Symmetric iterative interpolation processes, https://doi.org/10.1007/BF01889598,
    and Holmström (1999), section 3, https://doi.org/10.1137/S1064827597316278 (points kept where wavelets are large).
    Differs from them in that points are wanted before they are known, and in how far around.

    Args:
        values: 2**k + 1 points along each axis; those not measured are not read.
        measured: Which points were measured, the corners among them.
        tolerance: Largest error.

    >>> places = np.arange(9.0)
    >>> filled(places**3, places % 2 == 0).values.round(6).tolist()
    [0.0, 1.0, 8.0, 27.0, 64.0, 125.0, 216.0, 343.0, 512.0]
    """
    found = Filled(np.where(measured, values, np.nan), np.zeros(values.shape), np.zeros(values.shape, dtype=bool))
    before = expected = np.zeros((2,) * values.ndim)
    stride = len(values) - 1
    while stride > 1:
        stride //= 2
        level = (slice(None, None, stride),) * values.ndim
        own, known = found.errors[level], measured[level]
        _fill(found.values[level], own, known, _spread(expected))
        wanted = _wanted(own, known, tolerance)
        found.wanted[level] |= wanted & (not found.wanted.any())
        missed = np.where(_new(own.shape), own, 0.0)
        expected = np.where(known, missed * _decay(missed, _spread(before)), missed)
        before = missed
    return found


def first_points(num: int, coarse: int, num_axes: int) -> Bool[np.ndarray, "*axes"]:
    """Return the points of a lattice to measure first: a coarse one as a whole, and every other midpoint of its cells.

    The coarse one tells how fast errors shrink; the midpoints, of which nothing has foretold how much they are missed,
    are a check of that everywhere, and halve the width of what can be overlooked.

    >>> first_points(9, 3, 2).astype(int)[:5]
    array([[1, 0, 0, 0, 1, 0, 0, 0, 1],
           [0, 0, 0, 0, 0, 0, 0, 0, 0],
           [0, 0, 1, 0, 0, 0, 0, 0, 0],
           [0, 0, 0, 0, 0, 0, 0, 0, 0],
           [1, 0, 0, 0, 1, 0, 0, 0, 1]])
    """
    chosen = np.zeros((num,) * num_axes, dtype=bool)
    stride = max(1, (num - 1) // (coarse - 1))
    chosen[(slice(None, None, stride),) * num_axes] = True
    if stride > 1:
        cells = np.indices(((num - 1) // stride,) * num_axes)
        chosen[(slice(stride // 2, None, stride),) * num_axes] = cells.sum(axis=0) % 2 == 0
    return chosen


def _fill(
    values: Float[np.ndarray, "*axes"],
    errors: Float[np.ndarray, "*axes"],
    measured: Bool[np.ndarray, "*axes"],
    expected: Float[np.ndarray, "*axes"],
) -> None:
    """Predict the new points of a level from the others, and note how wrong that is, in place."""
    for parity in sorted(product((0, 1), repeat=values.ndim), key=sum)[1:]:
        own = tuple(slice(odd, None, 2) for odd in parity)
        lines = [_midpoints(values[_evened(parity, axis)], axis) for axis, odd in enumerate(parity) if odd]
        guess = sum(line[0] for line in lines) / len(lines)
        mixed = np.isfinite(guess) != np.isfinite(lines[0][0])
        for line in lines:
            mixed = mixed | line[1]
        known = measured[own]
        with np.errstate(invalid="ignore"):
            missed = np.abs(values[own] - guess)
        has_number, was_number = np.isfinite(values[own]), np.isfinite(guess)
        missed = np.where(has_number & was_number, missed, np.where(has_number == was_number, 0.0, np.inf))
        errors[own] = np.where(known, missed, np.where(mixed, np.inf, expected[own]))
        values[own] = np.where(known, values[own], guess)


def _evened(parity: tuple[int, ...], axis: int) -> tuple[slice, ...]:
    """Return where the points lie between which those of a parity are midpoints along an axis."""
    return tuple(slice(0 if index == axis else odd, None, 2) for index, odd in enumerate(parity))


def _midpoints(
    values: Float[np.ndarray, "*axes"], axis: int
) -> tuple[Float[np.ndarray, "*axes"], Bool[np.ndarray, "*axes"]]:
    """Return predictions between neighbours along an axis, and whether only one of each two neighbours is a number."""
    lines = np.moveaxis(values, axis, 0)
    places, weights = _stencils(len(lines))
    around = lines[places]
    numbers = np.isfinite(lines)
    with np.errstate(invalid="ignore"):
        cubic = np.einsum("ms,ms...->m...", weights, around)
        mean = (lines[:-1] + lines[1:]) / 2
    guess = np.where(numbers[places].all(axis=1), cubic, mean)
    return np.moveaxis(guess, 0, axis), np.moveaxis(numbers[:-1] != numbers[1:], 0, axis)


@cache
def _stencils(num: int) -> tuple[Int[np.ndarray, "midpoint stencil"], Float[np.ndarray, "midpoint stencil"]]:
    """Return, for each midpoint of a line of points, the four nearest (or all there are), and Lagrange's weights."""
    width = min(4, num)
    starts = np.clip(np.arange(num - 1) - 1, 0, num - width)
    places = starts[:, None] + np.arange(width)
    away = np.arange(num - 1)[:, None] + 0.5 - places
    weights = np.ones(places.shape)
    for own, other in product(range(width), repeat=2):
        if own != other:
            weights[:, own] *= away[:, other] / (own - other)
    return places, weights


def _new(shape: tuple[int, ...]) -> Bool[np.ndarray, "*axes"]:
    """Say which points of a level are not on the one before."""
    new = np.ones(shape, dtype=bool)
    new[(slice(None, None, 2),) * len(shape)] = False
    return new


def _decay(missed: Float[np.ndarray, "*axes"], before: Float[np.ndarray, "*axes"]) -> Float[np.ndarray, "*axes"]:
    """Return by how much errors shrink from one level to the next, judged by the level before."""
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = missed / before
    return np.clip(np.where(np.isnan(ratio), SLOWEST, ratio), FASTEST, SLOWEST)


def _spread(expected: Float[np.ndarray, "*axes"]) -> Float[np.ndarray, "*finer"]:
    """Return the largest of what is told around each point of the next level."""
    finer = np.zeros([2 * size - 1 for size in expected.shape])
    finer[(slice(None, None, 2),) * finer.ndim] = expected
    return maximum_filter(finer, size=2 * REACH + 1, mode="constant")


def _wanted(
    errors: Float[np.ndarray, "*axes"], measured: Bool[np.ndarray, "*axes"], tolerance: float
) -> Bool[np.ndarray, "*axes"]:
    """Return the points of a level that have to be measured; raise, in place, errors near points that were missed."""
    new = _new(errors.shape)
    missed = np.where(new & measured, SAFETY * errors, 0.0)
    around = np.asarray(maximum_filter(missed, size=2 * REACH + 1, mode="constant"))
    open_points = new & ~measured
    errors[open_points] = np.maximum(errors, around)[open_points]
    # A point of a coarser level too, next to where this one is rough, although nothing was rough there.
    return ~measured & (np.where(new, errors, around) > tolerance)
