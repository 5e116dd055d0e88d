"""Predictions of many weight vectors of one architecture on one set of examples, one vector after the other.

What does not depend on the weights is done once: examples are prepared and laid out for the fast kernels, and copies
of the network are made for the workers.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn

from modescape.core.checks import check_at_least, check_choice
from modescape.core.errors import ArgumentError, Quoted
from modescape.functions.copies import Copies, draws_numbers
from modescape.functions.fused import POOLING
from modescape.functions.intercept import Intercept
from modescape.functions.layout import wants_channels_last
from modescape.functions.predictions import class_probabilities

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
        self._copies = Copies(network, workers=workers, seed=seed, device=inputs.device)
        device = self._copies.device
        chosen = CPU_BATCH_SIZE if device.type == "cpu" else ACCELERATOR_BATCH_SIZE
        batch_size = chosen if batch_size is None else batch_size
        check_at_least(batch_size, 1, "batch_size", "Leave it out to have it chosen")
        check_choice(precision, ("float32", "bf16"), "precision")
        check_choice(output, ("probabilities", "logits"), "output")
        images_last = wants_channels_last(network)
        self._batches = _Batches(inputs, prepare, batch_size, device, images_last=images_last)
        self._run, self._seed = _Run(device, precision, output), seed
        self._draws: bool | None = None

    def each(self, weights: Iterable[Mapping[str, Tensor]]) -> Iterator[Float[Tensor, "example class"]]:
        """Yield the predictions with each of many weights, in their order."""
        if self._draws is None:
            self._draws = self._probed()
        yield from self._copies.each(
            weights, lambda network: self._run.outputs(network, self._batches), draws=self._draws
        )

    def _probed(self) -> bool:
        """Say whether the network draws random numbers, and keep the batches unless it writes into them."""
        # Outside of inference mode PyTorch counts what is written into a tensor. The copy is not used again: the
        # probe may have changed it in ways that loading weights does not undo.
        with torch.inference_mode(mode=False):
            batch, network = self._batches.first().clone(), self._copies.fresh()
            version = batch._version
            draws = draws_numbers(lambda: network(batch), seed=self._seed, device=self._copies.device)
            if batch._version == version:
                self._batches.keep()
        return draws


class _Batches:
    """The prepared batches: kept where they fit into memory, else made anew each time."""

    def __init__(
        self,
        inputs: Tensor,
        prepare: Callable[[Tensor], Tensor],
        batch_size: int,
        device: torch.device,
        *,
        images_last: bool,
    ) -> None:
        self._images_last = images_last
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
        """Prepare a batch; images with their channels last where convolutions take them, which are fastest then."""
        batch = self._prepare(piece.to(self._device))
        return batch.contiguous(memory_format=torch.channels_last) if batch.ndim == 4 and self._images_last else batch


@dataclass(frozen=True)
class _Run:
    """How networks are run."""

    device: torch.device
    precision: Precision
    output: Output

    def outputs(self, network: nn.Module, batches: Iterable[Tensor]) -> Tensor:
        """Return what a network says of all batches, on the CPU."""
        halved = torch.autocast(self.device.type, torch.bfloat16) if self.precision == "bf16" else nullcontext()
        pooling = Intercept(POOLING) if self.device.type == "cpu" else nullcontext()
        with torch.inference_mode():
            with pooling, halved:
                logits = [network(batch) for batch in batches]
            logits = [piece.float() for piece in logits] if self.precision == "bf16" else logits
            pieces = [class_probabilities(piece) for piece in logits] if self.output == "probabilities" else logits
        # Joined outside of the block: inside it would be a tensor that autograd refuses for good.
        return torch.cat(pieces).cpu()
