"""Copies of one network for workers: weights after weights are loaded into them, and something is done with each.

Workers are threads: PyTorch does not hold the GIL where it computes. One vector a core is faster than all cores on one
vector, because layers of small networks are too small to be divided.
"""

import copy
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Barrier
from typing import TypeVar

import torch
from torch import Tensor, nn

from modescape.core.checks import check_at_least
from modescape.core.errors import ArgumentError, Quoted
from modescape.core.seeds import next_global_numbers, seeded_globals
from modescape.core.trees import Tree
from modescape.functions.layout import channels_last

Result = TypeVar("Result")
Work = Callable[[nn.Module], Result]


class Copies:
    """Copies of a network in evaluation mode, made when they are needed and used again and again.

    Args:
        network: The architecture, and the device; it is copied, not changed.
        workers: Weights at once, each on a thread of its own; by default `torch.get_num_threads()` on a CPU. With one,
            a network runs on all threads of torch. Always one on an accelerator.
        seed: Seed of what networks draw even in evaluation mode.
        device: Where a network without parameters runs.
        images_last: Whether kernels of convolutions are laid out with their channels last.

    Raises:
        ArgumentError: If there is no worker.

    >>> network = nn.Linear(1, 1, bias=False)
    >>> weights = ({"weight": torch.full((1, 1), value)} for value in [2.0, 3.0])
    >>> list(Copies(network).each(weights, lambda copied: copied(torch.ones(1, 1)).item()))
    [2.0, 3.0]
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        workers: int | None = None,
        seed: int = 0,
        device: torch.device | str = "cpu",
        images_last: bool = True,
    ) -> None:
        workers = torch.get_num_threads() if workers is None else workers
        check_at_least(workers, 1, "workers", "Leave it out to use one for each of torch's threads")
        self.device = next((tensor.device for tensor in network.parameters()), torch.device(device))
        self._network, self._seed, self._images_last = network, seed, images_last
        self._workers = workers if self.device.type == "cpu" else 1
        self._free: list[_Copy] = []

    def fresh(self) -> nn.Module:
        """Return a copy that no one else uses, with the network's own weights."""
        return self._made().network

    def each(
        self, weights: Iterable[Mapping[str, Tensor]], work: Work[Result], *, draws: bool = False
    ) -> Iterator[Result]:
        """Yield what is done with each of many weights, in their order.

        Weights are taken one by one as results are asked for, at most one more than there are workers ahead, and
        copied: a generator of thousands of them never lies in memory, and may change the tensors it has given.

        Args:
            weights: For each vector, tensors by the names of `named_parameters` and, where wanted, `named_buffers`;
                buffers that are not given are the network's own.
            work: Called with a copy that holds the weights, in a worker's thread. It may change the copy's buffers.
            draws: Whether networks draw random numbers in evaluation mode: there is one worker then, and each vector
                gets the numbers that it would get alone.

        Raises:
            ArgumentError: When their turn comes, if weights have missing or unknown names or wrong shapes.
        """
        alone = self._workers == 1 or draws
        copies = [self._free.pop() if self._free else self._made() for _ in range(1 if alone else self._workers + 1)]
        try:
            if alone:
                yield from self._one_by_one(copies[0], weights, work, draws=draws)
            else:
                yield from _in_threads(copies, weights, work)
        finally:
            self._free += copies

    def _made(self) -> "_Copy":
        return _Copy(self._network, images_last=self._images_last)

    def _one_by_one(
        self, copied: "_Copy", weights: Iterable[Mapping[str, Tensor]], work: Work[Result], *, draws: bool
    ) -> Iterator[Result]:
        """Work in the caller's thread."""
        for index, tree in enumerate(weights):
            copied.load(tree, index)
            if draws:
                with seeded_globals(self._seed, self.device):
                    result = work(copied.network)
            else:
                result = work(copied.network)
            yield result


def draws_numbers(run: Callable[[], object], *, seed: int, device: torch.device) -> bool:
    """Say whether something draws from the global generators, by running it once, without gradients.

    >>> draws_numbers(lambda: torch.rand(1), seed=0, device=torch.device("cpu"))
    True
    """
    with seeded_globals(seed, device):
        untouched = next_global_numbers(device)
    with seeded_globals(seed, device), torch.no_grad():
        run()
        return next_global_numbers(device) != untouched


class _Copy:
    """A copy of a network in evaluation mode, into which weights are loaded."""

    def __init__(self, network: nn.Module, *, images_last: bool) -> None:
        copied = copy.deepcopy(network).eval().requires_grad_(requires_grad=False)
        self.network = channels_last(copied) if images_last else copied
        self._own: Tree = {name: buffer.clone() for name, buffer in network.named_buffers()}

    def load(self, weights: Mapping[str, Tensor], index: int) -> None:
        """Copy weights into the network, and its own buffers where none are given."""
        named = dict([*self.network.named_parameters(), *self.network.named_buffers()])
        _check_weights({**self._own, **weights}, named, index)
        with torch.inference_mode():
            for name, tensor in named.items():
                tensor.copy_(weights[name] if name in weights else self._own[name])


def _in_threads(copies: list[_Copy], weights: Iterable[Mapping[str, Tensor]], work: Work[Result]) -> Iterator[Result]:
    """Work in threads, with a copy of the network for each, and one more that is loaded in the meantime."""
    free: SimpleQueue[_Copy] = SimpleQueue()
    for copied in copies:
        free.put(copied)
    running: deque[Future[Result]] = deque()

    def done(copied: _Copy) -> Result:
        try:
            return work(copied.network)
        finally:
            free.put(copied)

    with _single_threads(len(copies) - 1) as pool:
        for index, tree in enumerate(weights):
            copied = free.get()
            try:
                copied.load(tree, index)
            except ArgumentError:
                yield from map(Future.result, running)
                raise
            running.append(pool.submit(done, copied))
            if len(running) == len(copies):
                yield running.popleft().result()
        while running:
            yield running.popleft().result()


def _check_weights(weights: Mapping[str, Tensor], named: Mapping[str, Tensor], index: int) -> None:
    """Raise unless weights have the names and shapes of a network."""
    advice = "Pass the tensors of named_parameters, and of named_buffers where they differ"
    missing, unknown = [name for name in named if name not in weights], [name for name in weights if name not in named]
    if missing or unknown:
        got = Quoted(f"no {missing[0]!r} in vector {index}" if missing else f"{unknown[0]!r} in vector {index}")
        raise ArgumentError("weights", "have the names of the network's parameters", got, advice)
    for name, tensor in named.items():
        if weights[name].shape != tensor.shape:
            got = Quoted(f"{tuple(weights[name].shape)} in vector {index}")
            raise ArgumentError("weights", f"have the shape {tuple(tensor.shape)} for {name!r}", got, advice)


@contextmanager
def _single_threads(workers: int) -> Iterator[ThreadPoolExecutor]:
    """Start threads that each compute on one core, and leave torch's number of threads as it was for all others."""
    num_threads = torch.get_num_threads()
    started = Barrier(workers + 1)

    def begin() -> None:
        torch.set_num_threads(1)
        started.wait()

    with ThreadPoolExecutor(workers, "copies", initializer=begin) as pool:
        for _ in range(workers):
            pool.submit(int)
        started.wait()
        # The number is kept for each thread, and once more for threads to come.
        torch.set_num_threads(num_threads)
        try:
            yield pool
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
