"""Mixed ensembles: independent members of several architectures."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from modescape.core.errors import ArgumentError, ModelError
from modescape.core.seeds import Stream, derived_seed
from modescape.methods.budgets import epoch_passes, lost_notes
from modescape.methods.cost import Cost, flops, num_parameters
from modescape.methods.ensemble import Ensemble, Part
from modescape.methods.independent import independent_members
from modescape.methods.lengthened import fitting_epochs, stretched
from modescape.methods.protocol import Trained, Trainer
from modescape.methods.widths import widened
from modescape.models import Recipe, recipe
from modescape.train import TrainingTask

FACTORS = (0.8, 1.25)
"""Widths where no networks are named, as multiples of that of the base network: about 2/3 and 3/2 of its FLOPs."""


@dataclass(frozen=True)
class Mixed:
    """Independent members of the base network and of others in turn: member i has architecture i modulo their number.

    All train by the settings of the task. A member whose forward pass has f times the FLOPs of the base network trains
    1 / f times its epochs, rounded down, with a learning rate that falls after the same shares of them: members cost
    the same, and size k is the first k of them. The prediction is the mean of the probabilities.

    Source: Wasay, Idreos (2021), section 2, https://openreview.net/forum?id=z5Z023VBmDZ, on ensembles of networks of
    other widths and depths. Differs from it in that the networks of one ensemble differ from one another.

    Args:
        models: The other networks: a built-in name or `package.module:function`, then options as `name=value` with
            spaces between. By default the base network itself, 0.8 and 1.25 times as wide; it must have an option
            `width` (a number) or `hidden` (numbers of units) for that.

    Raises:
        ArgumentError: If a network is unknown or an option is not written in that way; from `ensembles`, if none is
            named and the base network has no width.
        ModelError: From `ensembles`, if a network doesn't fit the data, or is too large for even one epoch.
    """

    models: tuple[str, ...] = ()

    name: ClassVar[str] = "mixed"
    title: ClassVar[str] = "members of several architectures"

    def __post_init__(self) -> None:
        for words in self.models:
            named(words)

    def ensembles(self, task: TrainingTask, sizes: Sequence[int], trainer: Trainer) -> dict[int, Ensemble]:
        """Train members of all architectures, and take the first of them for each size."""
        tasks = self._tasks(task)
        trained = [independent_members(task, trainer)]
        trained += [trainer.train(self.name, other) for other in tasks[1:]]
        found = {}
        for size in sizes:
            ensemble = _ensemble(tasks, trained, size)
            if ensemble is not None:
                found[size] = ensemble
        return found

    def _tasks(self, task: TrainingTask) -> list[TrainingTask]:
        """Return how the members of each architecture are trained, those of the base network first."""
        if self.models:
            others = [named(words) for words in self.models]
        else:
            others = [_widened(task, factor) for factor in FACTORS]
        others = others[: task.settings.members - 1]
        return [task, *(_other(task, found, index + 1, len(others) + 1) for index, found in enumerate(others))]


def named(words: str) -> Recipe:
    """Return the recipe of a network that is written as its name, then options.

    Args:
        words: Such as `small-cnn width=0.5`. Values are JSON, or else text.

    Raises:
        ArgumentError: If the network is unknown, or an option is not written in that way.

    >>> named("small-cnn width=0.5 dropout=0").options
    {'width': 0.5, 'dropout': 0}
    """
    model, *pieces = words.split() or [""]
    options: dict[str, Any] = {}
    for piece in pieces:
        name, equals, value = piece.partition("=")
        if not (name and equals and value):
            advice = "Write --method-option 'mixed.models=[\"small-cnn width=0.5\"]'"
            raise ArgumentError("models", "have options written as name=value", piece, advice)
        try:
            options[name] = json.loads(value)
        except json.JSONDecodeError:
            options[name] = value
    return recipe(model, options)


def _widened(task: TrainingTask, factor: float) -> Recipe:
    """Return the base network at another width."""
    found = widened(task.recipe, factor)
    if found is None:
        advice = "Name others: --method-option 'mixed.models=[\"package.module:function width=0.5\"]'"
        raise ArgumentError("models", f"name networks to mix with {task.recipe.name}, which has no width", (), advice)
    return found


def _other(task: TrainingTask, found: Recipe, index: int, num_architectures: int) -> TrainingTask:
    """Return how the members of another architecture are trained, at the cost of as many of the base network."""
    members = -(-(task.settings.members - index) // num_architectures)
    seed = derived_seed(task.seed, Stream.INITIALISATION, index)
    other = replace(task, recipe=found, settings=task.settings.changed(members=members), seed=seed)
    other.check()
    share = relative_flops(other, task)
    epochs = fitting_epochs(task.settings, int(task.settings.epochs / share))
    if epochs < 1:
        raise ModelError(
            f"`models` must be networks that can train an epoch at the cost of a member; got {found.name}, whose "
            f"forward pass costs {share:.3g} times that of {task.recipe.name}. Pass a smaller network, or more epochs."
        )
    return replace(other, settings=stretched(other.settings, epochs))


def relative_flops(other: TrainingTask, base: TrainingTask) -> float:
    """Return the FLOPs of a forward pass of the network of a task, relative to those of the base network's.

    >>> from modescape.data import DataSettings, load_dataset
    >>> from modescape.train import TrainSettings
    >>> data = load_dataset(DataSettings(), seed=0)
    >>> tasks = [TrainingTask(named(f"mlp hidden=[{n}]"), data, TrainSettings(), seed=0) for n in (10, 20)]
    >>> relative_flops(tasks[1], tasks[0])
    2.0
    """
    inputs = base.dataset.prepare(base.dataset.train.inputs[:1])
    return flops(other.network(0), inputs) / flops(base.network(0), inputs)


def _ensemble(tasks: Sequence[TrainingTask], trained: Sequence[Trained], size: int) -> Ensemble | None:
    """Return the first members of all architectures, or nothing where all of them diverged."""
    parts, forward, prediction, parameters = [], 0.0, 0.0, 0
    for index, (task, members) in enumerate(zip(tasks, trained, strict=True)):
        wanted = len(range(index, size, len(tasks)))
        weights = tuple(members.solution(member) for member in members.members if member < wanted)
        network, share = task.network(0), relative_flops(task, tasks[0])
        forward += wanted * share * task.settings.epochs * epoch_passes(task)
        prediction += len(weights) * share
        parameters += len(weights) * num_parameters(network)
        parts += [Part(network, weights)] if weights else []
    if not parts:
        return None
    notes = lost_notes(size, sum(part.num_members for part in parts))
    return Ensemble(Mixed.name, size, tuple(parts), Cost(forward, forward, prediction, parameters), notes)
