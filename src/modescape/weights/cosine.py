"""Cosine similarity of weight vectors."""

import torch
from jaxtyping import Float
from torch import Tensor

from modescape.core.errors import ArgumentError, Quoted

CHUNK_ENTRIES = 2**22
"""Entries that are held in double precision at a time: 32 MiB."""


def cosine_matrix(vectors: Float[Tensor, "member param"]) -> Float[Tensor, "member member_other"]:
    """Return the cosine of the angle between the weight vectors of every pair of members.

    c[i, j] = <w_i, w_j> / (|w_i| |w_j|), accumulated in double precision. The matrix is symmetric, has ones on its
    diagonal and lies in [-1, 1]. Vectors of weight trees come from `modescape.core.trees.ravel`.

    Source: Fort, Hu, Lakshminarayanan (2019), section 3, https://arxiv.org/abs/1912.02757

    Args:
        vectors: One flattened weight vector for each member; they are converted to double precision piece by piece,
            so memory for 32 MiB is enough beside them.

    Returns:
        A double precision matrix on the device of the vectors.

    Raises:
        ArgumentError: If the shape or the type is wrong, or a vector is zero or holds NaN or an infinity; the first
            such member is named.

    >>> cosine_matrix(torch.tensor([[1.0, 0.0], [3.0, 4.0], [0.0, -2.0]])).tolist()
    [[1.0, 0.6, 0.0], [0.6, 1.0, -0.8], [0.0, -0.8, 1.0]]
    """
    vectors = torch.as_tensor(vectors).detach()
    largest = _checked_largest(vectors)
    num_members, num_params = vectors.shape
    products = torch.zeros(num_members, num_members, dtype=torch.float64, device=vectors.device)
    for piece in vectors.split(max(1, min(num_params, CHUNK_ENTRIES // num_members)), dim=1):
        # Scaled by its largest entry, no vector's square overflows or vanishes.
        scaled = piece.to(torch.float64) / largest
        products += scaled @ scaled.T
    norms = products.diagonal().sqrt()
    cosines = (products / norms[:, None] / norms[None, :]).clamp(-1.0, 1.0)
    cosines = (cosines + cosines.T) / 2
    return cosines.fill_diagonal_(1.0)


def _checked_largest(vectors: Tensor) -> Float[Tensor, "member 1"]:
    """Return the largest absolute weight of each member, after checking the vectors."""
    if vectors.ndim != 2 or 0 in vectors.shape:
        raise ArgumentError(
            "vectors",
            "have the shape (member, param) with at least one of each",
            Quoted(f"shape {tuple(vectors.shape)}"),
            "Flatten each network with ravel and stack the vectors",
        )
    if not vectors.is_floating_point():
        raise ArgumentError("vectors", "be floating-point numbers", vectors.dtype, "Convert them with .float()")
    largest = torch.linalg.vector_norm(vectors, ord=float("inf"), dim=1, keepdim=True).to(torch.float64)
    for what, wrong, advice in (
        ("NaN or an infinity", ~largest.isfinite(), "Leave out the member that diverged"),
        ("only zeros", largest == 0, "The angle of a zero vector is undefined: leave the member out"),
    ):
        if wrong.any():
            member = int(wrong.flatten().nonzero()[0])
            raise ArgumentError("vectors", "be finite and not zero", Quoted(f"{what} in member {member}"), advice)
    return largest
