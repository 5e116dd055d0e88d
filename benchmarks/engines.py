"""Member-steps a second of the engines, next to a plain PyTorch loop in the same run.

Usage: python benchmarks/engines.py [--output docs/benchmarks.md] [--rounds 7] [--quick]

Each round times the plain loop and every engine in turn on the same network, batch size and number of members, the
order reversed from round to round; ratios are taken within a round. The plain loop is what one would write by hand:
`torch.optim.Adam`, `nn.Dropout`, indexed batches, one member after the other.
"""

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn import functional as F

from modescape.data import Dataset, DataSettings, Examples, load_dataset
from modescape.models import recipe
from modescape.train import ENGINES, TrainingTask, TrainSettings

HEADER = """# Benchmarks

Written by `make bench`; every figure is a ratio to a plain PyTorch loop in the same run.
"""


@dataclass(frozen=True)
class Case:
    """What is trained: a network, data, the number of members, and steps a timing."""

    title: str
    model: str
    dataset: Dataset
    members: int
    steps: int


def main() -> None:
    """Time all cases and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--output", type=Path, help="Markdown file to write; printed otherwise")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one round with few steps, to see that it runs")
    options = parser.parse_args()
    steps = (10, 3) if options.quick else (40, 10)
    cases = [
        Case("`mlp` on digits, 5 members", "mlp", digits(), 5, steps[0]),
        Case("`mlp` on digits, 25 members", "mlp", digits(), 25, steps[0]),
        Case("`small-cnn` at 3x32x32, 5 members", "small-cnn", random_images(128 * steps[1]), 5, steps[1]),
    ]
    text = HEADER + machine() + "".join(table(case, 1 if options.quick else options.rounds) for case in cases)
    if options.output:
        options.output.write_text(text, encoding="utf-8")
    print(text)


def machine() -> str:
    """Return one line about this machine."""
    threads = torch.get_num_threads()
    capability = torch.backends.cpu.get_cpu_capability()
    return f"\nMachine: {platform.machine()}, {threads} threads, {capability}, PyTorch {torch.__version__}.\n"


def digits() -> Dataset:
    """Return the embedded digits."""
    return load_dataset(DataSettings(), seed=0)


def random_images(num_examples: int) -> Dataset:
    """Return random images of CIFAR's shape: the speed does not depend on what they show."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (num_examples, 32, 32, 3), dtype=torch.uint8, generator=generator)
    labels = torch.randint(0, 10, (num_examples,), generator=generator)
    examples = Examples(images.permute(0, 3, 1, 2), labels)
    none = Examples(examples.inputs[:1], labels[:1])
    scale = torch.full((3, 1, 1), 1 / 255)
    classes = tuple(str(digit) for digit in range(10))
    return Dataset("random", classes, examples, none, none, torch.zeros(3, 1, 1), scale, "random")


def table(case: Case, rounds: int) -> str:
    """Time one case and return its table."""
    task = TrainingTask(recipe(case.model), case.dataset, TrainSettings(members=case.members, engine="loop"), seed=0)
    runs: dict[str, Callable[[], None]] = {"plain loop": plain_loop(task, case)}
    runs.update({f"`{name}`": engine_run(name, task, case) for name in ENGINES})
    for run in runs.values():
        run()
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for round_number in range(rounds):
        for name in list(runs)[:: 1 if round_number % 2 == 0 else -1]:
            start = time.perf_counter()
            runs[name]()
            seconds[name].append(time.perf_counter() - start)
    lines = [f"\n## {case.title}\n", "| | member-steps a second | ratio to the plain loop |", "|---|---|---|"]
    for name, times in seconds.items():
        ratios = sorted(plain / own for plain, own in zip(seconds["plain loop"], times, strict=True))
        speed = case.members * case.steps / statistics.median(times)
        spread = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        lines.append(f"| {name} | {speed:,.0f} | {spread} |")
    return "\n".join([*lines, f"\nMedian of {rounds} rounds of {case.steps} steps, smallest and largest ratio.\n"])


def engine_run(name: str, task: TrainingTask, case: Case) -> Callable[[], None]:
    """Return a function that trains all members for some steps with an engine."""
    engine = ENGINES[name]
    size = min(engine.group_size(task), case.members)
    groups = [engine.begin(task, range(start, start + size)) for start in range(0, case.members, size)]

    def run() -> None:
        for group in groups:
            for epoch in range(-(-case.steps // task.steps_per_epoch)):
                left = case.steps - epoch * task.steps_per_epoch
                group.train_epoch(epoch, min(left, task.steps_per_epoch))

    return run


def plain_loop(task: TrainingTask, case: Case) -> Callable[[], None]:
    """Return a function that trains all members for some steps as one would by hand."""
    networks = [task.network(member) for member in range(case.members)]
    optimizers = [torch.optim.Adam(network.parameters(), lr=1.6e-3) for network in networks]
    inputs = case.dataset.train.inputs.float().contiguous()
    if case.dataset.train.inputs.dtype == torch.uint8:
        inputs /= 255
    labels = case.dataset.train.labels
    generator = torch.Generator().manual_seed(0)

    def run() -> None:
        for network, optimizer in zip(networks, optimizers, strict=True):
            network.train()
            order = torch.randperm(len(labels), generator=generator)
            batches = order[: len(labels) // 128 * 128].view(-1, 128)
            for step in range(case.steps):
                chosen = batches[step % len(batches)]
                optimizer.zero_grad()
                F.cross_entropy(network(inputs[chosen]), labels[chosen]).backward()
                optimizer.step()

    return run


if __name__ == "__main__":
    main()
