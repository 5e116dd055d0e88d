"""Lines and planes through parameter space with axes of their own: points on them, and feet of perpendiculars."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite, sqrt

import torch
from jaxtyping import Float
from torch import Tensor

from modescape.core.errors import ArgumentError, Quoted
from modescape.weights.planes import COLLINEAR
from modescape.weights.products import CHUNK_ENTRIES, checked_alike, inner_products
from modescape.weights.vectors import checked_vector

ORTHONORMAL = 1e-4
"""How far lengths of axes may be from 1, and their cosine from 0: rounding in single precision stays far under it."""


@dataclass(frozen=True, eq=False)
class Flat:
    """A line or a plane: an origin, and one or two unit axes that are orthogonal to one another.

    The point with coordinates c is o + s sum_k c_k e_k; the coordinates of any vector w are those of the foot of its
    perpendicular, c_k = <w - o, e_k> / s. All sums are in double precision.

    Args:
        origin: Weights at the coordinates 0.
        axes: Unit vectors, in single precision or better.
        scale: Length in weight space of one unit of each coordinate; with 1.0, coordinates are distances.

    Raises:
        ArgumentError: If there are not one or two axes, they are not orthonormal or don't fit the origin, or the scale
            is not above 0.

    >>> flat = Flat(torch.zeros(3), (torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.0, 0.0, 1.0])), scale=2.0)
    >>> flat.coordinates(torch.tensor([4.0, 7.0, 1.0])), flat.residual(torch.tensor([4.0, 7.0, 1.0]))
    ((2.0, 0.5), 7.0)
    """

    origin: Float[Tensor, "param"]
    axes: tuple[Float[Tensor, "param"], ...]
    scale: float = 1.0

    def __post_init__(self) -> None:
        """Raise unless the parts belong together."""
        checked_vector(self.origin, "origin")
        if len(self.axes) not in (1, 2):
            raise ArgumentError("axes", "be one or two unit vectors", len(self.axes), "Use plane_through")
        if not 0.0 < self.scale < float("inf"):
            raise ArgumentError("scale", "be above 0", self.scale, "Pass 1.0: coordinates are then distances")
        axes = checked_alike(self.axes, [f"axes[{number}]" for number in range(len(self.axes))])
        if len(axes[0]) != len(self.origin) or axes[0].device != self.origin.device:
            got = Quoted(f"{len(axes[0])} on {axes[0].device}")
            rule = f"have {len(self.origin)} weights on {self.origin.device}, as the origin has"
            raise ArgumentError("axes", rule, got, "Pass vectors of one network")
        gap = (inner_products(axes) - torch.eye(len(axes), dtype=torch.float64)).abs().max().item()
        if gap > ORTHONORMAL:
            got = Quoted(f"inner products that are off by {gap:.3g}")
            raise ArgumentError("axes", "have length 1 and be orthogonal to one another", got, "Use plane_through")

    def point(self, *coordinates: float) -> Float[Tensor, "param"]:
        """Return the weights at coordinates, a new vector in the type of the origin; at 0 the origin to the bit.

        Raises:
            ArgumentError: If there is not one finite number for each axis.

        >>> line_through(torch.tensor([1.0, 1.0]), torch.tensor([1.0, 4.0])).point(2.0).tolist()
        [1.0, 3.0]
        """
        if len(coordinates) != len(self.axes) or not all(isfinite(value) for value in coordinates):
            rule = f"be one finite number for each of the {len(self.axes)} axes"
            raise ArgumentError("coordinates", rule, coordinates, "Pass for example 0.0 for the origin")
        wide = torch.promote_types(self.origin.dtype, self.axes[0].dtype)
        result = self.origin.detach().to(wide, copy=True)
        for value, axis in zip(coordinates, self.axes, strict=True):
            # Adding 0 times an axis would lose the sign of the origin's zeros.
            if value != 0.0:
                result.add_(axis, alpha=self.scale * value)
        return result.to(self.origin.dtype)

    def coordinates(self, vector: Float[Tensor, "param"]) -> tuple[float, ...]:
        """Return the coordinates of the foot of a vector's perpendicular; `residual` says how far off the vector is.

        Raises:
            ArgumentError: If the vector does not fit the origin.

        >>> plane = plane_through(torch.zeros(3), torch.tensor([2.0, 0.0, 0.0]), torch.tensor([1.0, 1.0, 0.0]))
        >>> plane.coordinates(torch.tensor([3.0, 4.0, 5.0]))
        (3.0, 4.0)
        """
        found = torch.zeros(len(self.axes), dtype=torch.float64, device=self.origin.device)
        for difference, axes in self._pieces(vector):
            found += axes @ difference
        return tuple((found / self.scale).tolist())

    def residual(self, vector: Float[Tensor, "param"]) -> float:
        """Return the distance in weight space between a vector and the foot of its perpendicular.

        Raises:
            ArgumentError: If the vector does not fit the origin.

        >>> line_through(torch.zeros(2), torch.tensor([2.0, 0.0])).residual(torch.tensor([7.0, -3.0]))
        3.0
        """
        lengths = torch.tensor(self.coordinates(vector), dtype=torch.float64, device=self.origin.device) * self.scale
        # Not |w - o|^2 - sum_k c_k^2: of a vector close to the flat, that difference would keep no digit.
        return sqrt(sum(((difference - lengths @ axes) ** 2).sum().item() for difference, axes in self._pieces(vector)))

    def _pieces(self, vector: Tensor) -> Iterator[tuple[Float[Tensor, "piece"], Float[Tensor, "axis piece"]]]:
        """Yield a vector as seen from the origin, and the axes, piece by piece in double precision."""
        origin, vector = checked_alike([self.origin, vector], ["origin", "vector"])
        for start in range(0, len(origin), CHUNK_ENTRIES):
            piece = slice(start, start + CHUNK_ENTRIES)
            difference = vector[piece].to(torch.float64) - origin[piece].to(torch.float64)
            yield difference, torch.stack([axis[piece].to(torch.float64) for axis in self.axes])


@dataclass(frozen=True, eq=False)
class PrincipalPlane:
    """The plane that lies closest to some vectors.

    Attributes:
        flat: The plane; the first axis is the one along which the vectors spread the most.
        explained: Share of the summed squared distances from the origin that lies along each axis.
    """

    flat: Flat
    explained: tuple[float, float]


def line_through(first: Float[Tensor, "param"], second: Float[Tensor, "param"]) -> Flat:
    """Return the line through two weight vectors: the origin is the first, coordinates are distances from it.

    Raises:
        ArgumentError: If they are no vectors of one kind, or equal.

    >>> line_through(torch.tensor([1.0, 1.0]), torch.tensor([1.0, 5.0])).coordinates(torch.tensor([9.0, 5.0]))
    (4.0,)
    """
    first, second = checked_alike([first, second], ["first", "second"])
    return Flat(first, (_axis_towards(second, "second", first, ()),))


def plane_through(first: Float[Tensor, "param"], second: Float[Tensor, "param"], third: Float[Tensor, "param"]) -> Flat:
    """Return the plane through three weight vectors: the origin is the first, coordinates are distances from it.

    With u = w2 - w1 and v = w3 - w1, Gram-Schmidt: e1 = u / |u|, e2 = (v - <v, e1> e1) / |v - <v, e1> e1|. The second
    vector lies at (|u|, 0), the third at (<v, e1>, |v - <v, e1> e1|): drawn to scale, whatever angles they form.

    Source: Garipov, Izmailov, Podoprikhin, Vetrov, Wilson (2018), figure 1, as explained in its appendix,
    https://arxiv.org/abs/1802.10026

    Raises:
        ArgumentError: If they are no vectors of one kind, two are equal, or all lie on one line.

    >>> plane = plane_through(torch.zeros(3), torch.tensor([2.0, 0.0, 0.0]), torch.tensor([1.0, 0.0, 3.0]))
    >>> plane.coordinates(torch.tensor([1.0, 0.0, 3.0]))
    (1.0, 3.0)
    """
    first, second, third = checked_alike([first, second, third], ["first", "second", "third"])
    along = _axis_towards(second, "second", first, ())
    return Flat(first, (along, _axis_towards(third, "third", first, (along,))))


def principal_plane(vectors: Sequence[Float[Tensor, "param"]], *, origin: Float[Tensor, "param"]) -> PrincipalPlane:
    """Return the plane through an origin that lies closest to some vectors, such as the checkpoints of trajectories.

    The axes are the first two right singular vectors of the matrix with rows w_t - o; the share explained by axis k is
    sigma_k^2 / sum_j sigma_j^2. What the two shares leave is the sum of squared residuals over that of squared
    distances from the origin. Computed from the T x T matrix of inner products, so T may be far below the number of
    weights. Each axis points to where the vector that is farthest along it lies.

    Source: Li, Xu, Taylor, Studer, Goldstein (2018), section 7.2, https://arxiv.org/abs/1712.09913, with the final
    weights as origin. Differs from the usual principal components in that no mean is subtracted: the plane passes
    through the origin, and shares and residuals are about it.

    Args:
        vectors: Flattened weights.
        origin: A point of the plane, such as the solution that a trajectory ends at.

    Raises:
        ArgumentError: If they are no vectors of one kind, or lie on one line with the origin.

    >>> found = principal_plane([torch.tensor([0.0, 4.0, 0.0]), torch.tensor([3.0, 0.0, 0.0])], origin=torch.zeros(3))
    >>> [axis.abs().tolist() for axis in found.flat.axes], found.explained
    ([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]], (0.64, 0.36))
    """
    names = [f"vectors[{number}]" for number in range(len(vectors))]
    origin, *vectors = checked_alike([origin, *vectors], ["origin", *names])
    squares, parts = torch.linalg.eigh(inner_products(vectors, origin) if vectors else torch.zeros(1, 1))
    if len(squares) < 2 or squares[-2] <= COLLINEAR**2 * squares[-1]:
        got = Quoted(f"{len(vectors)} vectors on one line with the origin")
        raise ArgumentError("vectors", "span a plane with the origin", got, "Pass more checkpoints of a trajectory")
    axes: tuple[Tensor, ...] = ()
    for column in (-1, -2):
        part = parts[:, column]
        part = part if part[part.abs().argmax()] > 0 else -part
        axes = (*axes, unit_vector(_combined(vectors, part, origin), axes)[0])
    total = squares.clamp(min=0.0).sum()
    return PrincipalPlane(Flat(origin, axes), ((squares[-1] / total).item(), (squares[-2] / total).item()))


def _combined(vectors: Sequence[Tensor], parts: Float[Tensor, "point"], origin: Tensor) -> Float[Tensor, "param"]:
    """Return sum_t a_t (w_t - o)."""
    result = torch.zeros_like(origin, dtype=_precision(origin))
    for vector, part in zip(vectors, parts.tolist(), strict=True):
        result.add_(vector.to(result.dtype) - origin, alpha=part)
    return result


def _axis_towards(
    vector: Float[Tensor, "param"], name: str, origin: Float[Tensor, "param"], axes: tuple[Tensor, ...]
) -> Float[Tensor, "param"]:
    """Return the unit vector that leads from an origin to a vector, orthogonal to some axes."""
    axis, length, distance = unit_vector(vector.to(_precision(origin)) - origin, axes)
    if distance == 0.0:
        raise ArgumentError(name, "differ from first", Quoted("equal weights"), "Pass different solutions")
    if length <= COLLINEAR * distance:
        got = Quoted(f"a vector {length:.3g} off their line")
        raise ArgumentError(name, "not lie on one line with first and second", got, "Pass three different solutions")
    return axis


def unit_vector(
    direction: Float[Tensor, "param"], axes: tuple[Float[Tensor, "param"], ...] = ()
) -> tuple[Float[Tensor, "param"], float, float]:
    """Return a direction made orthogonal to unit axes and scaled to length 1, and its lengths after and before.

    The projections are subtracted twice: after once, a direction close to the axes would not be orthogonal to them.
    Where nothing is left, the first length is 0 and the vector is zero.

    Source: Giraud, Langou, Rozloznik (2005), https://doi.org/10.1016/j.camwa.2005.08.009

    >>> unit_vector(torch.tensor([3.0, 2.0]), (torch.tensor([1.0, 0.0]),))[:2]
    (tensor([0., 1.]), 2.0)
    """
    before = length = _length(direction)
    for _ in range(2 if axes else 0):
        for axis in axes:
            direction = direction - inner_products([direction, axis])[0, 1].item() * axis
        length = _length(direction)
    return direction / (length or 1.0), length, before


def _length(vector: Float[Tensor, "param"]) -> float:
    """Return the norm of a vector, summed in double precision."""
    return sqrt(inner_products([vector])[0, 0].item())


def _precision(origin: Tensor) -> torch.dtype:
    """Return the type of axes: half precision is not enough for unit vectors."""
    return torch.promote_types(origin.dtype, torch.float32)
