"""Claim: what is left of a training step is work that has to be done; a profile of one core, and what bf16 changes.

Usage: python benchmarks/where_time_goes.py [--quick] [--rounds 3] [--output docs/benchmarks.md]
"""

import re
import statistics
import time
from collections.abc import Callable, Mapping

import torch
from torch.autograd.profiler_util import EventList
from torch.profiler import ProfilerActivity, profile

from common import machine, parsed_options, publish, table
from modescape.data import Dataset
from modescape.functions import predict_each
from modescape.train import ENGINES, TrainingTask
from trainers import digits, made_images, task_of

KINDS = {
    "convolutions": r".*convolution.*",
    "matrix products": r"(bmm|mm|addmm|baddbmm)",
    "dropout and pooling": r"_?(Drop|Pool).*|.*max_pool.*",
    "optimiser": r"_fused_adam_|Optimizer\.step.*",
    "loss": r".*softmax.*|.*nll_loss.*|gather|scatter.*",
    "elementwise operations": r"(mul|add|sub|relu|clamp_min|threshold_backward|where|div|neg|ne|le|sum)_?",
    "conversions and copies": r".*copy.*|cat|stack|index_select|fill_|zero_",
}
"""Names of operations in the profile, by kind of work."""
REST = "random numbers, Python and the rest"
INTRODUCTION = """Milliseconds of a training step, and of an evaluation, on one core, by the names of operations in
PyTorch's profiler. The rest is what the clock shows beyond them: pooling without gradients by a kernel of our own,
random words from NumPy, masks made of them, and Python.

Convolutions and matrix products are PyTorch's own (oneDNN and MKL), at the speed these reach on this machine: what a
step of `small-cnn` takes besides them is all that could still be saved. The members of `mlp` share one product a layer;
each elementwise operation between them passes through memory once, and that is what `compile` fuses. Two groups of them
in two threads are slower than one: each operation takes a tenth of a millisecond, and after each a thread waits for
Python's lock.

bf16 pays where the processor has instructions for it (AVX512-BF16, AMX). Elsewhere oneDNN converts and computes in 32
bits, which takes longer than float32 itself."""


def main() -> None:
    """Profile all cases and publish the section."""
    options = parsed_options(__doc__, rounds=3)
    torch.set_num_threads(1)
    images = made_images(256 if options.quick else 1_280)
    cases = {
        "`small-cnn`, `loop`, float32": (task_of("small-cnn", images, 1, 1), "loop"),
        "`small-cnn`, `loop`, bf16": (task_of("small-cnn", images, 1, 1, precision="bf16"), "loop"),
        "25 members of `mlp`, `vmap`, float32": (task_of("mlp", digits(), 25, 1), "vmap"),
    }
    columns = {name: trained(task, engine, options.rounds) for name, (task, engine) in cases.items()}
    columns["`small-cnn` with one weight vector on 1,280 images, `predict_each`"] = evaluated(images, options.rounds)
    rows = [[kind, *(f"{times.get(kind, 0.0):.2f}" for times in columns.values())] for kind in [*KINDS, REST]]
    rows.append(["in all", *(f"{sum(times.values()):.2f}" for times in columns.values())])
    publish(
        "where_time_goes",
        ["## Where the time goes", machine(), INTRODUCTION, table(["milliseconds", *columns], rows)],
        options.output,
    )


def trained(task: TrainingTask, engine: str, rounds: int) -> dict[str, float]:
    """Return the milliseconds of a step of all members by kind of work."""
    group = ENGINES[engine].begin(task, range(task.settings.members))
    return profiled(lambda: group.train_epoch(0), task.steps_per_epoch, rounds)


def evaluated(images: Dataset, rounds: int) -> dict[str, float]:
    """Return the milliseconds of predicting all images with one weight vector by kind of work."""
    network = task_of("small-cnn", images, 1, 1).network(0)
    weights, number = dict(network.named_parameters()), 10
    inputs = images.train.inputs

    def run() -> None:
        for _ in predict_each(network, [weights] * number, inputs, prepare=images.prepare, output="logits", workers=1):
            pass

    return profiled(run, number, rounds)


def profiled(run: Callable[[], object], number: int, rounds: int) -> dict[str, float]:
    """Return the milliseconds of one of a number of repetitions in a run, the whole as the median over rounds."""
    run()
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    with profile(activities=[ProfilerActivity.CPU]) as found:
        run()
    times = by_kind(found.key_averages())
    # The profiler takes time itself: where it saw more than the clock, its shares are kept.
    whole = 1_000 * statistics.median(seconds)
    scale = min(1.0, whole / sum(times.values())) / number
    shares = {kind: scale * value for kind, value in times.items()}
    return {**shares, REST: whole / number - sum(shares.values())}


def by_kind(events: EventList) -> Mapping[str, float]:
    """Add up the milliseconds that the profiler saw in operations of each kind, without those they call."""
    times = dict.fromkeys(KINDS, 0.0)
    for event in events:
        name = event.key.removeprefix("aten::")
        kind = next((kind for kind, names in KINDS.items() if re.fullmatch(names, name)), None)
        if kind is not None:
            times[kind] += event.self_cpu_time_total / 1_000
    return times


if __name__ == "__main__":
    main()
