"""Checks of weight vectors."""

from collections.abc import Iterable, Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from modescape.core.errors import ArgumentError, Quoted


def checked_vector(vector: Tensor, argument: str) -> Float[Tensor, "param"]:
    """Return one weight vector, cut off from any gradient, after checking it.

    Raises:
        ArgumentError: If it is not one-dimensional, is empty, or holds whole numbers, NaN or an infinity.

    >>> checked_vector(torch.zeros(3, requires_grad=True), "centre").requires_grad
    False
    """
    vector = torch.as_tensor(vector).detach()
    if vector.ndim != 1 or len(vector) == 0:
        got = Quoted(f"shape {tuple(vector.shape)}")
        raise ArgumentError(argument, "be one vector of weights", got, "Flatten the network with core.trees.ravel")
    if not vector.is_floating_point():
        raise ArgumentError(argument, "be floating-point numbers", vector.dtype, "Convert it with .float()")
    # The largest absolute weight is NaN if one is: one pass, and no copy of the size of the vector.
    if not torch.linalg.vector_norm(vector, ord=float("inf")).isfinite():
        place = int((~vector.isfinite()).nonzero()[0])
        got = Quoted(f"{vector[place].item()} at weight {place}")
        raise ArgumentError(argument, "be finite", got, "Leave out a network that diverged")
    return vector


def checked_vectors(vectors: Iterable[Tensor], argument: str = "vectors") -> Iterator[Float[Tensor, "param"]]:
    """Yield weight vectors one by one, each checked when its turn comes.

    Raises:
        ArgumentError: If a vector is wrong, or is not as long or not of the type of the first.

    >>> [vector.tolist() for vector in checked_vectors(torch.eye(2))]
    [[1.0, 0.0], [0.0, 1.0]]
    """
    first: Tensor | None = None
    for number, entry in enumerate(vectors):
        vector = checked_vector(entry, f"{argument}[{number}]")
        first = vector if first is None else first
        if (vector.shape, vector.dtype) != (first.shape, first.dtype):
            raise ArgumentError(
                f"{argument}[{number}]",
                f"have {len(first)} weights of {first.dtype}, as the first vector",
                Quoted(f"{len(vector)} of {vector.dtype}"),
                "Pass weights of one architecture and one precision",
            )
        yield vector
