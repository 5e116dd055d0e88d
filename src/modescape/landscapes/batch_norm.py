"""Averages of batch norm at weights that were never trained: those in between belong to other activations."""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.instancenorm import _InstanceNorm

from modescape.core.checks import check_at_least
from modescape.core.errors import ArgumentError
from modescape.core.seeds import seeded_globals
from modescape.core.trees import Tree
from modescape.functions.copies import draws_numbers
from modescape.functions.fused import POOLING
from modescape.functions.intercept import Intercept
from modescape.functions.layout import channels_last
from modescape.landscapes.weights import load

Batch = TypeVar("Batch")

BATCH_SIZE = 128
"""Examples at once, as networks usually see them in training."""

MAX_PREPARED_BYTES = 2**30
"""Largest size of all prepared batches together up to which they are kept."""


def has_running_statistics(network: nn.Module) -> bool:
    """Say whether a network has batch norm that keeps averages for evaluation.

    >>> has_running_statistics(nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)))
    True
    >>> has_running_statistics(nn.BatchNorm1d(3, track_running_stats=False))
    False
    """
    return any(_keeps_statistics(part) for part in network.modules())


def renewed(
    network: nn.Module,
    trees: Iterable[Mapping[str, Tensor]],
    inputs: Shaped[Tensor, "example ..."],
    *,
    prepare: Callable[[Tensor], Tensor],
    batch_size: int = BATCH_SIZE,
    seed: int = 0,
) -> Iterator[Tree]:
    """Yield weights with statistics of batch norm that belong to them, measured anew on training examples.

    For each vector: reset, run all batches with batch norm in training mode and everything else (dropout) in
    evaluation mode, and keep the mean and the unbiased variance, over all examples, of what each layer was given. What
    the batch norm buffers of a tree held before has no influence, and no vector has any on the next.

    Source: Izmailov et al. (2018), section 3.2, https://arxiv.org/abs/1803.05407, and Garipov et al. (2018), appendix
    A.2, https://arxiv.org/abs/1802.10026. Differs from their code in that dropout is off, and that the variance is
    that over all examples and not the mean of the variances in batches, which is smaller by what batches differ.

    Weights are taken one by one as results are asked for. Those of networks without running statistics are passed
    through untouched. Layers of instance norm that keep statistics get the mean over examples of theirs.

    Args:
        network: The architecture, and the device; it is copied, not changed.
        trees: For each vector, tensors by the names of `named_parameters` and, where wanted, `named_buffers`.
        inputs: Raw training examples, at least two.
        prepare: Turns a raw batch into what the network sees.
        batch_size: Examples at once, at least two; statistics inside a pass are those of a batch, as in training. A
            last batch of a single example, which has no variance, joins the one before.
        seed: Seed of what a network draws even in evaluation mode, the same for all weights.

    Raises:
        ArgumentError: If there are too few examples, or (when their turn comes) weights do not fit the network.

    >>> network = nn.BatchNorm1d(1)
    >>> found = renewed(network, [dict(network.named_parameters())], torch.tensor([[1.0], [3.0]]), prepare=torch.clone)
    >>> [(tree["running_mean"].item(), tree["running_var"].item()) for tree in found]
    [(2.0, 2.0)]
    """
    check_at_least(batch_size, 2, "batch_size", "Batch norm needs two examples for a variance: pass 128")
    if not has_running_statistics(network):
        return (tree if isinstance(tree, dict) else dict(tree) for tree in trees)
    if len(inputs) < 2:
        raise ArgumentError("inputs", "hold at least 2 examples", len(inputs), "Pass examples of the training set")
    return _renewed(network, trees, _Batches(network, inputs, prepare, batch_size), seed)


def renew(network: nn.Module, batches: Iterable[Batch], run: Callable[[Batch], object]) -> None:
    """Measure the statistics of a network's own batch norm anew, as `renewed` does, and leave them in it.

    Args:
        network: In evaluation mode; its buffers are changed.
        batches: Of training examples.
        run: Runs the network on a batch.

    >>> network = nn.BatchNorm1d(1).eval()
    >>> renew(network, [torch.tensor([[1.0], [3.0]])], network)
    >>> network.running_mean.item(), network.running_var.item(), network.training
    (2.0, 2.0, False)
    """
    layers = [_Layer(part) for part in network.modules() if _keeps_statistics(part)]
    try:
        with torch.inference_mode():
            for batch in batches:
                run(batch)
            for layer in layers:
                layer.write()
    finally:
        for layer in layers:
            layer.close()


def _renewed(
    network: nn.Module, trees: Iterable[Mapping[str, Tensor]], batches: "_Batches", seed: int
) -> Iterator[Tree]:
    """Load weights after weights into a copy of the network, and yield each with its statistics."""
    copied = channels_last(copy.deepcopy(network).eval().requires_grad_(requires_grad=False))
    own = {name: buffer.clone() for name, buffer in network.named_buffers()}
    statistics = [
        name
        for prefix, part in copied.named_modules(remove_duplicate=False)
        if _keeps_statistics(part)
        for name, _ in part.named_buffers(prefix, recurse=False)
    ]
    draws: bool | None = None
    for tree in trees:
        load(copied, {**own, **tree}, "trees")
        if draws is None:
            first = batches.first()
            draws = draws_numbers(lambda first=first: copied(first), seed=seed, device=batches.device)
        noise: AbstractContextManager[None] = seeded_globals(seed, batches.device) if draws else nullcontext()
        pooling = Intercept(POOLING) if batches.device.type == "cpu" else nullcontext()
        with noise, pooling:
            renew(copied, batches, copied)
        yield {**tree, **{name: copied.get_buffer(name).clone() for name in statistics}}


def _keeps_statistics(part: nn.Module) -> bool:
    """Say whether a layer has running statistics that evaluation would use."""
    return isinstance(part, _NormBase) and part.running_mean is not None


class _Batches:
    """Prepared batches, on the device and in its fast layout; kept where they fit into memory, else made anew."""

    def __init__(
        self, network: nn.Module, inputs: Tensor, prepare: Callable[[Tensor], Tensor], batch_size: int
    ) -> None:
        self.device = next((tensor.device for tensor in network.parameters()), inputs.device)
        pieces = list(inputs.split(batch_size))
        if len(pieces) > 1 and len(pieces[-1]) == 1:
            pieces[-2:] = [inputs[(len(pieces) - 2) * batch_size :]]
        self._pieces, self._prepare = pieces, prepare
        self._kept: dict[int, Tensor] = {}
        self._keeps = self.first().nbytes * len(pieces) <= MAX_PREPARED_BYTES

    def first(self) -> Tensor:
        """Return the first batch, made anew."""
        return self._made(self._pieces[0])

    def __iter__(self) -> Iterator[Tensor]:
        for index, piece in enumerate(self._pieces):
            if not self._keeps:
                yield self._made(piece)
                continue
            if index not in self._kept:
                self._kept[index] = self._made(piece)
            # A copy where the network writes into its inputs would be the caller's loss; one is cheap beside a pass.
            yield self._kept[index].clone()

    def _made(self, piece: Tensor) -> Tensor:
        batch = self._prepare(piece.to(self.device))
        return batch.contiguous(memory_format=torch.channels_last) if batch.ndim == 4 else batch


@dataclass
class _Moments:
    """Number, mean and sum of squared deviations of values, by channel, in double precision."""

    count: float
    mean: Float[Tensor, "channel"]
    squares: Float[Tensor, "channel"]

    def add(self, other: "_Moments", *, between: bool) -> None:
        """Take in other values, with the squares between the two means or without.

        Source: Chan, Golub, LeVeque (1979), Updating formulae and a pairwise algorithm for computing sample variances,
        http://i.stanford.edu/pub/cstr/reports/cs/tr/79/773/CS-TR-79-773.pdf
        """
        total = self.count + other.count
        change = other.mean - self.mean
        self.squares = self.squares + other.squares
        if between:
            self.squares = self.squares + change**2 * (self.count * other.count / total)
        self.mean = self.mean + change * (other.count / total)
        self.count = total


class _Layer:
    """A layer, in training mode until it is closed, whose statistics are put together from those of its batches."""

    def __init__(self, part: nn.Module) -> None:
        self._part: Any = part
        self._by_example = isinstance(part, _InstanceNorm)
        self._momentum = self._part.momentum
        # The statistics after a pass are then those of the pass alone.
        self._part.momentum = 1.0
        part.train()
        self._hook = part.register_forward_hook(self._note)
        self._moments: _Moments | None = None
        self._passes = 0
        with torch.inference_mode():
            self._part.reset_running_stats()

    def close(self) -> None:
        """Put the layer back into evaluation mode."""
        self._hook.remove()
        self._part.momentum = self._momentum
        self._part.eval()

    def write(self) -> None:
        """Put the statistics into the layer; one that no pass has met keeps those of a new one."""
        part, moments = self._part, self._moments
        if moments is not None:
            count = moments.count if self._by_example else moments.count - 1
            part.running_mean.copy_(moments.mean)
            part.running_var.copy_(moments.squares / count)
        if part.num_batches_tracked is not None:
            part.num_batches_tracked.fill_(self._passes)

    def _note(self, part: nn.Module, args: tuple[Any, ...], output: object) -> None:
        """Take in the statistics of a pass that has just ended."""
        del part, output
        inputs = args[0]
        # Instance norm treats each example by itself, and keeps the mean over examples of mean and variance.
        count = len(inputs) if self._by_example else inputs.numel() // inputs.shape[1]
        mean, variance = (
            value.to(torch.float64, copy=True) for value in (self._part.running_mean, self._part.running_var)
        )
        seen = _Moments(count, mean, variance * (count if self._by_example else count - 1))
        self._passes += 1
        if self._moments is None:
            self._moments = seen
        else:
            self._moments.add(seen, between=not self._by_example)
        # What was NaN or infinite in one pass must not come back in the next as 0 * NaN.
        self._part.reset_running_stats()
