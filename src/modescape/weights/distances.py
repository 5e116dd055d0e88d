"""How far apart networks are, against the distance expected by chance in high dimension."""

from collections.abc import Iterable

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import ArrayLike
from torch import Tensor

from modescape.core.checks import check_at_least
from modescape.core.errors import ArgumentError, Quoted
from modescape.weights.vectors import checked_vectors

CHUNK_ENTRIES = 2**20
"""Entries that are held in double precision at a time: 8 MiB."""


def distance_matrix(vectors: Iterable[Float[Tensor, "param"]]) -> Float[np.ndarray, "member member_other"]:
    """Return the Euclidean distance between every pair of weight vectors.

    d[i, j] = |w_i - w_j|, in double precision from the differences themselves, so that networks that lie close
    together far from the origin keep their distance. The matrix is symmetric with zeros on its diagonal.

    Args:
        vectors: One flattened weight vector for each network; all are held together.

    Raises:
        ArgumentError: If there is no vector, lengths or types differ, or one holds NaN or an infinity.

    >>> distance_matrix([torch.tensor([0.0, 0.0]), torch.tensor([3.0, 4.0])]).tolist()
    [[0.0, 5.0], [5.0, 0.0]]
    """
    held = list(checked_vectors(vectors))
    if not held:
        raise ArgumentError("vectors", "hold at least one vector of weights", 0, "Pass the weights of networks")
    squares = torch.zeros(len(held), len(held), dtype=torch.float64)
    step = max(1, CHUNK_ENTRIES // len(held))
    for start in range(0, len(held[0]), step):
        piece = torch.stack([vector[start : start + step].to(torch.float64) for vector in held])
        # By way of a matrix product it would be faster, and lose the digits of small distances.
        squares += torch.cdist(piece, piece, compute_mode="donot_use_mm_for_euclid_dist").square().cpu()
    return squares.sqrt().numpy()


def expected_distance(first_norm: ArrayLike, second_norm: ArrayLike) -> Float[np.ndarray, "..."]:
    """Return the distance expected by chance: that of vectors of these norms in independent random directions.

    E|w1 - w2|^2 = |w1|^2 + |w2|^2, because the cosine of independent directions has mean 0; its standard deviation,
    `cosine_deviation`, is so small for networks that practically all such pairs have the distance
    sqrt(|w1|^2 + |w2|^2).

    Source: Vershynin (2018), High-Dimensional Probability, remark 3.2.5, https://doi.org/10.1017/9781108231596

    Args:
        first_norm: Norms; any shape.
        second_norm: Norms; any shape that broadcasts with the first.

    Raises:
        ArgumentError: If a norm is below 0, NaN or infinite.

    >>> expected_distance(3.0, [4.0, 0.0]).tolist()
    [5.0, 3.0]
    """
    norms = [np.asarray(norm, dtype=np.float64) for norm in (first_norm, second_norm)]
    for norm, name in zip(norms, ("first_norm", "second_norm"), strict=True):
        wrong = ~((norm >= 0) & np.isfinite(norm))
        if wrong.any():
            got = Quoted(f"{norm[wrong].flat[0]:g}")
            raise ArgumentError(name, "be at least 0 and finite", got, "Pass norms of weight vectors")
    return np.hypot(*norms)


def cosine_deviation(num_params: int) -> float:
    """Return the standard deviation of the cosine between two independent random directions: 1 / sqrt(P).

    Exact for directions that are uniform on the sphere in P dimensions; the mean is 0.

    Source: Vershynin (2018), High-Dimensional Probability, section 3.3.3, https://doi.org/10.1017/9781108231596

    Args:
        num_params: The number of parameters P.

    Raises:
        ArgumentError: If it is below 1.

    >>> cosine_deviation(10_000)
    0.01
    """
    check_at_least(num_params, 1, "num_params", "Pass the number of parameters of the network")
    return num_params**-0.5
