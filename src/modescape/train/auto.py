"""The choice of an engine by measurement."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import torch

from modescape.core.errors import TrainingError
from modescape.train.engine import Engine, Group
from modescape.train.loop import LoopEngine
from modescape.train.task import TrainingTask
from modescape.train.vmap import VmapEngine

ENGINES: dict[str, Engine] = {"loop": LoopEngine(), "vmap": VmapEngine()}
"""The engines by name."""

TRIAL_ROUNDS = 5
TRIAL_SECONDS = 0.1
"""Each engine is timed in turn, in rounds of about so many seconds or one step; the best round counts, because
whatever else the machine does only ever makes a round slower."""
CLEARLY_FASTER = 2.5
"""A lead that no further round would turn; large networks are then measured in a few steps."""


@dataclass(frozen=True)
class EngineChoice:
    """Which engine trains, and why.

    Args:
        engine: Name of the engine.
        group_size: Members trained together.
        reason: One line for the user.
        member_steps_per_second: What each engine reached in the trial, by name; empty where none was needed.
    """

    engine: str
    group_size: int
    reason: str
    member_steps_per_second: dict[str, float]

    def as_record(self) -> dict[str, object]:
        """Return the choice as plain values for the manifest."""
        return asdict(self)


def chosen_engine(task: TrainingTask) -> EngineChoice:
    """Return the engine that the settings name; `auto` times a few steps of each and takes the faster.

    Args:
        task: What is to be trained; the trial trains copies that are thrown away.

    Raises:
        TrainingError: If the settings name an engine that can't train this network.
    """
    named = task.settings.engine
    num_members = task.settings.members
    if named != "auto":
        if named == "vmap":
            _check_vectorises(task)
        size = min(ENGINES[named].group_size(task), num_members)
        return EngineChoice(named, size, f"engine {named}, as set", {})
    if num_members == 1:
        return EngineChoice("loop", 1, "engine loop: one member", {})
    try:
        _check_vectorises(task)
    except TrainingError as error:
        return EngineChoice("loop", 1, f"engine loop: {error}".partition("; got")[0], {})
    speeds = _speeds(task)
    best = max(speeds, key=lambda name: speeds[name])
    other = "vmap" if best == "loop" else "loop"
    ratio = speeds[best] / speeds[other]
    reason = f"engine {best}: {speeds[best]:,.0f} member-steps a second in a trial, {ratio:.1f} times {other}"
    return EngineChoice(best, min(ENGINES[best].group_size(task), num_members), reason, speeds)


def _speeds(task: TrainingTask) -> dict[str, float]:
    """Return the member-steps a second of each engine: the best of several rounds, in which they take turns."""
    groups = {name: _trial_group(engine, task) for name, engine in ENGINES.items()}
    for group in groups.values():
        _speed(group, 1, task.device)
    speeds = {name: _speed(group, 1, task.device) for name, group in groups.items()}
    num_steps = {
        name: int(min(max(TRIAL_SECONDS * speeds[name] / len(group.members), 1), task.steps_per_epoch))
        for name, group in groups.items()
    }
    for _ in range(TRIAL_ROUNDS):
        if max(speeds.values()) > CLEARLY_FASTER * min(speeds.values()):
            break
        for name, group in groups.items():
            speeds[name] = max(speeds[name], _speed(group, num_steps[name], task.device))
    return speeds


def _trial_group(engine: Engine, task: TrainingTask) -> Group:
    """Begin as many members as an engine would train together."""
    return engine.begin(task, range(min(engine.group_size(task), task.settings.members)))


def _check_vectorises(task: TrainingTask) -> None:
    """Try one step of the vectorised engine and raise, with torch's reason, if it can't train this network."""
    try:
        ENGINES["vmap"].begin(task, [0]).train_epoch(0, num_steps=1)
    except TrainingError:
        raise
    except Exception as error:
        reason = str(error).strip().split("\n", 1)[0]
        raise TrainingError(
            f"`engine` must be loop for {task.recipe.name}, which torch.func can't vectorise ({reason}); got 'vmap'. "
            "Pass --engine loop, or auto."
        ) from error


def _speed(group: Group, num_steps: int, device: torch.device) -> float:
    """Return the member-steps a second of a group over some steps, waiting for the device."""
    start = time.perf_counter()
    group.train_epoch(0, num_steps)
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return len(group.members) * num_steps / (time.perf_counter() - start)


def groups_of(members: Sequence[int], size: int) -> list[tuple[int, ...]]:
    """Cut members into groups of at most a size, in order.

    >>> groups_of([0, 1, 2, 3, 4], 2)
    [(0, 1), (2, 3), (4,)]
    """
    return [tuple(members[start : start + size]) for start in range(0, len(members), size)]
