"""Averages of weights: one network in the middle of many."""

from collections.abc import Iterable

import torch
from jaxtyping import Float
from torch import Tensor

from modescape.core.errors import ArgumentError
from modescape.weights.vectors import checked_vectors

CHUNK_ENTRIES = 2**17
"""Entries that are held in double precision at a time: 1 MiB, which stays in the processor's cache."""


def average(vectors: Iterable[Float[Tensor, "param"]]) -> Float[Tensor, "param"]:
    """Return the mean of weight vectors, each counted once.

    w = (1/T) sum_t w_t, accumulated in double precision.

    Source: Izmailov, Podoprikhin, Garipov, Vetrov, Wilson (2018), section 3, https://arxiv.org/abs/1803.05407

    Args:
        vectors: One flattened weight vector at a time; a generator's are never held together. For an average over
            the last epochs of one network, pass its last checkpoints. Averages of batch norm are no weights: they
            are to be estimated anew for the result.

    Returns:
        A vector in the precision of those given.

    Raises:
        ArgumentError: If there is no vector, lengths or types differ, or one holds NaN or an infinity.

    >>> average([torch.tensor([1.0, 0.0]), torch.tensor([3.0, 1.0])]).tolist()
    [2.0, 0.5]
    """
    running = RunningMoments(with_squares=False)
    for vector in checked_vectors(vectors):
        running.add(vector)
    if running.num_vectors == 0:
        raise ArgumentError("vectors", "hold at least one vector of weights", 0, "Pass the checkpoints to average")
    return running.mean.to(running.dtype)


class RunningMoments:
    """Mean of the vectors that were added so far, and sum of their squared distances from it, in double precision.

    m_t = m_{t-1} + (w_t - m_{t-1}) / t, q_t = q_{t-1} + (w_t - m_{t-1}) (w_t - m_t): no difference of large sums, and
    the mean of equal vectors is that vector to the last bit.

    Source: Welford (1962), https://doi.org/10.1080/00401706.1962.10490022

    Args:
        with_squares: Whether squared distances are wanted, too.

    Attributes:
        mean: The mean of each weight.
        squares: The sum of squared distances of each weight.
        num_vectors: How many vectors there were.
        dtype: The type they had.

    >>> running = RunningMoments(with_squares=True)
    >>> for vector in torch.tensor([[1.0], [3.0]]):
    ...     running.add(vector)
    >>> running.mean.item(), running.squares.item(), running.num_vectors
    (2.0, 2.0, 2)
    """

    def __init__(self, *, with_squares: bool) -> None:
        self.mean = self.squares = torch.zeros(0, dtype=torch.float64)
        self.num_vectors, self.dtype, self._with_squares = 0, torch.float64, with_squares

    def add(self, vector: Float[Tensor, "param"]) -> None:
        """Take in a vector."""
        if self.num_vectors == 0:
            self.mean = torch.zeros_like(vector, dtype=torch.float64)
            self.squares = torch.zeros_like(self.mean) if self._with_squares else self.squares
            self.dtype = vector.dtype
        self.num_vectors += 1
        for start in range(0, len(vector), CHUNK_ENTRIES):
            columns = slice(start, start + CHUNK_ENTRIES)
            piece, mean = vector[columns].to(torch.float64), self.mean[columns]
            gap = piece - mean
            mean += gap / self.num_vectors
            if self._with_squares:
                self.squares[columns] += gap * (piece - mean)
