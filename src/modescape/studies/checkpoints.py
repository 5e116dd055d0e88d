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
        part: The experiment inside the run that they belong to; None is the run itself.
    """

    def __init__(self, run: Run, part: str | None = None) -> None:
        self._run, self._part = run, part

    def save_weights(self, weights: Mapping[tuple[int, int], Tree]) -> None:
        """Keep weights by (member, step)."""
        self._run.write_all_weights(weights, self._part)

    def save_state(self, group: str, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
        """Keep what a group needs to go on."""
        self._run.write_state(group, dict(tensors), dict(metadata), self._part)

    def load_state(self, group: str) -> tuple[Tree, dict[str, str]] | None:
        """Return what a group kept, or nothing."""
        return self._run.read_state(group, self._part)

    def save_outcomes(self, group: str, outcomes: list[MemberOutcome]) -> None:
        """Keep the outcomes of a group; its state is dropped when the whole training has ended."""
        del group
        records = {str(outcome.member): _as_json(outcome) for outcome in outcomes}
        if self._part is None:
            self._run.record("members", records)
        else:
            self._run.record("parts", {self._part: {"members": records}})

    def load_outcomes(self) -> dict[int, MemberOutcome]:
        """Return the outcomes kept so far, by member."""
        return outcomes_of(self._run, self._part)


def outcomes_of(run: Run, part: str | None = None) -> dict[int, MemberOutcome]:
    """Return how each member of a run, or of a part of it, ended, by member; those still in training are left out."""
    manifest = run.manifest
    holder = manifest if part is None else manifest.get("parts", {}).get(part, {})
    records = holder.get("members", {})
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
