"""The engine protocol: how members become weights, whatever machine does it.

An engine begins groups of members; a group trains one epoch at a time and hands out copies of all it needs to go on.
The result depends on (run seed, member) alone: engines and group sizes differ in rounding, never in random choices.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from jaxtyping import Float
from torch import Tensor

from modescape.core.trees import Tree
from modescape.train.task import TrainingTask


@dataclass(frozen=True)
class MemberState:
    """All that training needs to go on with one member, as tensors on the CPU.

    Args:
        weights: Parameters and buffers by name.
        optimizer: What the optimiser remembers.
    """

    weights: Tree
    optimizer: Tree


class Group(Protocol):
    """Members in training together."""

    members: tuple[int, ...]

    def train_epoch(self, epoch: int, num_steps: int | None = None) -> Float[Tensor, "member"]:
        """Train every member for an epoch (counted from 0), or its first steps; return mean losses in nats."""
        ...

    def accuracy(self) -> Float[Tensor, "member"]:
        """Return each member's accuracy on the validation examples, as a fraction (NaN without examples)."""
        ...

    def states(self) -> list[MemberState]:
        """Return copies of each member's state."""
        ...


class Engine(Protocol):
    """A way to train groups of members."""

    name: str

    def group_size(self, task: TrainingTask) -> int:
        """Return how many members it trains together at most."""
        ...

    def begin(self, task: TrainingTask, members: Sequence[int], states: Sequence[MemberState] | None = None) -> Group:
        """Start members from their initial weights, or from states that a group handed out."""
        ...
