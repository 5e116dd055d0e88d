"""Where training leaves its results: a protocol, and the simplest one that fulfils it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from torch import Tensor

from modescape.core.trees import Tree


@dataclass(frozen=True)
class MemberOutcome:
    """How the training of one member ended.

    Args:
        member: Its number.
        status: `trained` or `diverged`.
        solution_step: The checkpoint that counts as its solution, in epochs trained.
        losses: Mean training loss of each epoch, in nats.
        accuracies: Validation accuracy after each epoch, as a fraction; NaN without validation examples.
        seconds: Wall time of its group, divided by the members in it.
        note: What happened to it, for people; empty when nothing did.
    """

    member: int
    status: str
    solution_step: int
    losses: tuple[float, ...]
    accuracies: tuple[float, ...]
    seconds: float
    note: str = ""

    def as_record(self) -> dict[str, Any]:
        """Return the outcome as plain values."""
        return asdict(self)


class Checkpoints(Protocol):
    """Keeps weights for later and state to go on from; a run on disk does, and so does memory."""

    def save_weights(self, weights: Mapping[tuple[int, int], Tree]) -> None:
        """Keep weights by (member, step), step in epochs trained."""
        ...

    def save_state(self, group: str, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
        """Keep what a group needs to go on, in place of what it kept before."""
        ...

    def load_state(self, group: str) -> tuple[Tree, dict[str, str]] | None:
        """Return what a group kept, or nothing."""
        ...

    def save_outcomes(self, group: str, outcomes: list[MemberOutcome]) -> None:
        """Keep the outcomes of a group that has finished; its state is no longer needed."""
        ...

    def load_outcomes(self) -> dict[int, MemberOutcome]:
        """Return the outcomes kept so far, by member."""
        ...


@dataclass
class MemoryCheckpoints:
    """Keeps everything in memory: for experiments in Python and for tests."""

    weights: dict[tuple[int, int], Tree] = field(default_factory=dict)
    outcomes: dict[int, MemberOutcome] = field(default_factory=dict)
    _states: dict[str, tuple[Tree, dict[str, str]]] = field(default_factory=dict)

    def save_weights(self, weights: Mapping[tuple[int, int], Tree]) -> None:
        """Keep weights by (member, step)."""
        self.weights.update(weights)

    def save_state(self, group: str, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
        """Keep what a group needs to go on."""
        self._states[group] = (dict(tensors), dict(metadata))

    def load_state(self, group: str) -> tuple[Tree, dict[str, str]] | None:
        """Return what a group kept, or nothing."""
        return self._states.get(group)

    def save_outcomes(self, group: str, outcomes: list[MemberOutcome]) -> None:
        """Keep the outcomes of a group and drop its state."""
        self.outcomes.update({outcome.member: outcome for outcome in outcomes})
        self._states.pop(group, None)

    def load_outcomes(self) -> dict[int, MemberOutcome]:
        """Return the outcomes kept so far."""
        return dict(self.outcomes)
