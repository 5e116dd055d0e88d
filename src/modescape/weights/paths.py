"""Paths between two weight vectors: straight, and bent by control points."""

from abc import ABC, abstractmethod
from functools import cached_property
from math import comb
from typing import Protocol

import numpy as np
from jaxtyping import Float
from torch import Tensor

from modescape.core.checks import check_at_least
from modescape.core.errors import ArgumentError, Quoted
from modescape.weights.products import checked_alike, inner_products

PANELS = 2**13
"""Pieces in which the length of a path is integrated; within a piece the speed counts as constant where a length is
turned into a parameter (an error of less than 1e-7 of the length for a quadratic curve)."""

NODES, NODE_WEIGHTS = np.polynomial.legendre.leggauss(4)
"""Gauss-Legendre nodes and weights in each piece."""


class Path(Protocol):
    """A path through weight space, run through by a parameter t from 0 to 1."""

    @property
    def start(self) -> Float[Tensor, "param"]:
        """Where the path begins."""
        ...

    @property
    def end(self) -> Float[Tensor, "param"]:
        """Where the path ends."""
        ...

    def point(self, t: float) -> Float[Tensor, "param"]:
        """Return the weights at t: a new vector; at 0 and 1 it is the start and the end to the bit."""
        ...

    def at_lengths(self, places: Float[np.ndarray, "place"]) -> Float[np.ndarray, "place"]:
        """Return the t at which some fractions of the length of the path lie behind."""
        ...


class _Controlled(ABC):
    """A path whose points are sums of control points: phi(t) = sum_k c_k(t) p_k, the c_k adding up to 1."""

    fewest = 2

    def __init__(self, *points: Float[Tensor, "param"]) -> None:
        if len(points) < self.fewest:
            advice = "Pass the start, what lies between, and the end"
            raise ArgumentError("points", f"be at least {self.fewest} vectors", len(points), advice)
        names = ["start", *(f"point {index}" for index in range(1, len(points) - 1)), "end"]
        self.points = checked_alike(points, names)

    @staticmethod
    @abstractmethod
    def coefficients(t: Float[np.ndarray, "place"], num_points: int) -> Float[np.ndarray, "place point"]:
        """Return the c_k(t)."""

    @staticmethod
    @abstractmethod
    def rates(t: Float[np.ndarray, "place"], num_points: int) -> Float[np.ndarray, "place point"]:
        """Return the derivatives dc_k/dt, which add up to 0."""

    @property
    def start(self) -> Float[Tensor, "param"]:
        """Where the path begins."""
        return self.points[0]

    @property
    def end(self) -> Float[Tensor, "param"]:
        """Where the path ends."""
        return self.points[-1]

    def point(self, t: float) -> Float[Tensor, "param"]:
        """Return the weights at t: a new vector; at 0 and 1 it is the start and the end to the bit.

        Raises:
            ArgumentError: If t is outside [0, 1].
        """
        if not 0.0 <= t <= 1.0:
            raise ArgumentError("t", "lie in [0, 1]", t, "The ends of a path are at 0 and 1")
        weighted = zip(self.coefficients(np.array([t]), len(self.points))[0].tolist(), self.points, strict=True)
        # Points with no part are left out: at the ends one is left, times 1.0, and keeps even the signs of its zeros.
        first, *others = [(factor, vector) for factor, vector in weighted if factor]
        result = first[0] * first[1]
        for factor, vector in others:
            result.add_(vector, alpha=factor)
        return result

    @cached_property
    def length(self) -> float:
        """Length of the path, the integral of |dphi/dt|."""
        return float(self._lengths[1][-1])

    def at_lengths(self, places: Float[np.ndarray, "place"]) -> Float[np.ndarray, "place"]:
        """Return the t at which some fractions of the length of the path lie behind.

        Raises:
            ArgumentError: If the path has no length.
        """
        self._check_length()
        edges, behind = self._lengths
        found = np.interp(np.asarray(places, dtype=np.float64) * behind[-1], behind, edges)
        return np.where(np.asarray(places) == 1.0, 1.0, found)

    def _check_length(self) -> None:
        """Raise unless the path leads anywhere."""
        if self.length == 0.0:
            raise ArgumentError("path", "have a length above 0", 0.0, "Pass two different ends")

    @cached_property
    def _lengths(self) -> tuple[Float[np.ndarray, "edge"], Float[np.ndarray, "edge"]]:
        """The ends of pieces in t, and the length up to each.

        The curve lies in the span of its control points: with their inner products, no long vector is needed.
        """
        num_points = len(self.points)
        pieces = (num_points - 1) * -(-PANELS // (num_points - 1))
        edges = np.linspace(0.0, 1.0, pieces + 1)
        nodes = (edges[:-1, None] + edges[1:, None] + (edges[1:] - edges[:-1])[:, None] * NODES) / 2
        rates = self.rates(nodes.ravel(), num_points)
        squares = np.einsum("ni,ij,nj->n", rates, inner_products(self.points, origin=self.start).numpy(), rates)
        speeds = np.sqrt(np.maximum(squares, 0.0)).reshape(nodes.shape)
        return edges, np.concatenate([[0.0], np.cumsum(speeds @ NODE_WEIGHTS / (2 * pieces))])


class Polyline(_Controlled):
    """Straight pieces through points: with K pieces, the bend k is at t = k / K.

    phi(t) = (1 - s) p_k + s p_(k+1) with k = floor(K t), s = K t - k

    Source: Garipov et al. (2018), section 3.2, https://arxiv.org/abs/1802.10026

    Args:
        points: The start, the bends in their order, and the end.

    Raises:
        ArgumentError: If there are less than two, or they are no vectors of one kind.

    >>> import torch
    >>> path = Polyline(torch.tensor([0.0, 0.0]), torch.tensor([3.0, 0.0]), torch.tensor([3.0, 1.0]))
    >>> path.point(0.25).tolist(), path.length
    ([1.5, 0.0], 4.0)
    """

    @staticmethod
    def coefficients(t: Float[np.ndarray, "place"], num_points: int) -> Float[np.ndarray, "place point"]:
        """Return the part that each point has in phi(t).

        >>> Polyline.coefficients(np.array([0.25]), 3).tolist()
        [[0.5, 0.5, 0.0]]
        """
        scaled = np.asarray(t, dtype=np.float64) * (num_points - 1)
        return np.maximum(0.0, 1.0 - np.abs(scaled[:, None] - np.arange(num_points)))

    @staticmethod
    def rates(t: Float[np.ndarray, "place"], num_points: int) -> Float[np.ndarray, "place point"]:
        """Return the derivatives of the coefficients; at a bend, those of the piece after it.

        >>> Polyline.rates(np.array([0.25]), 3).tolist()
        [[-2.0, 2.0, 0.0]]
        """
        pieces = num_points - 1
        piece = np.minimum((np.asarray(t) * pieces).astype(int), pieces - 1)
        places = np.arange(num_points)
        return pieces * ((places == piece[:, None] + 1) * 1.0 - (places == piece[:, None]) * 1.0)


class Line(Polyline):
    """The straight line: phi(t) = (1 - t) start + t end.

    Args:
        start: Flattened weights of one solution.
        end: Flattened weights of another.

    Raises:
        ArgumentError: If they are no vectors of one kind.

    >>> import torch
    >>> Line(torch.tensor([0.0, 4.0]), torch.tensor([2.0, 0.0])).point(0.25).tolist()
    [0.5, 3.0]
    """

    def __init__(self, start: Float[Tensor, "param"], end: Float[Tensor, "param"]) -> None:
        super().__init__(start, end)

    def at_lengths(self, places: Float[np.ndarray, "place"]) -> Float[np.ndarray, "place"]:
        """Return the fractions of the length themselves.

        Raises:
            ArgumentError: If the two ends are the same.
        """
        self._check_length()
        return np.array(places, dtype=np.float64)


class Bezier(_Controlled):
    """A Bezier curve; with one control point between the ends it is quadratic.

    phi(t) = (1 - t)^2 start + 2 t (1 - t) control + t^2 end; in general, with n + 1 points,
    sum_k binomial(n, k) t^k (1 - t)^(n-k) p_k

    Source: Garipov et al. (2018), section 3.2, https://arxiv.org/abs/1802.10026

    Args:
        points: The start, the control points in their order, and the end.

    Raises:
        ArgumentError: If there are less than three, or they are no vectors of one kind.

    >>> import torch
    >>> path = Bezier(torch.tensor([-1.0, 0.0]), torch.tensor([0.0, 2.0]), torch.tensor([1.0, 0.0]))
    >>> path.point(0.5).tolist()
    [0.0, 1.0]
    """

    fewest = 3

    @staticmethod
    def coefficients(t: Float[np.ndarray, "place"], num_points: int) -> Float[np.ndarray, "place point"]:
        """Return the part that each point has in phi(t): Bernstein's polynomials.

        >>> Bezier.coefficients(np.array([0.25]), 3).tolist()
        [[0.5625, 0.375, 0.0625]]
        """
        degree, k = num_points - 1, np.arange(num_points)
        t = np.asarray(t, dtype=np.float64)[:, None]
        return np.array([comb(degree, int(index)) for index in k]) * t**k * (1.0 - t) ** (degree - k)

    @staticmethod
    def rates(t: Float[np.ndarray, "place"], num_points: int) -> Float[np.ndarray, "place point"]:
        """Return the derivatives of the coefficients.

        >>> Bezier.rates(np.array([0.0]), 3).tolist()
        [[-2.0, 2.0, 0.0]]
        """
        lower = np.pad(Bezier.coefficients(t, num_points - 1), [(0, 0), (1, 1)])
        return (num_points - 1) * (lower[:, :-1] - lower[:, 1:])


def points_by_length(path: Path, num: int) -> list[tuple[float, float]]:
    """Return places that are equally far from one another along a path, both ends included.

    Args:
        path: From one solution to another.
        num: How many places.

    Returns:
        For each, the fraction of the length that lies behind, and the path's parameter t there.

    Raises:
        ArgumentError: If there are less than two places, or the path has no length.

    >>> import torch
    >>> points_by_length(Polyline(torch.tensor([0.0]), torch.tensor([3.0]), torch.tensor([4.0])), 5)[1:4]
    [(0.25, 0.166...), (0.5, 0.333...), (0.75, 0.5)]
    """
    check_at_least(num, 2, "num", "Both ends are among the places")
    if not isinstance(num, int):
        raise ArgumentError("num", "be a whole number", Quoted(repr(num)), "Pass 25")
    places = np.linspace(0.0, 1.0, num)
    return list(zip(places.tolist(), path.at_lengths(places).tolist(), strict=True))
