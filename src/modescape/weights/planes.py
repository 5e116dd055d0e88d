"""The plane through the origin and two solutions, in polar coordinates."""

from math import atan2, cos, hypot, isfinite, sin, sqrt

from jaxtyping import Float
from torch import Tensor

from modescape.core.errors import ArgumentError, Quoted
from modescape.weights.products import checked_alike, inner_products

COLLINEAR = 1e-6
"""Sine of the angle of two vectors under which they count as collinear: in single precision nothing is left of it."""


class RadialPlane:
    """The plane through the origin and two weight vectors: angle 0 is the first, the second lies at an angle above 0.

    Unit axes by Gram-Schmidt: e1 = w1 / |w1|, e2 = (w2 - <w2, e1> e1) / |w2 - <w2, e1> e1|; the point at radius r and
    angle a is r (cos(a) e1 + sin(a) e2). With b the angle of the second vector this is
    r sin(b - a) / (sin(b) |w1|) w1 + r sin(a) / (sin(b) |w2|) w2, which needs no vectors besides the two, and is each
    of them exactly at its own place.

    Source: Fort, Hu, Lakshminarayanan (2019), section 4.1 and figure 4, https://arxiv.org/abs/1912.02757

    Args:
        first: Flattened weights of one solution.
        second: Flattened weights of another.

    Attributes:
        radius_first: Norm of the first vector.
        radius_second: Norm of the second vector.
        angle_of_second: Angle between them, in (0, pi) radians.

    Raises:
        ArgumentError: If they are no vectors of one kind, or one of them is zero or a multiple of the other.

    >>> import torch
    >>> plane = RadialPlane(torch.tensor([2.0, 0.0, 0.0]), torch.tensor([1.0, 1.0, 0.0]))
    >>> plane.radius_first, round(plane.angle_of_second, 4)
    (2.0, 0.7854)
    >>> plane.point(3.0, 0.0).tolist()
    [3.0, 0.0, 0.0]
    """

    def __init__(self, first: Float[Tensor, "param"], second: Float[Tensor, "param"]) -> None:
        self._first, self._second = checked_alike([first, second], ["first", "second"])
        products = inner_products([self._first, self._second])
        self.radius_first, self.radius_second = sqrt(products[0, 0].item()), sqrt(products[1, 1].item())
        for name, radius in (("first", self.radius_first), ("second", self.radius_second)):
            if radius == 0.0:
                advice = "A plane needs two directions: pass the weights of a trained network"
                raise ArgumentError(name, "not be zero", Quoted("only zeros"), advice)
        along = products[0, 1].item() / self.radius_first
        self._sine = self._distance_of_second(along) / self.radius_second
        self.angle_of_second = atan2(self._sine, along / self.radius_second)
        if self._sine < COLLINEAR:
            got = Quoted(f"vectors at {self.angle_of_second:.3g} radians")
            raise ArgumentError("second", "not be a multiple of first", got, "Pass two different solutions")

    def point(self, radius: float, angle: float) -> Float[Tensor, "param"]:
        """Return the weights at a radius and an angle (radians), in the type of the two vectors.

        Raises:
            ArgumentError: If one of the numbers is not finite.

        >>> import torch
        >>> RadialPlane(torch.tensor([1.0, 0.0]), torch.tensor([1.0, 1.0])).point(0.0, 1.0).tolist()
        [0.0, 0.0]
        """
        for value, name in ((radius, "radius"), (angle, "angle")):
            if not isfinite(value):
                raise ArgumentError(name, "be finite", value, "Pass a number such as radius_first or angle_of_second")
        sine = sin(self.angle_of_second)
        of_first = radius / self.radius_first * (sin(self.angle_of_second - angle) / sine)
        of_second = radius / self.radius_second * (sin(angle) / sine)
        return of_first * self._first + of_second * self._second

    def polar(self, vector: Float[Tensor, "param"]) -> tuple[float, float]:
        """Return the radius and the angle, in [-pi, pi], of the foot of a vector's perpendicular on the plane.

        How far the vector itself is from there says `distance`.

        Raises:
            ArgumentError: If the vector does not fit the plane's.

        >>> import torch
        >>> plane = RadialPlane(torch.tensor([1.0, 0.0, 0.0]), torch.tensor([1.0, 1.0, 0.0]))
        >>> radius, angle = plane.polar(torch.tensor([0.0, 2.0, 5.0]))
        >>> round(radius, 6), round(angle, 6)
        (2.0, 1.570796)
        """
        x, y, _ = self._coordinates(vector)
        return hypot(x, y), atan2(y, x)

    def distance(self, vector: Float[Tensor, "param"]) -> float:
        """Return the distance of a vector from the plane.

        Raises:
            ArgumentError: If the vector does not fit the plane's.

        >>> import torch
        >>> plane = RadialPlane(torch.tensor([1.0, 0.0, 0.0]), torch.tensor([1.0, 1.0, 0.0]))
        >>> round(plane.distance(torch.tensor([0.0, 2.0, 5.0])), 6)
        5.0
        """
        x, y, square = self._coordinates(vector)
        return sqrt(max(0.0, square - x * x - y * y))

    def _coordinates(self, vector: Tensor) -> tuple[float, float, float]:
        """Return the coordinates on the two axes, and the square of the norm."""
        _, checked = checked_alike([self._first, vector], ["first", "vector"])
        products = inner_products([self._first, self._second, checked])[2]
        x = products[0].item() / self.radius_first
        y = (products[1].item() / self.radius_second - x * cos(self.angle_of_second)) / sin(self.angle_of_second)
        return x, y, products[2].item()

    def _distance_of_second(self, along: float) -> float:
        """Return the distance of the second vector from the first axis, without losing the digits of a small one."""
        foot = self._first.double() * (along / self.radius_first)
        return sqrt(inner_products([self._second.double()], origin=foot)[0, 0].item())
