"""What is measured at points of weight space: any loss and any metric of any network, over anyone's data loader."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from typing import Any, Literal

import torch
from jaxtyping import Int
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

from modescape.core.checks import check_at_least, check_choice
from modescape.core.errors import ArgumentError, Quoted
from modescape.functions.copies import Copies, draws_numbers
from modescape.functions.fused import POOLING
from modescape.functions.intercept import Intercept
from modescape.functions.layout import wants_channels_last
from modescape.functions.many import ACCELERATOR_BATCH_SIZE, CPU_BATCH_SIZE, Precision
from modescape.landscapes.batch_norm import has_running_statistics, renew
from modescape.landscapes.batches import Batches, leaves, size_of
from modescape.landscapes.scores import Metric, Part, Score, score_of, value_and_error
from modescape.landscapes.surfaces import UNDECIDED

Forward = Callable[[nn.Module, Any], tuple[Any, Any]]
"""Runs a network on a batch, and returns outputs and targets."""

LABELS = ("labels", "label")
"""Names of the targets in batches that are mappings, as collators of transformers write them."""


def outputs_and_targets(network: nn.Module, batch: Any) -> tuple[Any, Any]:
    """Run a network on a batch: a pair (inputs, targets), or a mapping whose "labels" are the targets.

    All else in a mapping is given to the network by name. Where the answer has `logits`, they are the outputs.

    Raises:
        ArgumentError: If the batch is neither.

    >>> outputs, targets = outputs_and_targets(nn.Flatten(), (torch.ones(2, 1, 3), torch.zeros(2)))
    >>> outputs.shape, targets.shape
    (torch.Size([2, 3]), torch.Size([2]))
    """
    if isinstance(batch, Mapping) and any(name in batch for name in LABELS):
        name = next(name for name in LABELS if name in batch)
        answer, targets = network(**{key: value for key, value in batch.items() if key != name}), batch[name]
    elif isinstance(batch, tuple | list) and len(batch) == 2:
        answer, targets = network(batch[0]), batch[1]
    else:
        rule = 'be pairs of inputs and targets, or mappings with "labels"'
        advice = "Pass `forward`, a function of network and batch that returns outputs and targets"
        raise ArgumentError("batches", rule, Quoted(f"a batch of type {type(batch).__name__}"), advice)
    logits = getattr(answer, "logits", None)
    return (answer if logits is None else logits), targets


class Objective:
    """Loss, accuracy, agreement and any metric of a network at any weights, over the same examples each time.

    Networks run in evaluation mode, several at once, and the one given is never changed. Batches are read once and
    kept where they fit into 1 GiB, so that a loader that shuffles shows the same examples to every point; a larger
    loader is read anew for each point, and must hold the same examples then, which is checked.

    Values that are not finite stay as they are: a loss of NaN is NaN, neither replaced nor left out of a mean. A
    network whose outputs are not finite decides for no class: it is wrong, and agrees with no one.

    Args:
        network: The architecture, its device, and the buffers for weights that come without.
        loss: Takes outputs and targets of a batch; returns their mean, or one number an example. Losses of `torch.nn`
            and functions of `torch.nn.functional` that take means are taken by example, so that standard errors can be
            had, and means over classes with weights are right over batches; means of others are weighted by the
            batches' sizes. Called in several threads: what keeps a state of its own needs `workers=1`.
        batches: Batches of examples, each a pair (inputs, targets), a mapping with "labels", or what `forward` takes.
        metrics: More of the same, by name. Accuracy comes by itself where outputs are scores of classes (example,
            class) and targets whole numbers (example,).
        references: Weights, with buffers where there are any, by name: "agreement/NAME" is the share of examples
            decided as these decide. Without effect where outputs are not scores of classes.
        forward: Runs a network on a batch and returns (outputs, targets).
        examples: Size of the sample of examples that are used; None takes all.
        available: How many examples there are where `batches` hold a sample of them already, for standard errors.
        batch_norm: "renew" measures the statistics of batch norm at each weights anew, with the references' too;
            "keep" takes those of the weights, or the network's.
        batch_norm_batches: Training examples for these statistics; by default those of `batches`.
        seed: Seed of the sample, of the order of a loader that shuffles, and of a network that draws random numbers.
        workers: Weights at once; by default as many as torch has threads, and one on an accelerator.
        precision: "bf16" runs the layers that allow it with 16 bits (autocast); outputs have 32 bits.

    Attributes:
        names: What is measured: "loss", and "accuracy", "agreement/NAME" and the metrics where there are any.
        num_examples: Examples used.
        num_available: Examples in `batches`, or that they are a sample of.
        renews: Whether there is batch norm whose statistics are measured anew.
        classifies: Whether outputs are scores of classes, so that there are decisions to agree on.

    Raises:
        ArgumentError: If an argument is not one of those above, or a loss or metric returns something else.

    >>> network, pair = nn.Linear(1, 1, bias=False), (torch.ones(4, 1), torch.zeros(4, 1))
    >>> objective = Objective(network, nn.MSELoss(), [pair])
    >>> [found["loss"] for found in objective.each([{"weight": torch.full((1, 1), 3.0)}])]
    [9.0]
    """

    def __init__(
        self,
        network: nn.Module,
        loss: Metric,
        batches: Iterable[Any],
        *,
        metrics: Mapping[str, Metric] | None = None,
        references: Mapping[str, Mapping[str, Tensor]] | None = None,
        forward: Forward | None = None,
        examples: int | None = None,
        available: int | None = None,
        batch_norm: Literal["renew", "keep"] = "renew",
        batch_norm_batches: Iterable[Any] | None = None,
        seed: int = 0,
        workers: int | None = None,
        precision: Precision = "float32",
    ) -> None:
        check_choice(precision, ("float32", "bf16"), "precision")
        check_choice(batch_norm, ("renew", "keep"), "batch_norm")
        check_at_least(seed, 0, "seed", "Pass 0 or any whole number above it")
        self._forward, self._precision, self._seed = forward or outputs_and_targets, precision, seed
        self.renews = batch_norm == "renew" and has_running_statistics(network)
        self._copies, self._images_last = Copies(network, workers=workers, seed=seed), wants_channels_last(network)
        self._device = self._copies.device
        self._batches = Batches(batches, device=self._device, num_examples=examples, seed=seed, argument="batches")
        self._training = self._batches
        if self.renews and batch_norm_batches is not None:
            self._training = Batches(
                batch_norm_batches, device=self._device, num_examples=None, seed=seed, argument="batch_norm_batches"
            )
        self.num_examples = self._batches.num_examples
        self.num_available = self._batches.num_available if available is None else available
        advice = "Leave it out where `batches` hold all examples"
        check_at_least(self.num_available, self._batches.num_available, "available", advice)
        self._scores = {"loss": score_of(loss, "loss")}
        self._metrics = {name: score_of(metric, "metrics") for name, metric in (metrics or {}).items()}
        self._probe(network, workers)
        self._prepare(network)
        self._references = dict(references or {}) if self.classifies else {}
        self.names = self._named()
        self._decided: dict[str, list[Tensor]] | None = None

    def each(self, weights: Iterable[Mapping[str, Tensor]]) -> Iterator[dict[str, float]]:
        """Yield what is measured with each of many weights, in their order and as results are asked for.

        Args:
            weights: For each vector, tensors by the names of `named_parameters` and, where wanted, `named_buffers`;
                they are taken one by one, at most one more than there are workers ahead, and copied.

        Yields:
            For each of `names` its value, and as "NAME/error" the standard error of the value as one of all available
            examples: 0 when all are used, NaN where a metric says nothing about single examples.

        Raises:
            ArgumentError: When their turn comes, if weights have missing or unknown names or wrong shapes.
        """
        if self._decided is None:
            decided = self._copies.each(self._references.values(), self._decisions, draws=self._alone)
            self._decided = dict(zip(self._references, decided, strict=True))
        yield from self._copies.each(weights, self._measured, draws=self._alone)

    def _probe(self, network: nn.Module, workers: int | None) -> None:
        """Run one batch and see what kind of network it is; its copy is not used again, for it may have changed."""
        try:
            outputs, targets, draws = self._probed()
        except RuntimeError:
            # A network that looks at the order of its values in memory (`view`) may not take images channels last.
            self._images_last = False
            self._copies = Copies(network, workers=workers, seed=self._seed, images_last=False)
            outputs, targets, draws = self._probed()
        self._alone = draws or not (self._batches.are_kept and self._training.are_kept)
        scores = isinstance(outputs, Tensor) and outputs.is_floating_point() and outputs.ndim == 2
        self.classifies = scores and isinstance(targets, Tensor) and outputs.shape[1] > 1
        whole = isinstance(targets, Tensor) and targets.dtype in {torch.int64, torch.int32, torch.int16, torch.uint8}
        self._has_accuracy = self.classifies and whole and targets.shape == outputs.shape[:1]
        number = size_of(self._batches.first(), "batches")
        parts = [score(outputs, targets, number) for score in (*self._scores.values(), *self._metrics.values())]
        self._by_example = all(part.by_example for part in parts)
        self._mixes = any(isinstance(part, _NormBase) and part.running_mean is None for part in network.modules())

    def _probed(self) -> tuple[Any, Any, bool]:
        """Return outputs and targets of the first batch, and whether the network draws random numbers."""
        self._batches.lay_out(images_last=self._images_last, copied=False)
        found: list[tuple[Any, Any]] = []
        # Outside of inference mode PyTorch counts what is written into a tensor.
        with torch.inference_mode(mode=False):
            network, batch = self._copies.fresh(), self._batches.first()
            tensors = [leaf for leaf in leaves(batch) if isinstance(leaf, Tensor)]
            before = [tensor._version for tensor in tensors]
            draws = draws_numbers(lambda: found.append(self._run(network, batch)), seed=self._seed, device=self._device)
            writes = [tensor._version for tensor in tensors] != before
        for batches in {self._batches, self._training}:
            batches.lay_out(images_last=self._images_last, copied=writes)
        return *found[0], draws

    def _prepare(self, network: nn.Module) -> None:
        """Cut and join batches where that changes nothing but the speed, and those of a sample, which are shreds."""
        is_sample = self.num_examples < self._batches.num_available
        if is_sample or (self._by_example and not self._mixes):
            is_small = self._device.type == "cpu" and wants_channels_last(network)
            self._batches.regroup(CPU_BATCH_SIZE if is_small else ACCELERATOR_BATCH_SIZE)
        if self.renews:
            if self._training.num_examples < 2:
                advice = 'Pass more training examples, or batch_norm="keep"'
                raise ArgumentError("batch_norm_batches", "hold at least 2 examples", 1, advice)
            self._training.without_singles()

    def _named(self) -> tuple[str, ...]:
        """Return the names of all that is measured."""
        accuracy = ["accuracy"] if self._has_accuracy else []
        names = ["loss", *accuracy, *(f"agreement/{name}" for name in self._references)]
        for name in self._metrics:
            if name in names or name.endswith("/error"):
                advice = "Give it another name"
                raise ArgumentError("metrics", "have names other than those measured anyway", name, advice)
        return (*names, *self._metrics)

    def _run(self, network: nn.Module, batch: Any) -> tuple[Any, Any]:
        """Return outputs and targets of a batch."""
        halved = torch.autocast(self._device.type, torch.bfloat16) if self._precision == "bf16" else nullcontext()
        # Our pooling lays images out with their channels last.
        pooling = Intercept(POOLING) if self._device.type == "cpu" and self._images_last else nullcontext()
        with pooling, halved:
            outputs, targets = self._forward(network, batch)
        if isinstance(outputs, Tensor) and outputs.dtype in {torch.bfloat16, torch.float16}:
            outputs = outputs.float()
        return outputs, targets

    def _settle(self, network: nn.Module) -> None:
        """Give a network statistics of batch norm that belong to its weights."""
        if self.renews:
            renew(network, self._training, lambda batch: self._run(network, batch))

    def _decisions(self, network: nn.Module) -> list[Tensor]:
        """Return the classes that a network decides for, batch by batch."""
        self._settle(network)
        with torch.inference_mode():
            return [_decided(self._run(network, batch)[0]) for batch in self._batches]

    def _measured(self, network: nn.Module) -> dict[str, float]:
        """Return all that is measured of a network."""
        self._settle(network)
        parts: dict[str, list[Part]] = {name: [] for name in self.names}
        with torch.inference_mode():
            for index, batch in enumerate(self._batches):
                outputs, targets = self._run(network, batch)
                for name, part in self._parts(outputs, targets, size_of(batch, "batches"), index):
                    parts[name].append(part)
        found: dict[str, float] = {}
        for name, own in parts.items():
            found[name], found[f"{name}/error"] = value_and_error(own, self.num_examples, self.num_available)
        return found

    def _parts(self, outputs: Any, targets: Any, number: int, index: int) -> Iterator[tuple[str, Part]]:
        """Yield what each metric says about a batch."""
        scores: Mapping[str, Score] = {**self._scores, **self._metrics}
        for name, score in scores.items():
            yield name, score(outputs, targets, number)
        if not self.classifies:
            return
        decisions = _decided(outputs)
        if self._has_accuracy:
            yield "accuracy", _share(decisions == targets)
        for name, decided in (self._decided or {}).items():
            yield f"agreement/{name}", _share((decisions == decided[index]) & (decisions != UNDECIDED))


def _decided(outputs: Tensor) -> Int[Tensor, "example"]:
    """Return the class with the largest score, or -1 where there is none."""
    largest, classes = outputs.max(dim=1)
    return torch.where(largest.isfinite(), classes, UNDECIDED)


def _share(right: Tensor) -> Part:
    return Part(right.double(), torch.ones(len(right), dtype=torch.float64, device=right.device), by_example=True)
