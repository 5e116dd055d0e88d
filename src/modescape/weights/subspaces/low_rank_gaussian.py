"""The low-rank Gaussian subspace: the few directions in which checkpoints, or other samples, vary most."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

import torch
from jaxtyping import Float
from torch import Tensor

from modescape.core.checks import check_choice
from modescape.core.errors import ArgumentError, Quoted
from modescape.weights.averages import average
from modescape.weights.subspaces.diagonal_gaussian import check_several
from modescape.weights.subspaces.protocol import check_draw, standard_normal
from modescape.weights.vectors import checked_vector, checked_vectors

CHUNK_ENTRIES = 2**18
"""Entries that are held in double precision at a time: 2 MiB, which stays in the processor's cache."""

SMALLEST_SHARE = 1e-6
"""Directions shorter than this share of the longest are rounding errors of single precision, and count as none."""

Variance = Literal["fitted", "unit"]


@dataclass(frozen=True, eq=False)
class LowRankGaussian:
    """Samples mean + strength * sum_k deviation_k g_k c_k with g ~ N(0, I) and orthonormal directions c_k.

    The covariance at strength 1 is sum_k deviation_k^2 c_k c_k^T.

    Source: Fort, Hu, Lakshminarayanan (2019), https://arxiv.org/abs/1912.02757; for the two ways to
    choose deviations see `fitted`.

    Args:
        mean: The centre.
        components: Directions as rows, each of length 1 (or zero, for a direction that does not exist).
        deviations: Standard deviation along each direction, at least 0.

    Raises:
        ArgumentError: If shapes do not fit, or there is NaN, an infinity or a deviation below 0.

    >>> line = LowRankGaussian(torch.zeros(3), torch.tensor([[0.0, 1.0, 0.0]]), torch.tensor([2.0]))
    >>> (line.draw(generator=torch.Generator().manual_seed(0)) == 0).tolist()
    [True, False, True]
    """

    mean: Float[Tensor, "param"]
    components: Float[Tensor, "rank param"]
    deviations: Float[Tensor, "rank"]

    name: ClassVar[str] = "low-rank-gaussian"

    def __post_init__(self) -> None:
        object.__setattr__(self, "mean", checked_vector(self.mean, "mean"))
        object.__setattr__(self, "deviations", checked_vector(self.deviations, "deviations"))
        object.__setattr__(self, "components", torch.as_tensor(self.components).detach())
        expected, found = (len(self.deviations), len(self.mean)), tuple(self.components.shape)
        if found != expected:
            rule = f"have the shape (rank, param) of deviations and mean, {expected}"
            raise ArgumentError("components", rule, Quoted(f"shape {found}"), "Pass one row for each deviation")
        if not all(row.isfinite().all() for row in self.components):
            raise ArgumentError("components", "be finite", Quoted("NaN or an infinity"), "Use .fitted")
        if (self.deviations < 0).any():
            lowest = self.deviations.min().item()
            raise ArgumentError("deviations", "be at least 0", lowest, "Pass standard deviations, not variances")

    @property
    def strongest(self) -> float:
        """Infinity: any strength is allowed."""
        return math.inf

    @classmethod
    def fitted(cls, vectors: Iterable[Float[Tensor, "param"]], rank: int = 5, variance: Variance = "fitted") -> Self:
        """Return the Gaussian along the first principal components of weight vectors.

        With singular values s_k of the centred vectors, deviation_k = s_k / sqrt(T). With as many directions as the
        vectors have (T - 1), the covariance is therefore that of the vectors, (1/T) sum_t (w_t - m)(w_t - m)^T:
        divided by T and not T - 1, as for `DiagonalGaussian`. The directions are computed from the T x T products of
        the vectors, piece by piece in double precision: nothing of the size param x param is ever made. Directions in
        which the vectors do not vary are zero.

        Source: section "Gaussian Sampling" of the notebook of Fort, Hu, Lakshminarayanan (2019),
        https://github.com/google-deepmind/deepmind-research/tree/master/ensemble_loss_landscape, with
        variance="unit": it draws coefficients of variance 1 whatever the singular values are. The default differs
        from it: a Gaussian fitted to the vectors is as wide along each direction as they are.

        Args:
            vectors: The last checkpoints of one network, or samples around it; more of them than directions.
            rank: Number of directions; 5 as published.
            variance: "fitted" or "unit".

        Raises:
            ArgumentError: If there are fewer than 2 vectors, lengths or types differ, one holds NaN or an infinity,
                the rank is outside 1..T - 1, or the variance is another word.

        >>> fitted = LowRankGaussian.fitted(torch.tensor([[2.0, 0.0, 1.0], [-2.0, 0.0, 1.0]]), rank=1)
        >>> fitted.mean.tolist(), fitted.deviations.tolist(), fitted.components.abs().tolist()
        ([0.0, 0.0, 1.0], [2.0], [[1.0, 0.0, 0.0]])
        """
        check_choice(variance, ("fitted", "unit"), "variance")
        rows = list(checked_vectors(vectors))
        check_several(len(rows))
        if not 1 <= rank < len(rows):
            rule = f"lie in 1..{len(rows) - 1}, below the number of vectors ({len(rows)})"
            raise ArgumentError("rank", rule, rank, "Keep more checkpoints (or draw more samples), or lower the rank")
        components, lengths = _principal_components(rows, rank)
        deviations = lengths / math.sqrt(len(rows)) if variance == "fitted" else (lengths > 0).to(lengths.dtype)
        return cls(average(rows), components, deviations.to(components.dtype))

    def draw(self, *, strength: float = 1.0, generator: torch.Generator) -> Float[Tensor, "param"]:
        """Return a sample with strength times the deviations."""
        return self.at(strength, generator=generator)

    def at(self, strength: float, *, generator: torch.Generator) -> Float[Tensor, "param"]:
        """Return a sample with strength times the deviations: the same as `draw`."""
        check_draw(strength, self.strongest, generator)
        coefficients = standard_normal(self.deviations, generator) * self.deviations * strength
        return (self.mean + coefficients.to(self.components.dtype) @ self.components).to(self.mean.dtype)


class LowRankRandom(LowRankGaussian):
    """A `LowRankGaussian` fitted to samples of the random subspace instead of checkpoints.

    Beside the one fitted to checkpoints it shows how much lies in the directions, and how much in there being few.

    Source: section "Random Sampling" of the notebook of Fort, Hu, Lakshminarayanan (2019),
    https://github.com/google-deepmind/deepmind-research/tree/master/ensemble_loss_landscape

    >>> LowRankRandom.fitted(torch.eye(4), rank=2).name
    'low-rank-random'
    """

    name: ClassVar[str] = "low-rank-random"


def _principal_components(rows: list[Tensor], rank: int) -> tuple[Float[Tensor, "rank param"], Float[Tensor, "rank"]]:
    """Return the first directions of the centred vectors and their singular values; what does not exist is zero."""
    products = torch.zeros(len(rows), len(rows), dtype=torch.float64, device=rows[0].device)
    for _, piece in _centred_pieces(rows):
        products += piece @ piece.T
    squares, turns = (result.flip(-1)[..., :rank] for result in torch.linalg.eigh(products))
    # Libraries are free to choose the sign: the vector with the largest part in a direction lies on its positive side.
    largest = turns.gather(0, turns.abs().argmax(dim=0, keepdim=True))
    turns = turns * torch.where(largest < 0, -1.0, 1.0)
    lengths = squares.clamp_min(0.0).sqrt()
    exists = lengths > SMALLEST_SHARE * lengths[0]
    turned = (turns * torch.where(exists, 1.0 / lengths, 0.0)).T
    dtype = torch.promote_types(rows[0].dtype, torch.float32)
    components = torch.empty(rank, len(rows[0]), dtype=dtype, device=rows[0].device)
    for columns, piece in _centred_pieces(rows):
        components[:, columns] = (turned @ piece).to(dtype)
    return components, torch.where(exists, lengths, 0.0)


def _centred_pieces(rows: list[Tensor]) -> Iterator[tuple[slice, Float[Tensor, "vector piece"]]]:
    """Yield the deviations of vectors from their mean in double precision, a range of weights at a time."""
    step = max(1, CHUNK_ENTRIES // len(rows))
    for start in range(0, len(rows[0]), step):
        columns = slice(start, start + step)
        piece = torch.stack([row[columns] for row in rows]).to(torch.float64)
        # Seen from the first vector, equal vectors have a mean of exactly zero; a mean of themselves would round.
        piece -= piece[0].clone()
        piece -= piece.mean(dim=0)
        yield columns, piece
