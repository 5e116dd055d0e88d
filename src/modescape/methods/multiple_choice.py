"""Multiple-choice learning: members that are trained side by side, each on what it is best at."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from modescape.core.checks import check_at_least
from modescape.methods.budgets import each_size
from modescape.methods.ensemble import Ensemble, Part
from modescape.methods.heads import head_losses
from modescape.methods.joint import changed_task, fresh, joint_ensemble, recipe_from
from modescape.methods.protocol import Trainer
from modescape.models import Recipe
from modescape.train import TrainingTask


class SideBySide(nn.Module):
    """Networks that are given the same examples: (example, head, class) logits.

    >>> SideBySide([nn.Linear(4, 3), nn.Linear(4, 3)])(torch.zeros(5, 4)).shape
    torch.Size([5, 2, 3])
    """

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, inputs: Tensor) -> Tensor:
        """Answer with each."""
        return torch.stack([network(inputs) for network in self.networks], dim=1)


@dataclass(frozen=True)
class BestOnly:
    """The loss of the answers that are best on an example; the others get no gradient.

    Args:
        winners: How many answers are the best ones; their mean loss counts.
        smoothing: Share of the target that is spread over all classes.
    """

    winners: int = 1
    smoothing: float = 0.0

    def __call__(
        self, outputs: Float[Tensor, "batch head class"], targets: Int[Tensor, "batch"]
    ) -> Float[Tensor, "batch"]:
        """Return the loss of each example in nats."""
        losses = head_losses(outputs, targets, smoothing=self.smoothing)
        return losses.topk(min(self.winners, losses.shape[1]), dim=1, largest=False).values.mean(dim=1)


@dataclass(frozen=True)
class MultipleChoice:
    """Members trained side by side; on each example the member of the lowest loss takes the gradient.

    The members come to divide the examples among them: one of them is right more often than one of as many independent
    members (oracle accuracy), whereas their mean need not be good. All members pass all examples forward and backward,
    so that it costs what as many independent members cost.

    Source: Lee et al. (2016), section 3 and algorithm 1, https://arxiv.org/abs/1606.07839

    Args:
        winners: How many members take the gradient of an example; one in the paper. With all of them, members learn
            apart.

    Raises:
        ArgumentError: If there is no winner.
    """

    name: ClassVar[str] = "multiple-choice"
    title: ClassVar[str] = "multiple-choice learning"

    winners: int = 1

    def __post_init__(self) -> None:
        check_at_least(self.winners, 1, "winners", "Pass 1")

    def ensembles(self, task: TrainingTask, sizes: Sequence[int], trainer: Trainer) -> dict[int, Ensemble]:
        """Train as many members together for each size."""
        objective = BestOnly(self.winners, task.settings.label_smoothing)

        def make(size: int) -> Ensemble | None:
            joint = changed_task(task, self.recipe(task.recipe, size), objective=objective)
            ensemble = joint_ensemble(self.name, task, joint, size, trainer, heads=size)
            return None if ensemble is None else _as_members(ensemble, task.network(0))

        return each_size(sizes, make)

    def recipe(self, base: Recipe, members: int) -> Recipe:
        """Return the recipe of some members side by side, the weights of each drawn by themselves."""

        def build(input_shape: tuple[int, ...], num_classes: int) -> nn.Module:
            return SideBySide([fresh(base, input_shape, num_classes) for _ in range(members)])

        return recipe_from("side by side", base, build, {"members": members})


def _as_members(ensemble: Ensemble, network: nn.Module) -> Ensemble:
    """Return the same ensemble with its members as networks of their own."""
    (weights,) = ensemble.parts[0].weights
    members = tuple(_own(weights, member) for member in range(ensemble.size))
    return replace(ensemble, parts=(Part(network, members),))


def _own(weights: dict[str, Tensor], member: int) -> dict[str, Tensor]:
    """Return the weights of a member, by the names that they have in its own network."""
    prefix = f"networks.{member}."
    return {name.removeprefix(prefix): tensor for name, tensor in weights.items() if name.startswith(prefix)}
