"""Power laws of size: how a metric comes down to its limit as an ensemble grows."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from modescape.core.checks import check_at_least
from modescape.core.errors import ArgumentError, Quoted

LOWEST_RATE: Final = 0.5
HIGHEST_RATE: Final = 2.0
"""Bounds of a fitted rate. For large ensembles it is 1; at small sizes the NLL falls faster and the accuracy rises more
slowly than that, and a few sizes leave the rate so open that without bounds the limit would be anything."""
WEIGHT_POWER: Final = 3.0
"""A size weighs by this power of itself: the law is the first term of an expansion for large sizes, and what a next
member brings is read beyond the largest ones."""
FIRST_GRID = 61
LATER_GRID = 9
ROUNDS = 5
"""Rates that are tried at first, around the best of them in each further round, and the number of those rounds: the
last ones lie less than 0.01 % apart."""


@dataclass(frozen=True, eq=False)
class PowerLaw:
    """The laws limit + scale * size^-rate of many curves.

    Attributes:
        limit: What infinitely large ensembles reach.
        scale: The distance of size 1 from the limit.
        rate: How fast the distance falls.
    """

    limit: Float[np.ndarray, "..."]
    scale: Float[np.ndarray, "..."]
    rate: Float[np.ndarray, "..."]

    def at(self, sizes: ArrayLike) -> Float[np.ndarray, "... size"]:
        """Return the laws at some sizes, along a new last axis.

        >>> PowerLaw(np.array(1.0), np.array(2.0), np.array(1.0)).at([1, 2, 4]).tolist()
        [3.0, 2.0, 1.5]
        """
        powers = np.asarray(sizes, dtype=np.float64) ** -self.rate[..., None]
        return self.limit[..., None] + self.scale[..., None] * powers


def fitted_power_law(sizes: ArrayLike, values: Float[ArrayLike, "... size"], *, rate: float | None = None) -> PowerLaw:
    """Return the power laws nearest to curves: argmin sum_k k^3 (limit + scale k^-rate - v_k)^2.

    For a given rate the law is linear in the other two, so they have a closed form and only the rate is searched, on a
    grid over [0.5, 2] that is refined around its best place. All curves are fitted at once.

    Source: Lobacheva, Chirkova, Kodryan, Vetrov (2020), sections 3 and 4, https://arxiv.org/abs/2007.08483, who find
    such laws for the NLL, with rates near 1 for large sizes; the search: Golub, Pereyra (1973),
    https://doi.org/10.1137/0710036. Differs from the first in the bounds of the rate and in weights by size. The
    weighted least squares are those of `scipy.optimize.curve_fit` with sigma = k^-1.5, without its starting values.

    Args:
        sizes: Numbers of members, at least two different ones above 0; three or more to fit a rate.
        values: The curves along the last axis.
        rate: A rate to keep; left out, it is fitted.

    Raises:
        ArgumentError: If there are too few sizes, or the values have another number of them.

    >>> law = fitted_power_law([1, 2, 3, 4], 0.25 + 0.5 / np.array([1.0, 2.0, 3.0, 4.0]) ** 1.5)
    >>> [round(float(part), 3) for part in (law.limit, law.scale, law.rate)]
    [0.25, 0.5, 1.5]
    """
    at, curves = _checked(sizes, values, 2 if rate is not None else 3)
    if rate is not None:
        check_at_least(rate, 0.0, "rate", "Pass 1")
        return _with_rates(at, curves, np.full((*curves.shape[:-1], 1), rate))
    rates = np.exp(np.linspace(np.log(LOWEST_RATE), np.log(HIGHEST_RATE), FIRST_GRID))
    found = _with_rates(at, curves, np.broadcast_to(rates, (*curves.shape[:-1], len(rates))))
    step = np.log(rates[1] / rates[0])
    for _ in range(ROUNDS):
        around = np.exp(np.log(found.rate)[..., None] + step * np.linspace(-1.0, 1.0, LATER_GRID))
        found = _with_rates(at, curves, np.clip(around, LOWEST_RATE, HIGHEST_RATE))
        step *= 2.0 / (LATER_GRID - 1)
    return found


def _with_rates(
    sizes: Float[np.ndarray, "size"], curves: Float[np.ndarray, "... size"], rates: Float[np.ndarray, "... rate"]
) -> PowerLaw:
    """Return for each curve the best law among those with the given rates."""
    weights = sizes**WEIGHT_POWER / (sizes**WEIGHT_POWER).sum()
    powers = sizes ** -rates[..., None]
    mean, mean_power = curves @ weights, powers @ weights
    powers = powers - mean_power[..., None]
    products = np.einsum("...rk,...k->...r", powers, (curves - mean[..., None]) * weights)
    squares = powers**2 @ weights
    # The sum of squares that a law explains: the larger it is, the smaller the rest.
    best = (products**2 / squares).argmax(axis=-1)[..., None]
    scale, rate, power = (
        np.take_along_axis(part, best, axis=-1)[..., 0] for part in (products / squares, rates, mean_power)
    )
    return PowerLaw(limit=mean - scale * power, scale=scale, rate=rate)


def _checked(
    sizes: ArrayLike, values: Float[ArrayLike, "... size"], least: int
) -> tuple[Float[np.ndarray, "size"], Float[np.ndarray, "... size"]]:
    """Return sizes and curves in double precision, after checking that they fit."""
    at, curves = np.asarray(sizes, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if at.ndim != 1 or len(np.unique(at)) != len(at) or len(at) < least or not (at > 0).all():
        rule = f"hold at least {least} different sizes above 0"
        raise ArgumentError("sizes", rule, Quoted(at.tolist()), "Evaluate more sizes")
    if curves.ndim < 1 or curves.shape[-1] != len(at):
        rule = f"have {len(at)} sizes along the last axis"
        raise ArgumentError("values", rule, Quoted(f"shape {curves.shape}"), "Pass one value for each size")
    return at, curves
