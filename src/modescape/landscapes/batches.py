"""Batches of anyone's data loader: read once and kept, counted, sampled and cut to the size that runs fast."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from modescape.core.checks import check_at_least
from modescape.core.errors import ArgumentError, Quoted
from modescape.core.seeds import Stream, derived_seed, numpy_generator, seeded_globals

MAX_KEPT_BYTES = 2**30
"""Largest size of all batches together up to which they are kept: 80,000 images of 3x32x32."""

JOINED_SINGLES = 128
"""Examples of a batch put together from batches of one."""


def mapped(function: Callable[..., Any], *nested: Any) -> Any:
    """Apply a function to each tensor of nested mappings, tuples and lists, or to those at the same place of several.

    >>> mapped(torch.neg, {"a": (torch.ones(()), "text")})
    {'a': (tensor(-1.), 'text')}
    """
    first = nested[0]
    if isinstance(first, Tensor):
        return function(*nested)
    if isinstance(first, Mapping):
        return {name: mapped(function, *(each[name] for each in nested)) for name in first}
    if isinstance(first, tuple | list):
        parts = [mapped(function, *each) for each in zip(*nested, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)
    return first


def leaves(nested: Any) -> list[Any]:
    """Return what lies at the ends of nested mappings, tuples and lists, tensors and all else."""
    if isinstance(nested, Mapping):
        return [leaf for part in nested.values() for leaf in leaves(part)]
    if isinstance(nested, tuple | list):
        return [leaf for part in nested for leaf in leaves(part)]
    return [nested]


def size_of(batch: Any, argument: str) -> int:
    """Return the number of examples of a batch: the length of its first tensor that has one.

    Raises:
        ArgumentError: If there is no such tensor.

    >>> size_of({"input": torch.zeros(3, 2)}, "batches")
    3
    """
    for leaf in leaves(batch):
        if isinstance(leaf, Tensor) and leaf.ndim:
            return len(leaf)
    got = Quoted(f"a batch of type {type(batch).__name__} without one")
    raise ArgumentError(argument, "hold tensors with one row an example", got, "Pass a DataLoader, or a list of pairs")


class Batches:
    """The batches of a data loader on the device, the same at each reading.

    They are read once and kept, so that a loader that shuffles or augments gives the same examples again and again,
    if they fit into 1 GiB or are only a sample; else the loader is read anew each time, with the global random
    numbers it had before.

    Args:
        source: Batches of nested tensors; something that can be read again where it does not fit into 1 GiB.
        device: Where they are wanted.
        num_examples: Size of the sample drawn without replacement; None takes all.
        seed: Seed of the sample, and of the global generators while the loader is read.
        argument: The name to use in errors.

    Attributes:
        num_available: Examples in the loader.
        num_examples: Examples used.
        largest: Examples of the largest batch of the loader.

    Raises:
        ArgumentError: If there is no example, or batches have no tensors, or can't be read a second time.
    """

    def __init__(
        self, source: Iterable[Any], *, device: torch.device, num_examples: int | None, seed: int, argument: str
    ) -> None:
        if num_examples is not None:
            check_at_least(num_examples, 1, "examples", "Leave it out to use all examples")
        self._source, self._device, self._seed, self._argument = source, device, seed, argument
        self._kept: list[Any] | None = []
        self._sizes: list[int] = []
        self._found = (0, 0.0)
        self._layout = torch.preserve_format
        self._copied = False
        self._read_first()
        if not self._sizes:
            raise ArgumentError(argument, "hold at least one example", 0, "Pass a DataLoader with examples")
        self.num_available, self.largest = sum(self._sizes), max(self._sizes)
        self.num_examples = self.num_available
        if num_examples is not None and num_examples < self.num_available:
            self.num_examples = num_examples
            self._sample()

    @property
    def are_kept(self) -> bool:
        """Say whether they lie in memory."""
        return self._kept is not None

    def first(self) -> Any:
        """Return a copy of the first batch."""
        return mapped(torch.clone, next(iter(self)))

    def lay_out(self, *, images_last: bool, copied: bool) -> None:
        """Say how batches are given from now on.

        Args:
            images_last: Whether images (example, channel, height, width) lie in memory with their channels last.
            copied: Whether each reading gets copies, because the network writes into its inputs.
        """
        self._layout, self._copied = torch.channels_last if images_last else torch.contiguous_format, copied
        if self._kept is not None:
            self._kept = [self._placed(batch) for batch in self._kept]

    def regroup(self, size: int) -> None:
        """Cut kept batches into smaller ones, and join small ones, where all they hold are rows of examples.

        Args:
            size: Largest number of examples of a batch; never more than the loader's largest.
        """
        if self._kept is not None:
            size = min(size, self.largest)
            pieces = [piece for batch in self._kept for piece in _cut(batch, size, self._argument)]
            self._kept = _joined(pieces, self._argument, size=size)

    def without_singles(self) -> None:
        """Join batches of one example, which has no variance, with those before them."""
        if self._kept is not None:
            self._kept = _joined(self._kept, self._argument, size=0)

    def __iter__(self) -> Iterator[Any]:
        if self._kept is not None:
            return (mapped(torch.clone, batch) for batch in self._kept) if self._copied else iter(self._kept)
        return self._read_again()

    def _read(self) -> Iterator[Any]:
        with seeded_globals(self._seed):
            for batch in self._source:
                yield self._placed(batch)

    def _placed(self, batch: Any) -> Any:
        """Move a batch to the device, in the layout that is wanted."""

        def place(tensor: Tensor) -> Tensor:
            moved = tensor.detach().to(self._device)
            is_image = moved.ndim == 4 and self._layout is not torch.preserve_format
            return moved.contiguous(memory_format=self._layout) if is_image else moved

        return mapped(place, batch)

    def _read_first(self) -> None:
        """Read all batches, count them, and keep them if they fit."""
        num_bytes = 0
        for batch in self._read():
            self._sizes.append(size_of(batch, self._argument))
            self._found = _added(self._found, batch)
            num_bytes += sum(leaf.nbytes for leaf in leaves(batch) if isinstance(leaf, Tensor))
            if num_bytes > MAX_KEPT_BYTES:
                self._kept = None
            if self._kept is not None:
                self._kept.append(batch)
        if self._kept is None and iter(self._source) is self._source:
            got = Quoted("an iterator over more than 1 GiB")
            raise ArgumentError(self._argument, "be a collection that can be read again", got, "Pass a DataLoader")

    def _read_again(self) -> Iterator[Any]:
        """Read all batches once more, and make sure that they hold what they held before."""
        found = (0, 0.0)
        for batch in self._read():
            found = _added(found, batch)
            yield batch
        if found[0] != self._found[0] or not math.isclose(found[1], self._found[1], rel_tol=1e-6):
            got = Quoted(f"{found[0]:,} numbers of other values or another number of them")
            advice = (
                "Pass a DataLoader that neither shuffles with a generator of its own nor augments, or set `examples`"
            )
            raise ArgumentError(self._argument, "give the same examples at each reading", got, advice)

    def _sample(self) -> None:
        """Keep a sample of the examples, in the order of the loader."""
        generator = numpy_generator(derived_seed(self._seed, Stream.SUBSETS))
        chosen = np.sort(generator.choice(self.num_available, self.num_examples, replace=False))
        starts = np.cumsum([0, *self._sizes])
        sampled = []
        for batch, start, size in zip(self, starts, self._sizes, strict=False):
            rows = chosen[(chosen >= start) & (chosen < start + size)] - start
            if len(rows):
                sampled.append(_rows_of(batch, size, torch.from_numpy(rows).to(self._device)))
        self._kept = sampled


def _added(found: tuple[int, float], batch: Any) -> tuple[int, float]:
    """Add the numbers of a batch to their count and sum, which do not depend on the order of examples."""
    tensors = [leaf for leaf in leaves(batch) if isinstance(leaf, Tensor)]
    return found[0] + sum(t.numel() for t in tensors), found[1] + sum(
        float(t.sum(dtype=torch.float64)) for t in tensors
    )


def _rows_of(batch: Any, size: int, rows: Tensor) -> Any:
    """Return some examples of a batch."""

    def chosen(tensor: Tensor) -> Tensor:
        return tensor[rows] if tensor.ndim and len(tensor) == size else tensor

    return mapped(chosen, batch)


def _joined(batches: Sequence[Any], argument: str, *, size: int) -> list[Any]:
    """Join batches with those before them while they have at most `size` examples; with 0, only single examples."""
    joined: list[tuple[Any, int]] = []
    for index, batch in enumerate(batches):
        number = size_of(batch, argument)
        length = joined[-1][1] if joined else 0
        is_small = length + number <= size
        is_single = size == 0 and number == 1 and (length < JOINED_SINGLES or index == len(batches) - 1)
        if joined and (is_small or is_single) and _fits(joined[-1][0], batch):
            before, _ = joined.pop()
            joined.append((mapped(lambda *parts: torch.cat(parts), before, batch), length + number))
        else:
            joined.append((batch, number))
    return [batch for batch, _ in joined]


def _cut(batch: Any, size: int, argument: str) -> list[Any]:
    """Cut a batch into pieces of about the same length."""
    number = size_of(batch, argument)
    if number <= size or not all(isinstance(leaf, Tensor) and leaf.shape[:1] == (number,) for leaf in leaves(batch)):
        return [batch]
    return [mapped(lambda tensor, at=at: tensor[at : at + size], batch) for at in range(0, number, size)]


def _fits(first: Any, second: Any) -> bool:
    """Say whether two batches can be joined: both hold nothing but rows of the same shape."""
    ours, theirs = leaves(first), leaves(second)
    return len(ours) == len(theirs) and all(
        isinstance(one, Tensor) and isinstance(other, Tensor) and one.ndim and one.shape[1:] == other.shape[1:]
        for one, other in zip(ours, theirs, strict=True)
    )
