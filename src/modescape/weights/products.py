"""Inner products of weight vectors in double precision: all that the geometry of a few of them needs."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from modescape.core.errors import ArgumentError, Quoted
from modescape.weights.vectors import checked_vector

CHUNK_ENTRIES = 2**22
"""Entries that are held in double precision at a time: 32 MiB."""


def inner_products(
    vectors: Sequence[Float[Tensor, "param"]], origin: Float[Tensor, "param"] | None = None
) -> Float[Tensor, "point point_other"]:
    """Return the inner products of vectors, seen from an origin: g[i, j] = <v_i - o, v_j - o>, in double precision.

    Args:
        vectors: Of one length; they are converted piece by piece.
        origin: Subtracted before anything is multiplied, so that close points keep their digits; by default zero.

    >>> inner_products([torch.tensor([3.0, 4.0]), torch.tensor([1.0, 0.0])]).tolist()
    [[25.0, 3.0], [3.0, 1.0]]
    """
    found = torch.zeros(len(vectors), len(vectors), dtype=torch.float64)
    step = max(1, CHUNK_ENTRIES // len(vectors))
    for start in range(0, len(vectors[0]), step):
        piece = torch.stack([vector[start : start + step].detach().to(torch.float64) for vector in vectors])
        if origin is not None:
            piece -= origin[start : start + step].detach().to(torch.float64)
        found += (piece @ piece.T).cpu()
    return found


def checked_alike(vectors: Sequence[Float[Tensor, "param"]], names: Sequence[str]) -> tuple[Tensor, ...]:
    """Return weight vectors, cut off from autograd, after checking that they belong together.

    Args:
        vectors: Each one flattened network.
        names: What to call them in errors.

    Raises:
        ArgumentError: If one is no vector of finite floating-point numbers, or differs from the first in length, type
            or device.

    >>> len(checked_alike([torch.ones(2), torch.zeros(2)], ["start", "end"]))
    2
    """
    checked = tuple(checked_vector(vector, name) for vector, name in zip(vectors, names, strict=True))
    kinds = [(len(vector), str(vector.dtype), str(vector.device)) for vector in checked]
    for name, kind in zip(names, kinds, strict=True):
        if kind != kinds[0]:
            wanted, got = (" ".join(map(str, each)) for each in (kinds[0], kind))
            rule = f"have the length, the type and the device of {names[0]} ({wanted})"
            raise ArgumentError(name, rule, Quoted(got), "Pass vectors of networks of one architecture")
    return checked
