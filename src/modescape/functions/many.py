"""Predictions of many weight vectors of one architecture on one set of examples, one vector after the other.

What does not depend on the weights is done once: examples are prepared and laid out for the fast kernels, and copies
of the network are made for the workers, which are threads: PyTorch does not hold the GIL where it computes. One
vector a core is faster than all cores on one vector, because layers of small networks are too small to be divided.
"""

import copy
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Barrier
from typing import Literal

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn

from modescape.core.checks import check_at_least, check_choice
from modescape.core.errors import ArgumentError, Quoted
from modescape.core.seeds import next_global_numbers, seeded_globals
from modescape.core.trees import Tree
from modescape.functions.fused import POOLING
from modescape.functions.intercept import Intercept
from modescape.functions.layout import channels_last

CPU_BATCH_SIZE = 128
"""Examples predicted at once by a worker: activations still stay in the cache, and fewer calls wait for Python's lock
(a tenth faster than 64)."""

ACCELERATOR_BATCH_SIZE = 1024
"""Examples predicted at once on an accelerator: enough to keep it busy with networks for small images."""

MAX_PREPARED_BYTES = 2**30
"""Largest size of all prepared batches together up to which they are kept: 80,000 images of 3x32x32."""

Precision = Literal["float32", "bf16"]
Output = Literal["probabilities", "logits"]


def predict_each(
    network: nn.Module,
    weights: Iterable[Mapping[str, Tensor]],
    inputs: Shaped[Tensor, "example ..."],
    *,
    prepare: Callable[[Tensor], Tensor],
    batch_size: int | None = None,
    workers: int | None = None,
    precision: Precision = "float32",
    output: Output = "probabilities",
    seed: int = 0,
) -> Iterator[Float[Tensor, "example class"]]:
    """Yield the predictions of one network with each of many weights, in their order, as `predict` makes them.

    Weights are taken one by one as results are asked for, at most one more than there are workers ahead, and copied:
    a generator of thousands of them never lies in memory, and may change the tensors it has given. Networks run in
    evaluation mode. Averages of batch norm are buffers: for weights that were never trained, such as points of a
    subspace, the caller estimates them anew and gives them with the weights.

    Args:
        network: The architecture, and the device; it is copied, not changed.
        weights: For each vector, tensors by the names of `named_parameters` and, where wanted, `named_buffers`;
            buffers that are not given are the network's own.
        inputs: Raw examples, the same for all weights.
        prepare: Turns a raw batch into what the network sees. It is called once a batch if all prepared batches fit
            into 1 GiB (and the network does not write into its inputs), else once a batch and vector, in the workers.
        batch_size: Examples at once; by default 128 on a CPU and 1,024 on an accelerator.
        workers: Weights at once, each on a thread of its own; by default `torch.get_num_threads()` on a CPU. With one,
            a network runs on all threads of torch. Always one on an accelerator, and for networks that draw random
            numbers in evaluation mode.
        precision: "bf16" runs the layers that allow it with 16 bits (autocast); results have 32 bits.
        output: Class probabilities, or the logits before the softmax.
        seed: As in `predict`, the same for all weights.

    Raises:
        ArgumentError: If a number or a word is not one of those above, or (when their turn comes) weights have missing
            or unknown names or wrong shapes.

    >>> network = nn.Linear(2, 3)
    >>> steps = ({"weight": torch.full((3, 2), value), "bias": torch.zeros(3)} for value in [0.0, 1.0])
    >>> found = predict_each(network, steps, torch.ones(5, 2), prepare=lambda batch: batch, output="logits")
    >>> [logits.mean().item() for logits in found]
    [0.0, 2.0]
    """
    if isinstance(weights, Mapping):
        got = Quoted("a mapping of names to tensors")
        raise ArgumentError("weights", "be an iterable of mappings, one a vector", got, "Put it into a list")
    predictor = Predictor(
        network,
        inputs,
        prepare=prepare,
        batch_size=batch_size,
        workers=workers,
        precision=precision,
        output=output,
        seed=seed,
    )
    return predictor.each(weights)


class Predictor:
    """`predict_each` for one network and one set of examples, to be called again and again.

    What does not depend on the weights is done at the first call only. Arguments and errors are those of
    `predict_each`.

    >>> network = nn.Linear(2, 3)
    >>> predictor = Predictor(network, torch.ones(5, 2), prepare=lambda batch: batch)
    >>> [next(predictor.each([dict(network.named_parameters())])).shape for _ in range(2)]
    [torch.Size([5, 3]), torch.Size([5, 3])]
    """

    def __init__(
        self,
        network: nn.Module,
        inputs: Shaped[Tensor, "example ..."],
        *,
        prepare: Callable[[Tensor], Tensor],
        batch_size: int | None = None,
        workers: int | None = None,
        precision: Precision = "float32",
        output: Output = "probabilities",
        seed: int = 0,
    ) -> None:
        device = next((tensor.device for tensor in network.parameters()), inputs.device)
        on_cpu = device.type == "cpu"
        batch_size = (CPU_BATCH_SIZE if on_cpu else ACCELERATOR_BATCH_SIZE) if batch_size is None else batch_size
        workers = torch.get_num_threads() if workers is None else workers
        check_at_least(batch_size, 1, "batch_size", "Leave it out to have it chosen")
        check_at_least(workers, 1, "workers", "Leave it out to use one for each of torch's threads")
        check_choice(precision, ("float32", "bf16"), "precision")
        check_choice(output, ("probabilities", "logits"), "output")
        self._network, self._workers = network, workers if on_cpu else 1
        self._batches = _Batches(inputs, prepare, batch_size, device)
        self._run = _Run(device, precision, output, seed)
        self._free: list[_Copy] = []
        self._draws: bool | None = None

    def each(self, weights: Iterable[Mapping[str, Tensor]]) -> Generator[Float[Tensor, "example class"], None, None]:
        """Yield the predictions with each of many weights, in their order."""
        if self._draws is None:
            self._draws = self._probed()
        alone = self._workers == 1 or self._draws
        copies = [self._copy() for _ in range(1 if alone else self._workers + 1)]
        try:
            if alone:
                yield from self._run.one_by_one(copies[0], weights, self._batches, draws=self._draws)
            else:
                yield from self._run.in_threads(copies, weights, self._batches)
        finally:
            self._free += copies

    def _probed(self) -> bool:
        """Say whether the network draws random numbers, and keep the batches unless it writes into them."""
        copied = self._copy()
        draws, writes = self._run.probed(copied, self._batches)
        if not writes:
            self._batches.keep()
        # The probe may have changed it in ways that loading weights does not undo.
        return draws

    def _copy(self) -> "_Copy":
        """Return a copy of the network that no one uses."""
        return self._free.pop() if self._free else _Copy(self._network)


class _Batches:
    """The prepared batches: kept where they fit into memory, else made anew each time."""

    def __init__(
        self, inputs: Tensor, prepare: Callable[[Tensor], Tensor], batch_size: int, device: torch.device
    ) -> None:
        self._pieces, self._prepare, self._device = inputs.split(batch_size), prepare, device
        self._kept: list[Tensor] | None = None

    def first(self) -> Tensor:
        """Return the first batch, made anew."""
        return self._made(self._pieces[0])

    def keep(self) -> None:
        """Keep all batches from now on, if they fit."""
        if self.first().nbytes * len(self._pieces) <= MAX_PREPARED_BYTES:
            self._kept = [self._made(piece) for piece in self._pieces]

    def __iter__(self) -> Iterator[Tensor]:
        return iter(self._kept) if self._kept is not None else map(self._made, self._pieces)

    def _made(self, piece: Tensor) -> Tensor:
        """Prepare a batch; images with their channels last, for which the kernels of CPUs and accelerators are best."""
        batch = self._prepare(piece.to(self._device))
        return batch.contiguous(memory_format=torch.channels_last) if batch.ndim == 4 else batch


@dataclass(frozen=True)
class _Run:
    """How networks are run."""

    device: torch.device
    precision: Precision
    output: Output
    seed: int

    def one_by_one(
        self, copied: "_Copy", weights: Iterable[Mapping[str, Tensor]], batches: _Batches, *, draws: bool
    ) -> Iterator[Tensor]:
        """Run all weights in the caller's thread, each with the random numbers that `predict` would give it."""
        for index, tree in enumerate(weights):
            copied.load(tree, index)
            with seeded_globals(self.seed, self.device) if draws else nullcontext():
                result = self._outputs(copied, batches)
            yield result

    def in_threads(
        self, copies: list["_Copy"], weights: Iterable[Mapping[str, Tensor]], batches: _Batches
    ) -> Iterator[Tensor]:
        """Run weights in threads, a copy of the network for each, and one more that is loaded in the meantime."""
        free: SimpleQueue[_Copy] = SimpleQueue()
        for copied in copies:
            free.put(copied)
        running: deque[Future[Tensor]] = deque()

        def outputs(copied: _Copy) -> Tensor:
            try:
                return self._outputs(copied, batches)
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
                running.append(pool.submit(outputs, copied))
                if len(running) == len(copies):
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()

    def _outputs(self, copied: "_Copy", batches: Iterable[Tensor]) -> Tensor:
        """Return what a network says of all batches, on the CPU."""
        halved = torch.autocast(self.device.type, torch.bfloat16) if self.precision == "bf16" else nullcontext()
        pooling = Intercept(POOLING) if self.device.type == "cpu" else nullcontext()
        with torch.inference_mode():
            with pooling, halved:
                logits = [copied.network(batch) for batch in batches]
            logits = [piece.float() for piece in logits] if self.precision == "bf16" else logits
            pieces = [piece.softmax(dim=1) for piece in logits] if self.output == "probabilities" else logits
        # Joined outside of the block: inside it would be a tensor that autograd refuses for good.
        return torch.cat(pieces).cpu()

    def probed(self, copied: "_Copy", batches: _Batches) -> tuple[bool, bool]:
        """Say whether a network draws random numbers, and whether it writes into its inputs, by running one batch."""
        with torch.inference_mode(mode=False):
            return self._probed_outside_inference(copied, batches.first().clone())

    def _probed_outside_inference(self, copied: "_Copy", batch: Tensor) -> tuple[bool, bool]:
        """Probe where PyTorch counts what is written into a tensor, which it does not in inference mode."""
        version = batch._version
        with seeded_globals(self.seed, self.device):
            untouched = next_global_numbers(self.device)
        with seeded_globals(self.seed, self.device), torch.no_grad():
            copied.network(batch)
            draws = next_global_numbers(self.device) != untouched
        return draws, batch._version != version


class _Copy:
    """A copy of a network in evaluation mode, into which weights are loaded."""

    def __init__(self, network: nn.Module) -> None:
        self.network = channels_last(copy.deepcopy(network).eval().requires_grad_(requires_grad=False))
        self._own: Tree = {name: buffer.clone() for name, buffer in network.named_buffers()}

    def load(self, weights: Mapping[str, Tensor], index: int) -> None:
        """Copy weights into the network, and its own buffers where none are given."""
        named = dict([*self.network.named_parameters(), *self.network.named_buffers()])
        _check_weights({**self._own, **weights}, named, index)
        with torch.inference_mode():
            for name, tensor in named.items():
                tensor.copy_(weights[name] if name in weights else self._own[name])


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

    with ThreadPoolExecutor(workers, "predict", initializer=begin) as pool:
        for _ in range(workers):
            pool.submit(int)
        started.wait()
        # The number is kept for each thread, and once more for threads to come.
        torch.set_num_threads(num_threads)
        try:
            yield pool
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
