"""What training minimises where it is not the cross-entropy of the labels."""

from typing import Protocol

from jaxtyping import Float, Shaped
from torch import Tensor


class Objective(Protocol):
    """A loss of each example; a frozen dataclass, whose `repr` says all that it depends on."""

    def __call__(
        self, outputs: Float[Tensor, "batch ..."], targets: Shaped[Tensor, "batch ..."]
    ) -> Float[Tensor, "batch"]:
        """Return the loss of each example in nats.

        Args:
            outputs: What the network gives in training mode.
            targets: Labels, or the rows of the task's `targets`.
        """
        ...
