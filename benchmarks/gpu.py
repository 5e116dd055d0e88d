"""Claim: on one GPU modescape trains many small networks several times faster than a plain loop.

Usage: python benchmarks/gpu.py [--quick] [--rounds 5] [--output docs/benchmarks.md]
"""

import statistics

import torch

from common import Options, alternate, counted, machine, parsed_options, publish, ratios, spread, table
from modescape.train import TrainingTask
from trainers import (
    Run,
    made_images,
    mean_nll,
    member_steps,
    modescape_run,
    plain_loop,
    task_of,
    with_settings,
)

PLAIN = "plain loop"
INTRODUCTION = """Timed is the whole training of all members on one GPU, by the plain loop of the first section, its
data on the GPU beforehand, and by modescape with the engine that `auto` chose before the time began. The plain
loop has PyTorch's defaults, with which convolutions round to TF32 and products of matrices do not. The loss at the end
is the NLL on the training examples in nats, without dropout: mean and standard deviation over members."""


def main() -> None:
    """Time all cases and publish the section, where there is a GPU."""
    options = parsed_options(__doc__, rounds=5)
    if not torch.cuda.is_available():
        print("There is no CUDA device: the section about GPUs is left as it is.")
        return
    parts = [part for task in tasks(options, "cuda") for part in case(task, options)]
    name = torch.cuda.get_device_name()
    publish("gpu", ["## Speed on a GPU", f"GPU: {name}. {machine()}", INTRODUCTION, *parts], options.output)


def tasks(options: Options, device: str) -> list[TrainingTask]:
    """Return what is trained."""
    images = made_images(256 if options.quick else 12_800)
    epochs = 1 if options.quick else 2
    return [
        task_of("small-cnn", images, 2 if options.quick else 16, epochs, device=device),
        task_of("resnet20", images, 2 if options.quick else 8, epochs, device=device),
    ]


def case(task: TrainingTask, options: Options) -> list[str]:
    """Time one case and return its paragraphs."""
    runs: dict[str, Run] = {PLAIN: plain_loop(task)}
    notes = []
    for precision in ("float32", "tf32", "bf16"):
        changed = with_settings(task, precision=precision)
        run, choice, _ = modescape_run(changed)
        name = "modescape `auto`" + ("" if precision == "float32" else f", {precision}")
        runs[name] = run
        notes.append(f"{name}: {choice.reason}.")
    seconds, handles = alternate(runs, options.rounds)
    rows = []
    for name, own in seconds.items():
        losses = mean_nll(handles[name](), task.dataset.train, task.dataset.prepare)
        loss = f"{statistics.mean(losses):.3f} ± {statistics.stdev(losses):.3f}"
        speed = member_steps(task) / statistics.median(own)
        rows.append([name, f"{speed:,.0f}", spread(ratios(seconds[PLAIN], own)), loss])
    return [
        f"### {task.settings.members} members of `{task.recipe.name}`",
        table(["", "member-steps a second", "ratio to the plain loop", "loss at the end"], rows),
        f"{counted(task.settings.epochs, 'epoch')} of {len(task.dataset.train):,} examples, median of "
        f"{counted(options.rounds, 'round')}, smallest and largest. {' '.join(notes)}",
    ]


if __name__ == "__main__":
    main()
