"""What is known of PyTorch's dropout functions by those that give them masks of their own."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

RESOLUTION = 2**16
"""Masks are exactly Bernoulli with the keep probability rounded to a multiple of 1 / RESOLUTION."""

CHANNEL_DROPOUT: dict[Callable[..., Any], int] = {F.dropout1d: 3, F.dropout2d: 4, F.dropout3d: 5}
"""Dropout of whole channels: the function, and the number of axes its inputs have."""


def dropout_arguments(
    input: Tensor,  # noqa: A002
    p: float = 0.5,
    training: bool = True,  # noqa: FBT001, FBT002
    inplace: bool = False,  # noqa: FBT001, FBT002
) -> tuple[Tensor, float, bool, bool]:
    """Name the arguments of a dropout call as PyTorch names them.

    >>> dropout_arguments(torch.zeros(2), training=False)[1:]
    (0.5, False, False)
    """
    return input, float(p), training, inplace


class RandomOperations(TorchDispatchMode):
    """Counts the operations inside the block that draw random numbers, even if they put the generator back.

    >>> with RandomOperations() as seen:
    ...     _ = torch.zeros(2) + torch.rand(2)
    >>> seen.count
    1
    """

    count = 0

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Count an operation and run it."""
        self.count += torch.Tag.nondeterministic_seeded in func.tags
        return func(*args, **(kwargs or {}))
