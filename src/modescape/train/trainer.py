"""Training members from the first step to the last, whatever the engine, with a memory that survives a kill."""

import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch

from modescape.core.errors import TrainingError
from modescape.core.progress import Progress, Silent
from modescape.core.trees import Tree, is_finite
from modescape.train.auto import EngineChoice
from modescape.train.checkpoints import Checkpoints, MemberOutcome
from modescape.train.engine import Group, MemberState
from modescape.train.engines import ENGINES
from modescape.train.places import placed
from modescape.train.precision import matmul_precision
from modescape.train.schedules import sampling_epochs
from modescape.train.settings import TrainSettings
from modescape.train.task import TrainingTask


@dataclass
class _History:
    """What is remembered of one member from epoch to epoch."""

    losses: list[float] = field(default_factory=list)
    accuracies: list[float] = field(default_factory=list)
    diverged_in: int | None = None
    best_step: int = 0
    best_weights: Tree = field(default_factory=dict)


def train_members(
    task: TrainingTask, choice: EngineChoice, checkpoints: Checkpoints, *, progress: Progress | None = None
) -> list[MemberOutcome]:
    """Train all members of a task; those whose outcome is kept already are not trained again.

    Args:
        task: What to train.
        choice: Engine and group size.
        checkpoints: Keeps weights, outcomes, and the state to go on from after every epoch.
        progress: Told of every epoch of every group.

    Returns:
        One outcome a member, in the order of members.

    Raises:
        TrainingError: If every member diverged.
    """
    listener = progress or Silent()
    outcomes = checkpoints.load_outcomes()
    groups = groups_of(range(task.settings.members), choice.group_size)
    left = [members for members in groups if any(member not in outcomes for member in members)]

    def job(members: tuple[int, ...], place: torch.device) -> list[MemberOutcome]:
        return _GroupTraining(task.at(place), choice, checkpoints, members, listener).run()

    places = [task.devices[index % len(task.devices)] for index in range(choice.workers)]
    with matmul_precision(task.settings.precision, task.device):
        trained = placed([partial(job, members) for members in left], places, choice.threads)
    outcomes.update({outcome.member: outcome for group in trained for outcome in group})
    ordered = [outcomes[member] for member in range(task.settings.members)]
    if all(outcome.status == "diverged" for outcome in ordered):
        raise TrainingError(
            f"`learning_rate` must let at least one member converge; got {task.settings.learning_rate:g}, with which "
            f"all {len(ordered)} diverged. Pass a lower --learning-rate, or --clip-norm 1."
        )
    return ordered


def groups_of(members: Sequence[int], size: int) -> list[tuple[int, ...]]:
    """Cut members into groups of at most a size, in order.

    >>> groups_of([0, 1, 2, 3, 4], 2)
    [(0, 1), (2, 3), (4,)]
    """
    return [tuple(members[start : start + size]) for start in range(0, len(members), size)]


def late_steps(settings: TrainSettings) -> list[int]:
    """Return the last checkpoints, which are kept of every member, in epochs trained.

    >>> late_steps(TrainSettings(epochs=40)), late_steps(TrainSettings(epochs=4, late_fraction=0))
    ([30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40], [4])
    """
    first = settings.epochs - math.floor(settings.late_fraction * settings.epochs)
    return list(range(max(1, first), settings.epochs + 1))


class _GroupTraining:
    """One group's way from initial weights, or from a kept state, to its outcomes."""

    def __init__(
        self,
        task: TrainingTask,
        choice: EngineChoice,
        checkpoints: Checkpoints,
        members: tuple[int, ...],
        progress: Progress,
    ) -> None:
        self._task, self._members, self._checkpoints, self._progress = task, members, checkpoints, progress
        self._name = f"members-{members[0]:03d}-{members[-1]:03d}"
        self._label = f"member {members[0]}" if len(members) == 1 else f"members {members[0]}-{members[-1]}"
        self._histories = [_History() for _ in members]
        self._seconds = 0.0
        self._engine = ENGINES[choice.engine]
        self._group, self._epochs_done = self._begin()

    def run(self) -> list[MemberOutcome]:
        """Train the epochs that are left and keep the outcomes."""
        settings = self._task.settings
        self._progress.start(self._label, settings.epochs)
        self._progress.advance(self._label, self._epochs_done)
        for epoch in range(self._epochs_done, settings.epochs):
            if all(history.diverged_in is not None for history in self._histories):
                self._progress.advance(self._label, settings.epochs - epoch, "diverged")
                break
            self._train_epoch(epoch)
        outcomes = [self._outcome(index) for index in range(len(self._members))]
        if settings.keep_best:
            best = {
                (member, history.best_step): history.best_weights
                for member, history in zip(self._members, self._histories, strict=True)
                if history.best_weights
            }
            self._checkpoints.save_weights(best)
        self._checkpoints.save_outcomes(self._name, outcomes)
        return outcomes

    def _begin(self) -> tuple[Group, int]:
        """Start the group from its kept state, or from initial weights (kept as step 0 of the trajectories)."""
        kept = self._checkpoints.load_state(self._name)
        if kept is not None:
            tensors, metadata = kept
            self._seconds = float(metadata["seconds"])
            self._histories = _loaded_histories(self._members, tensors, json.loads(metadata["histories"]))
            states = [_loaded_state(tensors, member) for member in self._members]
            return self._engine.begin(self._task, self._members, states), int(metadata["epochs_done"])
        group = self._engine.begin(self._task, self._members)
        self._keep_weights(group.states(), step=0)
        return group, 0

    def _train_epoch(self, epoch: int) -> None:
        """Train one epoch, note how it went, and keep what is needed."""
        start = time.perf_counter()
        losses = self._group.train_epoch(epoch).tolist()
        accuracies = self._group.accuracy().tolist()
        states = self._group.states()
        for index, history in enumerate(self._histories):
            self._note(history, index, epoch, (losses[index], accuracies[index]), states[index])
        self._seconds += time.perf_counter() - start
        self._keep_weights(states, step=epoch + 1)
        self._keep_state(states, epochs_done=epoch + 1)
        self._progress.advance(self._label, 1, _epoch_note(losses, accuracies))

    def _note(self, history: _History, index: int, epoch: int, result: tuple[float, float], state: MemberState) -> None:
        """Add one epoch to a member's history."""
        if history.diverged_in is not None:
            return
        loss, accuracy = result
        if not math.isfinite(loss) or not is_finite(state.weights):
            history.diverged_in = epoch + 1
            self._progress.say(f"member {self._members[index]} diverged in epoch {epoch + 1} (loss {loss:g})")
            return
        is_best = not math.isnan(accuracy) and accuracy > max(history.accuracies, default=-1.0)
        history.losses.append(loss)
        history.accuracies.append(accuracy)
        if self._task.settings.keep_best and is_best:
            history.best_step, history.best_weights = epoch + 1, dict(state.weights)

    def _keep_weights(self, states: list[MemberState], step: int) -> None:
        """Keep the weights of members that have not diverged: every step of trajectories, late steps of all.

        In cycles, and where weights are sampled, also the samples of all.
        """
        settings = self._task.settings
        has_samples = settings.schedule == "cyclical" or settings.optimizer == "sghmc"
        is_late = step in late_steps(settings) or (has_samples and step in sampling_epochs(settings))
        wanted = {
            (member, step): state.weights
            for member, state, history in zip(self._members, states, self._histories, strict=True)
            if history.diverged_in is None and (is_late or member < settings.trajectories)
        }
        if wanted:
            self._checkpoints.save_weights(wanted)

    def _keep_state(self, states: list[MemberState], epochs_done: int) -> None:
        """Keep all that the group needs to go on after this epoch."""
        tensors: Tree = {}
        for member, state, history in zip(self._members, states, self._histories, strict=True):
            parts = {"weights": state.weights, "optimizer": state.optimizer, "best": history.best_weights}
            for part, tree in parts.items():
                tensors.update({f"{member}/{part}/{name}": tensor for name, tensor in tree.items()})
        remembered = [
            {
                "losses": history.losses,
                "accuracies": [None if math.isnan(value) else value for value in history.accuracies],
                "diverged_in": history.diverged_in,
                "best_step": history.best_step,
            }
            for history in self._histories
        ]
        metadata = {
            "epochs_done": str(epochs_done),
            "seconds": str(self._seconds),
            "histories": json.dumps(remembered, allow_nan=False),
        }
        self._checkpoints.save_state(self._name, tensors, metadata)

    def _outcome(self, index: int) -> MemberOutcome:
        """Sum up one member."""
        settings, history = self._task.settings, self._histories[index]
        outcome = MemberOutcome(
            member=self._members[index],
            status="trained",
            solution_step=history.best_step if history.best_weights else settings.epochs,
            losses=tuple(history.losses),
            accuracies=tuple(history.accuracies),
            seconds=self._seconds / len(self._members),
        )
        if history.diverged_in is None:
            return outcome
        note = f"member {outcome.member} diverged in epoch {history.diverged_in} and is left out"
        return replace(outcome, status="diverged", solution_step=history.diverged_in - 1, note=note)


def _part(tensors: Tree, prefix: str) -> Tree:
    """Return the tensors whose names begin with a prefix, without it."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _loaded_state(tensors: Tree, member: int) -> MemberState:
    """Take one member's state out of a group's."""
    return MemberState(_part(tensors, f"{member}/weights/"), _part(tensors, f"{member}/optimizer/"))


def _loaded_histories(members: tuple[int, ...], tensors: Tree, remembered: list[dict[str, Any]]) -> list[_History]:
    """Rebuild the histories of a group's members."""
    return [
        _History(
            losses=list(record["losses"]),
            accuracies=[math.nan if value is None else value for value in record["accuracies"]],
            diverged_in=record["diverged_in"],
            best_step=record["best_step"],
            best_weights=_part(tensors, f"{member}/best/"),
        )
        for member, record in zip(members, remembered, strict=True)
    ]


def _epoch_note(losses: list[float], accuracies: list[float]) -> str:
    """Describe an epoch in a few words."""
    loss = torch.tensor(losses).nanmean().item()
    accuracy = torch.tensor(accuracies).nanmean().item()
    known = "" if math.isnan(accuracy) else f", validation {accuracy:.1%}"
    return f"loss {loss:.3f}{known}"
