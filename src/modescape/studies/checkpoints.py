"""Training's checkpoints kept in a run on disk."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from modescape.core.trees import Tree
from modescape.store import Run
from modescape.train import MemberOutcome


class RunCheckpoints:
    """Fulfils the `Checkpoints` protocol of training with a run.

    Args:
        run: Where weights, states and outcomes are kept.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    def save_weights(self, weights: Mapping[tuple[int, int], Tree]) -> None:
        """Keep weights by (member, step)."""
        self._run.write_all_weights(weights)

    def save_state(self, group: str, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
        """Keep what a group needs to go on."""
        self._run.write_state(group, dict(tensors), dict(metadata))

    def load_state(self, group: str) -> tuple[Tree, dict[str, str]] | None:
        """Return what a group kept, or nothing."""
        return self._run.read_state(group)

    def save_outcomes(self, group: str, outcomes: list[MemberOutcome]) -> None:
        """Keep the outcomes of a group; its state is dropped when the whole training has ended."""
        del group
        self._run.record("members", {str(outcome.member): _as_json(outcome) for outcome in outcomes})

    def load_outcomes(self) -> dict[int, MemberOutcome]:
        """Return the outcomes kept so far, by member."""
        return outcomes_of(self._run)


def outcomes_of(run: Run) -> dict[int, MemberOutcome]:
    """Return how each member of a run ended, by member; members still in training are not among them."""
    records = run.manifest.get("members", {})
    return {int(member): _from_json(record) for member, record in records.items()}


def _as_json(outcome: MemberOutcome) -> dict[str, Any]:
    """Return plain values; NaN, which JSON lacks, becomes null."""
    record = outcome.as_record()
    record["accuracies"] = [None if value != value else value for value in outcome.accuracies]  # noqa: PLR0124
    record["losses"] = list(outcome.losses)
    return record


def _from_json(record: Mapping[str, Any]) -> MemberOutcome:
    """Rebuild an outcome."""
    accuracies = tuple(float("nan") if value is None else value for value in record["accuracies"])
    return MemberOutcome(**{**record, "accuracies": accuracies, "losses": tuple(record["losses"])})
