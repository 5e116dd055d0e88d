"""Correlations between the units of two networks, gathered batch by batch."""

from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

ROUNDING = 1e-6
"""A standard deviation below this share of the mean is rounding."""


@dataclass
class JointMoments:
    """Correlation of each unit of one layer with each unit of another, over all rows that were added.

    r[i, j] = cov(x_i, y_j) / (sd(x_i) sd(y_j)), in double precision; 0 where a unit never changes by more than
    rounding. Rows are shifted by the means of the first batch, so that nothing is lost where means are large.

    >>> moments = JointMoments()
    >>> moments.add(torch.tensor([[0.0, 1.0], [1.0, 1.0]]), torch.tensor([[5.0], [3.0]]))
    >>> moments.correlation.tolist()
    [[-1.0], [0.0]]
    """

    _count: int = 0
    _shifts: list[Tensor] = field(default_factory=list, repr=False)
    _sums: list[Tensor] = field(default_factory=list, repr=False)
    _squares: list[Tensor] = field(default_factory=list, repr=False)
    _products: Tensor = field(default_factory=lambda: torch.zeros(()), repr=False)

    def add(self, first: Float[Tensor, "row unit"], second: Float[Tensor, "row unit_other"]) -> None:
        """Take in rows of both, which belong together."""
        if not self._count:
            self._shifts = [first.mean(dim=0), second.mean(dim=0)]
            zeros = [torch.zeros(len(shift), dtype=torch.float64, device=shift.device) for shift in self._shifts]
            self._sums, self._squares = zeros, [zero.clone() for zero in zeros]
            self._products = torch.zeros(len(zeros[0]), len(zeros[1]), dtype=torch.float64, device=zeros[0].device)
        rows = [values - shift for values, shift in zip((first, second), self._shifts, strict=True)]
        for place, values in enumerate(rows):
            self._sums[place] += values.sum(dim=0, dtype=torch.float64)
            self._squares[place] += values.square().sum(dim=0, dtype=torch.float64)
        self._products += rows[0].T @ rows[1]
        self._count += len(first)

    @property
    def count(self) -> int:
        """How many rows were added."""
        return self._count

    @property
    def is_finite(self) -> bool:
        """Whether all that was added are numbers."""
        return all(bool(squares.isfinite().all()) for squares in self._squares)

    @property
    def correlation(self) -> Float[Tensor, "unit unit_other"]:
        """The correlations."""
        means = [sums / self._count for sums in self._sums]
        deviations = [
            (squares / self._count - mean.square()).clamp(min=0.0).sqrt()
            for squares, mean in zip(self._squares, means, strict=True)
        ]
        varies = [
            deviation > ROUNDING * (mean + shift).abs()
            for deviation, mean, shift in zip(deviations, means, self._shifts, strict=True)
        ]
        covariance = self._products / self._count - torch.outer(*means)
        defined = torch.outer(*varies)
        return torch.where(defined, covariance / torch.where(defined, torch.outer(*deviations), 1.0), 0.0)
