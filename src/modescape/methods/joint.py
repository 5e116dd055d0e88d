"""One network that stands for a whole ensemble: how it is built, how long its budget lasts, and what it costs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import floor
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from modescape.core.seeds import seeded_globals
from modescape.functions.predictions import kept_buffers
from modescape.methods.budgets import epoch_passes
from modescape.methods.cost import Cost, flops, num_parameters
from modescape.methods.ensemble import Ensemble, Part
from modescape.methods.lengthened import lengthened
from modescape.methods.protocol import Trainer
from modescape.models import Recipe
from modescape.train import Objective, TrainingTask

Build = Callable[[tuple[int, ...], int], nn.Module]
"""Returns a network for inputs of a shape and a number of classes, its weights drawn from the global generators."""

ROUNDING = 1e-9
"""Share of an epoch that may be missing from a whole one, where FLOPs were divided and multiplied again."""


@dataclass(frozen=True)
class Builder:
    """A builder of recipes made of a function; what the function depends on besides is told to it as options.

    >>> Builder(lambda shape, num_classes: nn.Linear(shape[0], num_classes))((4,), 3, members=2).out_features
    3
    """

    build: Build

    def __call__(self, input_shape: tuple[int, ...], num_classes: int, **told: Any) -> nn.Module:
        """Build; the options are there to tell trainings apart."""
        del told
        return self.build(input_shape, num_classes)


def recipe_from(kind: str, base: Recipe, build: Build, options: Mapping[str, Any]) -> Recipe:
    """Return the recipe of a network that is made of the base network.

    Args:
        kind: What is made of it.
        base: The recipe of the base network.
        build: Makes it.
        options: All that it depends on besides.

    >>> from modescape.models import recipe
    >>> made = recipe_from("pair", recipe("mlp", {"hidden": [4]}), lambda shape, classes: nn.Identity(), {"members": 2})
    >>> made.name, made.options
    ('pair of mlp', {'base': {'hidden': [4]}, 'members': 2})
    """
    return Recipe(f"{kind} of {base.name}", Builder(build), {"base": dict(base.options), **options})


def fresh(base: Recipe, input_shape: tuple[int, ...], num_classes: int) -> nn.Module:
    """Build a network of a recipe from a seed that is drawn from torch's global generator.

    >>> from modescape.models import recipe
    >>> with seeded_globals(0):
    ...     first, second = (fresh(recipe("mlp", {"hidden": []}), (4,), 3) for _ in range(2))
    >>> torch.equal(first[1].weight, second[1].weight)
    False
    """
    return base.build(input_shape, num_classes, seed=int(torch.randint(2**62, ())))


def training_flops(network: nn.Module, pieces: Sequence[Tensor]) -> float:
    """Return the floating-point operations of the forward passes of a step for one of its examples.

    Args:
        network: Left as it was.
        pieces: One prepared batch, in the pieces that pass through the network at once.

    >>> training_flops(nn.Linear(4, 3), [torch.zeros(2, 4)])
    24.0
    """
    was_training = network.training
    with kept_buffers(network), seeded_globals(0), torch.no_grad(), FlopCounterMode(display=False) as counter:
        network.train()
        for piece in pieces:
            network(piece)
    network.train(was_training)
    return max(1.0, counter.get_total_flops() / sum(map(len, pieces)))


def within_budget(task: TrainingTask, joint: TrainingTask, size: int) -> tuple[TrainingTask, float] | None:
    """Return the training of another network for as many epochs as the budget lasts, and the passes that it takes.

    A pass of the other network counts by its FLOPs in training, relative to those of the base network.

    Args:
        task: How a member of the base network is trained.
        joint: The same with the other network, and perhaps batches of another size.
        size: The budget, in members.

    Returns:
        Nothing where the budget does not last for an epoch.
    """
    base = flops(task.network(0), task.dataset.prepare(task.dataset.train.inputs[:2]))
    batch = joint.dataset.prepare(joint.dataset.train.inputs[: joint.batch_size])
    share = training_flops(joint.network(0), [batch[part] for part in joint.parts]) / base
    passes = epoch_passes(joint) * share
    epochs = floor(size * task.settings.epochs * epoch_passes(task) / passes + ROUNDING)
    if task.settings.schedule == "triangular":
        epochs -= epochs % 2
    return (lengthened(joint, epochs), epochs * passes) if epochs else None


def joint_ensemble(
    method: str, task: TrainingTask, joint: TrainingTask, size: int, trainer: Trainer, *, heads: int = 0
) -> Ensemble | None:
    """Train one network for as long as the budget lasts, and return it as an ensemble.

    Args:
        method: Name of the method.
        task: How a member of the base network is trained.
        joint: The same with the other network.
        size: The budget, in members.
        trainer: Trains it.
        heads: Answers that the network gives in evaluation mode, as `Part` has them.

    Returns:
        Nothing where the budget does not last for an epoch.

    Raises:
        TrainingError: If it diverges.
    """
    planned = within_budget(task, joint, size)
    if planned is None:
        return None
    longer, passes = planned
    trained = trainer.train(method, longer)
    network = longer.network(0)
    examples = task.dataset.prepare(task.dataset.train.inputs[:2])
    prediction = flops(network, examples) / flops(task.network(0), examples)
    cost = Cost(passes, passes, prediction, num_parameters(network))
    return Ensemble(method, size, (Part(network, (trained.solution(0),), heads=heads),), cost)


def changed_task(
    task: TrainingTask, recipe: Recipe, *, objective: Objective | None = None, batch_size: int | None = None
) -> TrainingTask:
    """Return the training of one network of another recipe.

    Args:
        task: How a member of the base network is trained.
        recipe: The other network.
        objective: What it minimises, if not the cross-entropy.
        batch_size: Examples a step, if not as many as in the task.
    """
    settings = task.settings.changed(members=1, batch_size=batch_size or task.settings.batch_size)
    return replace(task, recipe=recipe, settings=settings, objective=objective)
