"""Claim: training reaches a fair share of what this machine can do in a large matrix product.

Usage: python benchmarks/flops.py [--quick] [--rounds 3] [--output docs/benchmarks.md]
"""

import statistics
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from common import Options, alternate, counted, machine, parsed_options, publish, spread, table
from modescape.train import TrainingTask
from trainers import (
    Run,
    digits,
    made_images,
    member_steps,
    modescape_run,
    plain_loop,
    prepared,
    task_of,
    with_settings,
)

PRODUCT = "matrix product"
SIZE = 2_048
INTRODUCTION = f"""Floating-point operations of training a second, and their share of those that a product of two
{SIZE:,} x {SIZE:,} matrices in 32-bit floats reaches in the same run. The operations of a step (products and
convolutions, forward and backward) are counted by `torch.utils.flop_counter` on one step of the plain loop; time is
that of the whole training, as in the section above."""


def main() -> None:
    """Measure both networks and publish the section."""
    options = parsed_options(__doc__, rounds=3)
    images = made_images(256 if options.quick else 1_280)
    tasks = [
        task_of("small-cnn", images, 2 if options.quick else 5, 1),
        task_of("mlp", digits(), 25, 2 if options.quick else 10),
    ]
    cases = [part for task in tasks for part in case(task, options)]
    publish("flops", ["## Share of the machine's speed", machine(), INTRODUCTION, *cases], options.output)


def case(task: TrainingTask, options: Options) -> list[str]:
    """Measure one network and return its paragraphs."""
    repeats = 1 if options.quick else 10
    training: dict[str, Run] = {"plain loop": plain_loop(task)}
    training.update(
        {f"modescape `{name}`": modescape_run(with_settings(task, engine=name))[0] for name in ("loop", "vmap", "auto")}
    )
    runs: dict[str, Callable[[], object]] = {PRODUCT: matrix_products(repeats), **training}
    seconds, _ = alternate(runs, options.rounds)
    operations = dict.fromkeys(training, operations_of_step(task) * member_steps(task))
    rows = speeds({PRODUCT: 2 * SIZE**3 * repeats, **operations}, seconds)
    return [
        f"### `{task.recipe.name}`, {task.settings.members} members",
        table(["", "GFLOP/s", "percent of the matrix product"], rows),
        f"{operations_of_step(task) / 1e6:,.1f} MFLOP a step of one member. Median of "
        f"{counted(options.rounds, 'round')}, smallest and largest.",
    ]


def speeds(operations: dict[str, int], seconds: dict[str, list[float]]) -> list[list[str]]:
    """Return rows of GFLOP/s and of shares, which are taken within a round.

    >>> speeds({"matrix product": 10**9, "loop": 10**9}, {"matrix product": [0.5], "loop": [2.0]})[1]
    ['loop', '0.5', '25.0 (25.0 to 25.0)']
    """
    rates = {name: [operations[name] / taken for taken in rounds] for name, rounds in seconds.items()}
    rows = []
    for name, own in rates.items():
        shares = [100 * rate / best for rate, best in zip(own, rates[PRODUCT], strict=True)]
        rows.append([name, f"{statistics.median(own) / 1e9:,.1f}", spread(shares, digits=1)])
    return rows


def matrix_products(repeats: int) -> Callable[[], Tensor]:
    """Return a function that multiplies two large matrices some times."""
    generator = torch.Generator().manual_seed(0)
    left, right = torch.rand(2, SIZE, SIZE, generator=generator)
    out = torch.empty(SIZE, SIZE)

    def run() -> Tensor:
        for _ in range(repeats):
            torch.mm(left, right, out=out)
        return out

    return run


def operations_of_step(task: TrainingTask) -> int:
    """Count the floating-point operations of one training step of one member."""
    inputs, labels = prepared(task)
    network = task.network(0).to(task.device).train()
    with FlopCounterMode(display=False) as counter:
        F.cross_entropy(network(inputs[: task.batch_size]), labels[: task.batch_size]).backward()
    return counter.get_total_flops()


if __name__ == "__main__":
    main()
