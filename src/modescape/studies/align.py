"""Alignment of anyone's networks: any module, any data loader, and no run."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from modescape.core.errors import ArgumentError, Quoted
from modescape.core.trees import Tree
from modescape.landscapes.objective import LABELS
from modescape.studies.landscape import Given
from modescape.weights.alignment import Alignment, Method, aligned
from modescape.weights.symmetry import symmetry_of


def align(
    first: nn.Module,
    second: Given,
    data: Iterable[Any],
    *,
    method: Method = "weights",
    scale: bool = True,
    starts: int = 3,
    seed: int = 0,
) -> Alignment:
    """Exchange and rescale the units of a network, without a change of its function, so that they fit another's.

    Which units may be exchanged is found from the traced graph. Neither network is changed; load what is returned
    into one of them: `second.load_state_dict(found.weights)`.

    Source: Ainsworth, Hayase, Srinivasa (2023), https://arxiv.org/abs/2209.04836, for `weights`; Li, Yosinski, Clune,
    Lipson, Hopcroft (2016), https://arxiv.org/abs/1511.07543, for `activations`.

    Args:
        first: The network that stays.
        second: The network that is aligned, of the same architecture, or its weights by name.
        data: Batches: pairs (inputs, targets), or mappings with "labels"; a `DataLoader`. The first one traces the
            network; `activations` reads all of them, from the training set at best.
        method: `weights` matches weights; `activations` what units answer to the data; `none` exchanges no units.
        scale: Also give each unit the scale of its partner where that changes nothing, as in ReLU networks.
        starts: For `weights`: the best of so many starts is taken.
        seed: Of the starts.

    Returns:
        The permutation, the weights of the second network after it, by the names of its `state_dict()`, and the cosine
        before and after.

    Raises:
        ArgumentError: If the networks differ in architecture, weights are not finite, or an argument is not one of
            those above.
        UnsupportedGraphError: If the network can't be traced, or an operation is not understood; its node is named.

    >>> import torch
    >>> first, second = (nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 3)) for _ in range(2))
    >>> found = align(first, second, [(torch.rand(10, 2), torch.zeros(10))])
    >>> found.cosine_after > found.cosine_before
    True
    """
    own, other = _finite(_tree(first), "first"), _finite(_fitting(first, second), "second")
    batches = _inputs(data)
    begun = next(batches, None)
    if begun is None:
        raise ArgumentError("data", "hold at least one batch", 0, "Pass a DataLoader, or a list of pairs")
    found = aligned(
        own,
        other,
        symmetry_of(first, begun),
        parameters=[name for name, _ in first.named_parameters()],
        method=method,
        scale=scale,
        batches=_rejoined(begun, batches),
        starts=starts,
        seed=seed,
    )
    return dataclasses.replace(found, weights=_loadable(found.weights, other, first))


def inputs_of(batch: Any) -> Any:
    """Return what a network sees of a batch: the first of a pair, or a mapping without its "labels".

    Raises:
        ArgumentError: If the batch is neither.

    >>> inputs_of(("inputs", "targets"))
    'inputs'
    >>> inputs_of({"ids": 1, "labels": 2})
    {'ids': 1}
    """
    if isinstance(batch, Mapping) and any(name in batch for name in LABELS):
        return {name: value for name, value in batch.items() if name not in LABELS}
    if isinstance(batch, tuple | list) and len(batch) == 2:
        return batch[0]
    rule = 'be pairs of inputs and targets, or mappings with "labels"'
    got = Quoted(f"a batch of type {type(batch).__name__}")
    raise ArgumentError("data", rule, got, "Pass a DataLoader of pairs")


def _inputs(data: Iterable[Any]) -> Iterator[Any]:
    """Yield what networks see, batch by batch."""
    for batch in data:
        yield inputs_of(batch)


def _rejoined(begun: Any, batches: Iterator[Any]) -> Iterator[Any]:
    """Yield the first batch, and then the others."""
    yield begun
    yield from batches


def _tree(network: nn.Module) -> Tree:
    """Return parameters and buffers, cut off from autograd."""
    return {name: tensor.detach() for name, tensor in [*network.named_parameters(), *network.named_buffers()]}


def _fitting(first: nn.Module, second: Given) -> Tree:
    """Return the weights of the second network, after checking that they fit the first."""
    own, given = _tree(first), _tree(second) if isinstance(second, nn.Module) else dict(second)
    advice = "Pass a network of the same architecture, or its state_dict()"
    listed = first.state_dict().keys()
    unknown = sorted(given.keys() - own.keys() - listed)
    if unknown:
        rule = "have the names of the first network and no others"
        raise ArgumentError("second", rule, Quoted(repr(unknown[0])), advice)
    # A state_dict() does not hold buffers that are not kept: these are made by the architecture.
    given = {name: tensor for name, tensor in own.items() if name not in listed} | given
    for name, tensor in own.items():
        if name not in given:
            raise ArgumentError("second", "have the names of the first network", Quoted(f"no {name!r}"), advice)
        if given[name].shape != tensor.shape:
            got = Quoted(f"{tuple(given[name].shape)}")
            raise ArgumentError("second", f"have the shape {tuple(tensor.shape)} for {name!r}", got, advice)
    return {name: _like(given[name], tensor) for name, tensor in own.items()}


def _finite(tree: Tree, argument: str) -> Tree:
    """Return weights after checking that they are numbers."""
    for name, tensor in tree.items():
        if not bool(torch.isfinite(tensor).all()):
            got = Quoted(f"NaN or an infinity in {name!r}")
            raise ArgumentError(argument, "have finite weights", got, "Leave out a network that diverged")
    return tree


def _loadable(found: Tree, before: Tree, network: nn.Module) -> Tree:
    """Return weights by the names of a network's `state_dict()`, each name of a tensor that has several among them.

    A buffer that `state_dict()` does not list is left out, unless it was changed: then loading must not pass it over.
    """
    listed = {name: tensor.data_ptr() for name, tensor in network.state_dict().items()}
    own = {tensor.data_ptr(): name for name, tensor in _tree(network).items() if name in listed}
    named = {name: found[name if name in found else own[place]] for name, place in listed.items()}
    changed = {name for name, tensor in found.items() if name not in listed and not torch.equal(tensor, before[name])}
    return named | {name: found[name] for name in changed}


def _like(given: Tensor, tensor: Tensor) -> Tensor:
    """Return a tensor with the type and on the device of another."""
    return given.detach().to(tensor)
