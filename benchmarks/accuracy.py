"""Claim: members trained by modescape are as accurate as those of a plain loop.

Usage: python benchmarks/accuracy.py [--quick] [--data DIR] [--output docs/benchmarks.md]
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scipy.stats import ttest_ind

from common import counted, machine, parsed_options, publish, say, table
from modescape.data import DataSettings, load_dataset
from modescape.train import TrainingTask
from trainers import accuracies, digits, modescape_run, plain_loop, task_of, without_validation

INTRODUCTION = """Test accuracy after training, by a plain loop and by modescape with the engine that `auto` chooses:
the same network, data and settings, and seeds of their own for initial weights, batches and dropout. The difference is
modescape minus plain loop, with its 95 % interval after Welch. The two count as equivalent where the whole interval
lies within a margin that was set beforehand."""


@dataclass(frozen=True)
class Difference:
    """Mean difference of two samples of accuracies, with its 95 % interval, as fractions."""

    mean: float
    low: float
    high: float

    def verdict(self, margin: float) -> str:
        """Say what the interval shows.

        >>> Difference(0.002, -0.001, 0.005).verdict(margin=0.01)
        'equivalent within 1.0 points'
        """
        within = f"within {100 * margin:.1f} points"
        if self.low > -margin and self.high < margin:
            return f"equivalent {within}"
        if self.low > 0 or self.high < 0:
            return f"different, not equivalent {within}"
        return f"neither a difference nor equivalence {within} is shown"


def main() -> None:
    """Train on each data set and publish the section."""
    options = parsed_options(__doc__, rounds=1)
    members = 3 if options.quick else 10
    rows = [compared(task_of("mlp", digits(), members, 2 if options.quick else 20), margin=0.01)]
    left_out = []
    if options.data is None:
        left_out.append("CIFAR-10 is left out: no folder was given (`--data DIR` with DIR/cifar10-jpeg).")
    else:
        settings = DataSettings(
            source=f"parquet:{options.data / 'cifar10-jpeg'}",
            limit=256 if options.quick else 5_000,
            test_limit=256 if options.quick else 5_000,
        )
        cifar = without_validation(load_dataset(settings, seed=0))
        rows.append(compared(task_of("small-cnn", cifar, members, 1 if options.quick else 8), margin=0.02))
    header = ["", "members each", "plain loop, %", "modescape, %", "difference, points", "verdict"]
    parts = ["## Accuracy after training", machine(), INTRODUCTION, table(header, rows), *left_out]
    publish("accuracy", parts, options.output)


def compared(task: TrainingTask, margin: float) -> list[str]:
    """Train members both ways and return a row of the table, with the verdict at a margin (a fraction)."""
    dataset, settings = task.dataset, task.settings
    run, choice, _ = modescape_run(task)
    # Another run seed, so that the members are independent of modescape's.
    runs = {"plain loop": plain_loop(replace(task, seed=1)), "modescape": run}
    found: dict[str, list[float]] = {}
    for way, train in runs.items():
        found[way] = accuracies(train()(), dataset.test, dataset.prepare)
        say(f"{task.recipe.name} on {dataset.name}, {way}: {statistics.mean(found[way]):.2%}")
    plain, own = found["plain loop"], found["modescape"]
    gap = difference(own, plain)
    examples = f"{len(dataset.train):,} training and {len(dataset.test):,} test examples"
    return [
        f"`{task.recipe.name}` on {dataset.name}: {examples}, {counted(settings.epochs, 'epoch')}, "
        f"engine `{choice.engine}`",
        str(settings.members),
        percent(plain),
        percent(own),
        f"{100 * gap.mean:+.2f} ({100 * gap.low:+.2f} to {100 * gap.high:+.2f})",
        gap.verdict(margin),
    ]


def difference(own: Sequence[float], plain: Sequence[float]) -> Difference:
    """Return the difference of two means with its 95 % interval after Welch.

    >>> round(difference([0.9, 0.8, 0.7], [0.6, 0.5, 0.4]).mean, 3)
    0.3
    """
    interval = ttest_ind(own, plain, equal_var=False).confidence_interval(confidence_level=0.95)
    return Difference(statistics.mean(own) - statistics.mean(plain), float(interval.low), float(interval.high))


def percent(values: Sequence[float]) -> str:
    """Return mean and standard deviation of fractions in percent.

    >>> percent([0.5, 0.7])
    '60.00 ± 14.14'
    """
    return f"{100 * statistics.mean(values):.2f} ± {100 * statistics.stdev(values):.2f}"


if __name__ == "__main__":
    main()
