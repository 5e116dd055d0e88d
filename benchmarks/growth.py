"""Claim: speed holds or grows with the number of members, and time an example does not depend on how many there are.

Usage: python benchmarks/growth.py [--quick] [--rounds 3] [--output docs/benchmarks.md]
"""

import statistics

from common import Options, alternate, counted, machine, parsed_options, publish, ratios, spread, table
from modescape.train import TrainingTask
from trainers import digits, made_images, member_steps, modescape_run, plain_loop, task_of

PLAIN, AUTO = "plain loop", "auto"
INTRODUCTION = """Timed is the whole training, by the plain loop and by modescape with the engine that `auto` chooses
for each size, as in the first section."""


def main() -> None:
    """Measure growth with members and with data, and publish the section."""
    options = parsed_options(__doc__, rounds=3)
    parts = ["## Growth with members and data", machine(), INTRODUCTION]
    sizes = ((1, 5), (1, 2)) if options.quick else ((1, 5, 25, 100), (1, 2, 5, 10))
    images = made_images(256 if options.quick else 1_280)
    parts += members([task_of("mlp", digits(), number, 1 if options.quick else 4) for number in sizes[0]], options)
    parts += members([task_of("small-cnn", images, number, 1) for number in sizes[1]], options)
    parts += data((256, 512) if options.quick else (1_000, 3_000, 10_000, 50_000), options)
    publish("growth", parts, options.output)


def compared(task: TrainingTask, options: Options, *, warm_up: bool) -> tuple[dict[str, list[float]], str]:
    """Time the plain loop and modescape on one task; return seconds by name, and the engine."""
    run, choice, _ = modescape_run(task)
    seconds, _ = alternate({PLAIN: plain_loop(task), AUTO: run}, options.rounds, warm_up=warm_up)
    return seconds, choice.engine


def members(tasks: list[TrainingTask], options: Options) -> list[str]:
    """Measure tasks that differ in their number of members and return their paragraphs."""
    rows = []
    for task in tasks:
        seconds, engine = compared(task, options, warm_up=not options.quick)
        plain, auto = (f"{member_steps(task) / statistics.median(seconds[name]):,.0f}" for name in (PLAIN, AUTO))
        times = spread(ratios(seconds[PLAIN], seconds[AUTO]))
        rows.append([str(task.settings.members), plain, auto, f"`{engine}`", times])
    first = tasks[0]
    header = ["members", "plain loop, member-steps a second", "modescape `auto`", "engine", "ratio to the plain loop"]
    return [
        f"### Members of `{first.recipe.name}`",
        table(header, rows),
        f"{counted(first.settings.epochs, 'epoch')} of {len(first.dataset.train):,} examples, median of "
        f"{counted(options.rounds, 'round')}, smallest and largest ratio.",
    ]


def data(sizes: tuple[int, ...], options: Options) -> list[str]:
    """Measure one epoch of data sets of several sizes and return the paragraphs."""
    rows = []
    for number, size in enumerate(sizes):
        task = task_of("small-cnn", made_images(size), 2, 1)
        # Only the smallest is worth a round that does not count: the others find everything warm.
        seconds, engine = compared(task, options, warm_up=number == 0)
        thousands = task.steps_per_epoch * task.batch_size / 1_000
        plain, auto = (spread([taken / thousands for taken in seconds[name]]) for name in (PLAIN, AUTO))
        rows.append([f"{size:,}", plain, auto, f"`{engine}`", spread(ratios(seconds[PLAIN], seconds[AUTO]))])
    header = ["examples", "plain loop, seconds", "modescape `auto`, seconds", "engine", "ratio to the plain loop"]
    return [
        "### Examples, 2 members of `small-cnn`",
        table(header, rows),
        "Seconds of one epoch of both members for every 1,000 examples used (full batches of 128). Median of "
        f"{counted(options.rounds, 'round')}, smallest and largest.",
    ]


if __name__ == "__main__":
    main()
