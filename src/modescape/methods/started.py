"""Networks that are built with weights from an earlier training."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from modescape.core.errors import ModelError
from modescape.core.seeds import Stream, derived_seed
from modescape.methods.lengthened import alone
from modescape.models import Recipe
from modescape.train import TrainingTask

LARGEST_SEED = 2**62


def started_from(recipe: Recipe, weights: Mapping[str, Tensor]) -> Recipe:
    """Return the recipe of the same networks, built with given weights in place of fresh ones.

    What the weights do not name is fresh, and depends on the seed of the member; a few layers may thus be started anew.

    Args:
        recipe: How networks are built.
        weights: Parameters and buffers by name, as `train.weights_of` gives them, or some of them.

    Raises:
        ModelError: When a network is built, if it has no such parameter or buffer.

    >>> from modescape.models import recipe
    >>> weights = {"1.bias": torch.full((3,), 7.0)}
    >>> started = started_from(recipe("mlp", {"hidden": []}), weights)
    >>> started.build((4,), 3, seed=0)[1].bias.tolist()
    [7.0, 7.0, 7.0]
    """
    kept = {name: tensor.detach() for name, tensor in weights.items()}
    options = {"options": dict(recipe.options), "weights": digest(kept)}
    return Recipe(f"{recipe.name}, started", _Started(recipe, kept), options)


def continued(
    task: TrainingTask, weights: Mapping[str, Tensor], *, epochs: int, member: int = 0, **settings: Any
) -> TrainingTask:
    """Return the task of training one member on from its weights, with random numbers of its own.

    The optimiser begins without memory of what was before.

    Args:
        task: How the members were trained.
        weights: What the member goes on from.
        epochs: How many epochs it goes on.
        member: Its number.
        settings: What is trained in another way.

    >>> from modescape.data import DataSettings, load_dataset
    >>> from modescape.models import recipe
    >>> from modescape.train import TrainSettings
    >>> task = TrainingTask(recipe("mlp"), load_dataset(DataSettings(), seed=0), TrainSettings(), seed=0)
    >>> further = continued(task, dict(task.network(2).named_parameters()), epochs=4, member=2, schedule="constant")
    >>> further.settings.members, further.settings.epochs, further.first_member, further.recipe.name
    (1, 4, 2, 'mlp, started')
    """
    return replace(
        alone(task, epochs, **settings),
        recipe=started_from(task.recipe, weights),
        seed=derived_seed(task.seed, Stream.ORDER),
        first_member=task.first_member + member,
        subsets=None if task.subsets is None else task.subsets[member : member + 1],
    )


def digest(weights: Mapping[str, Tensor]) -> str:
    """Return a hash of weights, with their names, types and shapes.

    >>> digest({"w": torch.zeros(2)}) == digest({"w": torch.zeros(2)}), len(digest({"w": torch.zeros(2)}))
    (True, 16)
    >>> digest({"w": torch.zeros(2)}) == digest({"w": torch.zeros(1, 2)})
    False
    """
    found = hashlib.sha256()
    for name, tensor in weights.items():
        found.update(f"{name} {tensor.dtype} {tuple(tensor.shape)} ".encode())
        found.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return found.hexdigest()[:16]


@dataclass(frozen=True, eq=False)
class _Started:
    """A builder: the networks of a recipe, with weights."""

    recipe: Recipe
    weights: Mapping[str, Tensor]

    def __call__(self, input_shape: tuple[int, ...], num_classes: int, **known: Any) -> nn.Module:
        """Build a network; the options only tell recipes apart."""
        del known
        # Called while the global generators have the seed of the member: what is fresh depends on it.
        seed = int(torch.randint(LARGEST_SEED, ()).item())
        network = self.recipe.build(input_shape, num_classes, seed=seed)
        own = {**dict(network.named_parameters()), **dict(network.named_buffers())}
        with torch.no_grad():
            for name, tensor in self.weights.items():
                if name not in own or own[name].shape != tensor.shape:
                    raise ModelError(
                        f"`weights` must be of the networks of {self.recipe.name}; got {name} of shape "
                        f"{tuple(tensor.shape)}. Pass weights of the same architecture."
                    )
                own[name].copy_(tensor)
        return network
