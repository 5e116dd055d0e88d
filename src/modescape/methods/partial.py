"""Partial re-initialisation: the first layers of one member are kept, the others are begun anew again and again."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Literal

import torch
from jaxtyping import Shaped
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from modescape.core.checks import check_choice
from modescape.core.errors import ArgumentError, ModelError
from modescape.core.seeds import seeded_globals
from modescape.core.trees import Tree
from modescape.methods.budgets import epoch_passes
from modescape.methods.cost import BACKWARD, Cost, num_parameters
from modescape.methods.ensemble import Ensemble, Part
from modescape.methods.independent import independent_members, member_passes
from modescape.methods.lengthened import fitting_epochs, stretched
from modescape.methods.protocol import Trainer
from modescape.methods.started import LARGEST_SEED, started_from
from modescape.models import Recipe
from modescape.train import TrainingTask

NAME = "partial"

TRIED = 8
"""Examples with which the cost of a backward pass is measured."""


@dataclass(frozen=True)
class Partial:
    """One member is trained; the others keep its layers before a certain one, and begin anew from there on.

    Each of the others has initial weights and an order of examples of its own, and is trained for as long as the budget
    of one member lasts: backward passes do not reach layers that are frozen, which leaves more epochs. Size k is the
    first k. Their prediction is the mean of their probabilities, a whole pass each; layers that are frozen, the same in
    all, are kept once.

    Source: Zhang, Bengio, Singer (2022), section 3, https://jmlr.org/papers/v23/20-069.html, for layers that are put
    back to initial weights; Yosinski, Clune, Bengio, Lipson (2014), section 2, https://arxiv.org/abs/1411.1792, for
    training of new layers on first ones that are frozen or trained on. Differs from both in that the answers of all
    are averaged.

    Args:
        layer: Name of the first module that begins anew, and with it all that the network lists behind it; or the
            share of layers that are kept, above 0 and below 1.
        kept: Whether kept layers are `frozen`, or `trained` on. Batch norm among frozen layers still takes its
            statistics from each batch, and keeps averages of them.

    Raises:
        ArgumentError: If an option is out of its range.
    """

    name: ClassVar[str] = NAME
    title: ClassVar[str] = "partly begun anew"

    layer: str | float = 0.5
    kept: Literal["frozen", "trained"] = "frozen"

    def __post_init__(self) -> None:
        check_choice(self.kept, ("frozen", "trained"), "kept")
        if not isinstance(self.layer, str) and not 0.0 < self.layer < 1.0:
            raise ArgumentError("layer", "be the name of a module, or above 0 and below 1", self.layer, "Pass 0.5")

    def ensembles(self, task: TrainingTask, sizes: Sequence[int], trainer: Trainer) -> dict[int, Ensemble]:
        """Train one member in full, and as many in part as the largest size needs."""
        whole = independent_members(task, trainer)
        plan = _Plan(task, whole.solution(whole.members[0]), self)
        missing = max(sizes) - 1
        others = trainer.train(NAME, plan.again(missing)) if missing else None
        found = {}
        for size in sizes:
            finished = [member for member in (others.members if others else ()) if member < size - 1]
            weights = [others.solution(member) for member in finished] if others else []
            notes = plan.notes(whole.members[0], size, len(finished))
            found[size] = plan.ensemble(size, weights, notes)
        return found


@dataclass(frozen=True, eq=False)
class _Plan:
    """How the members after the first are trained.

    Args:
        task: How a member is trained.
        first: Weights of the first member.
        options: What is kept, and how.
    """

    task: TrainingTask
    first: Tree
    options: Partial

    @cached_property
    def network(self) -> nn.Module:
        """The architecture."""
        return self.task.network(0)

    @cached_property
    def kept(self) -> tuple[str, ...]:
        """Names of what is kept."""
        return kept_names(self.network, self.options.layer)

    @cached_property
    def frozen(self) -> bool:
        """Whether it is frozen."""
        return self.options.kept == "frozen"

    @cached_property
    def recipe(self) -> Recipe:
        """Builds networks that begin with it."""
        started = started_from(self.task.recipe, {name: self.first[name] for name in self.kept})
        return frozen_from(started, self.kept) if self.frozen else started

    @cached_property
    def backward(self) -> float:
        """The cost of one of their backward passes, in those of the base network."""
        task = self.task
        inputs = task.dataset.prepare(task.dataset.train.inputs[:TRIED])
        built = self.recipe.build(task.dataset.input_shape, task.dataset.num_classes, seed=0)
        return backward_flops(built, inputs) / backward_flops(self.network, inputs)

    @cached_property
    def epochs(self) -> int:
        """How long they are trained: as the budget of one member lasts."""
        budget = self.task.settings.epochs * epoch_passes(self.task)
        epoch = epoch_passes(self.task) * (1 + BACKWARD * self.backward) / (1 + BACKWARD)
        return fitting_epochs(self.task.settings, int(budget // epoch))

    def again(self, members: int) -> TrainingTask:
        """Return the task of training some of them."""
        settings = stretched(self.task.settings, self.epochs).changed(members=members)
        first = self.task.first_member + 1
        subsets = None if self.task.subsets is None else self.task.subsets[1:]
        return replace(self.task, recipe=self.recipe, settings=settings, first_member=first, subsets=subsets)

    def ensemble(self, size: int, weights: Sequence[Tree], notes: tuple[str, ...]) -> Ensemble:
        """Return the first member and those that finished."""
        passes = (size - 1) * self.epochs * self.task.steps_per_epoch * self.task.batch_size
        whole, total = member_passes(self.task), num_parameters(self.network)
        shared = sum(p.numel() for name, p in self.network.named_parameters() if name in self.kept and self.frozen)
        cost = Cost(
            forward=float(whole + passes),
            backward=whole + passes * self.backward,
            prediction=1 + len(weights),
            parameters=total + len(weights) * (total - shared),
        )
        return Ensemble(NAME, size, (Part(self.network, (self.first, *weights)),), cost, notes)

    def notes(self, whole: int, size: int, finished: int) -> tuple[str, ...]:
        """Return what is to be said of members that diverged."""
        others, found = size - 1, []
        if whole:
            found.append(f"Members before {whole} diverged: layers of member {whole} are kept.")
        if finished < others:
            lost = others - finished
            found.append(f"{lost} of {others} members that were begun anew diverged and are left out.")
        return tuple(found)


def kept_names(network: nn.Module, layer: str | float) -> tuple[str, ...]:
    """Return the names of parameters and buffers that come before a layer, in the order in which a network lists them.

    Args:
        network: The architecture.
        layer: Name of a module; or a share of the modules that have parameters of their own, of which at least one
            comes before, and one after.

    Raises:
        ArgumentError: If it has no such module, or nothing comes before it.
        ModelError: If a share is asked for of a network with fewer than two such modules.

    >>> network = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2), nn.Linear(2, 2))
    >>> kept_names(network, 0.5), kept_names(network, "3")
    (('0.weight', '0.bias'), ('0.weight', '0.bias', '2.weight', '2.bias'))
    """
    modules = [name for name, _ in network.named_modules()]
    if not isinstance(layer, str):
        layers = [name for name, part in network.named_modules() if list(part.parameters(recurse=False))]
        if len(layers) < 2:
            raise ModelError(
                f"`model` must have two layers with parameters, one to keep and one to begin anew; got {len(layers)}. "
                "Leave partial out, or choose a deeper network."
            )
        layer = layers[min(max(1, int(layer * len(layers))), len(layers) - 1)]
    elif layer not in modules[1:]:
        known = ", ".join(name for name, part in network.named_children() if list(part.parameters()))
        raise ArgumentError("layer", "name a module of the network", layer, f"It has {known}, and what is in these")
    before = set(modules[: modules.index(layer)])
    names = [name for name, _ in [*network.named_parameters(), *network.named_buffers()]]
    kept = tuple(name for name in names if name.rpartition(".")[0] in before)
    if not kept:
        raise ArgumentError("layer", "have parameters before it, which are kept", layer, "Name a later one")
    return kept


def frozen_from(recipe: Recipe, names: Collection[str]) -> Recipe:
    """Return the recipe of the same networks, with some parameters that are not trained.

    >>> from modescape.models import recipe
    >>> built = frozen_from(recipe("mlp", {"hidden": []}), ["1.bias"]).build((4,), 3, seed=0)
    >>> built[1].weight.requires_grad, built[1].bias.requires_grad
    (True, False)
    """
    options = {"options": dict(recipe.options), "frozen": sorted(names)}
    return Recipe(f"{recipe.name}, frozen", _Frozen(recipe, frozenset(names)), options)


@dataclass(frozen=True, eq=False)
class _Frozen:
    """A builder: the networks of a recipe, partly frozen."""

    recipe: Recipe
    names: frozenset[str]

    def __call__(self, input_shape: tuple[int, ...], num_classes: int, **known: Any) -> nn.Module:
        """Build a network; the options only tell recipes apart."""
        del known
        seed = int(torch.randint(LARGEST_SEED, ()).item())
        network = self.recipe.build(input_shape, num_classes, seed=seed)
        for name, parameter in network.named_parameters():
            if name in self.names:
                parameter.requires_grad = False
        return network


def backward_flops(network: nn.Module, inputs: Shaped[Tensor, "example ..."]) -> float:
    """Return the floating-point operations of a backward pass for one example: only what leads to trained parameters.

    Only products and convolutions count, as in PyTorch's `FlopCounterMode`; networks without any count one operation.

    Args:
        network: Its gradients are cleared.
        inputs: Prepared examples.

    >>> network = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))
    >>> backward_flops(network, torch.zeros(2, 4)), 2 * 4 * 3 + 2 * 2 * 3 * 2
    (48.0, 48)
    """
    with seeded_globals(0), torch.enable_grad():
        total = network.eval()(inputs).sum()
        with FlopCounterMode(display=False) as counter:
            total.backward()
    network.zero_grad(set_to_none=True)
    return max(1.0, counter.get_total_flops() / len(inputs))
