"""Checkpoints of networks: which network each belongs to, its weights, and what it says of the test examples."""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from modescape.core.errors import ArgumentError, DataError, Quoted
from modescape.core.trees import Tree
from modescape.data import Dataset
from modescape.functions import predict_each
from modescape.models import Recipe, check_network
from modescape.models import recipe as named_recipe
from modescape.store.foreign_tensors import fitted_names, read_tensors
from modescape.studies.compared.blocks import Block

Model: TypeAlias = str | nn.Module | Callable[..., nn.Module]
Checkpoint: TypeAlias = str | Path | nn.Module | Mapping[str, Tensor]


@dataclass(frozen=True, eq=False)
class Architecture:
    """A network and the weights of some members.

    Args:
        recipe: How the network is built.
        checkpoints: Files, or weights by name.
        model: What the user gave: a name, or None for an object.
    """

    recipe: Recipe
    checkpoints: tuple[Path | Mapping[str, Tensor], ...]
    model: str | None

    @property
    def label(self) -> str:
        """What the network is called."""
        options = ", ".join(f"{name}={value}" for name, value in self.recipe.options.items())
        short = self.recipe.name.rpartition(":")[2] or self.recipe.name
        return f"{short}({options})" if options else short

    def network(self, dataset: Dataset) -> nn.Module:
        """Return a new network for some data, after trying it on two examples.

        Raises:
            ModelError: If it can't be built, or does not fit the data.
        """
        network = self.recipe.build(dataset.input_shape, dataset.num_classes, seed=0)
        check_network(network, dataset.prepare(dataset.test.inputs[:2]), dataset.num_classes)
        return network

    def trees(self, dataset: Dataset) -> Iterator[Tree]:
        """Yield the weights of each member, parameters and buffers, under the names of the network.

        Raises:
            DataError: If a file can't be read or does not fit the network; it is named.
        """
        network = self.network(dataset)
        wanted = {name: tensor for name, tensor in network.state_dict().items() if isinstance(tensor, Tensor)}
        for number, checkpoint in enumerate(self.checkpoints):
            where = str(checkpoint) if isinstance(checkpoint, Path) else f"checkpoints[{number}]"
            tensors = read_tensors(checkpoint) if isinstance(checkpoint, Path) else checkpoint
            if isinstance(tensors, Tensor):
                raise DataError(f"{where} holds one tensor, not the weights of a network. Save model.state_dict().")
            network.load_state_dict(fitted_names(tensors, wanted, where), strict=False)
            named = (*network.named_parameters(), *network.named_buffers())
            yield {name: tensor.detach().clone() for name, tensor in named}


def architectures(
    models: Sequence[Model], checkpoints: Sequence[Sequence[Checkpoint]], options: Sequence[Mapping[str, Any]]
) -> list[Architecture]:
    """Return the networks that checkpoints are of.

    Args:
        models: A name, `package.module:function`, a function that builds a network, or a network.
        checkpoints: The files of each, or weights.
        options: Keyword arguments for the function of each.

    Raises:
        ArgumentError: If a model has no checkpoints, or there are checkpoints without a model.

    >>> found = architectures(["mlp"], [["a.pt", "b.pt"]], [{"hidden": [8]}])
    >>> found[0].label, len(found[0].checkpoints)
    ('mlp(hidden=[8])', 2)
    """
    if len(models) != len(checkpoints) or len(options) != len(models):
        got = Quoted(f"{len(models)} models, {len(checkpoints)} lists of checkpoints and {len(options)} of options")
        raise ArgumentError("checkpoints", "be a list for each model", got, "Pass one list of files for each model")
    for model, files in zip(models, checkpoints, strict=True):
        if not files:
            advice = "Write its files after --checkpoints"
            raise ArgumentError(
                "checkpoints", "hold at least one file for each model", Quoted(f"none for {model}"), advice
            )
    return [
        _architecture(model, files, chosen) for model, files, chosen in zip(models, checkpoints, options, strict=True)
    ]


def checkpoint_block(architecture: Architecture, dataset: Dataset, device: torch.device) -> Block:
    """Return the members that checkpoints make, which answer for the test examples.

    Args:
        architecture: Network and checkpoints.
        dataset: The data.
        device: Where to predict.
    """
    network = architecture.network(dataset).to(device)

    def each() -> Iterator[np.ndarray]:
        found = predict_each(network, architecture.trees(dataset), dataset.test.inputs, prepare=dataset.prepare)
        for probabilities in found:
            yield probabilities.numpy()

    names = [
        checkpoint.stem if isinstance(checkpoint, Path) else str(number)
        for number, checkpoint in enumerate(architecture.checkpoints)
    ]
    return Block(
        origin=architecture.label,
        label="",
        names=tuple(_told_apart(names, architecture.checkpoints)),
        group=architecture.label,
        num_examples=len(dataset.test),
        num_classes=dataset.num_classes,
        each=each,
        classes=dataset.classes,
    )


def _architecture(model: Model, files: Sequence[Checkpoint], options: Mapping[str, Any]) -> Architecture:
    """Return one network with its checkpoints."""
    found: list[Path | Mapping[str, Tensor]] = []
    for file in files:
        if isinstance(file, nn.Module):
            found.append(file.state_dict())
        else:
            found.append(file if isinstance(file, Mapping) else Path(file).expanduser())
    if isinstance(model, nn.Module):
        # Every checkpoint replaces all of its weights, so that one network can serve for all.
        chosen = Recipe(type(model).__name__, lambda: copy.deepcopy(model), dict(options))
    else:
        chosen = named_recipe(model, options)
    return Architecture(chosen, tuple(found), model if isinstance(model, str) else None)


def _told_apart(names: Sequence[str], checkpoints: Sequence[Path | Mapping[str, Tensor]]) -> list[str]:
    """Return names of checkpoints with as much of their paths as tells them apart."""
    found = list(names)
    if len(set(found)) < len(found):
        found = [
            f"{checkpoint.parent.name}/{name}" if isinstance(checkpoint, Path) else name
            for name, checkpoint in zip(names, checkpoints, strict=True)
        ]
    if len(set(found)) < len(found):
        found = [f"{number} {name}" for number, name in enumerate(found)]
    return found
