"""Claim: modescape trains ensembles of small networks several times faster than a plain loop, and as well.

Usage: python benchmarks/training.py [--quick] [--rounds 3] [--output docs/benchmarks.md]
"""

import statistics
from collections.abc import Mapping, Sequence

import torch
from torch import nn

from common import Options, alternate, counted, machine, parsed_options, publish, ratios, spread, table
from modescape.train import TrainingTask
from trainers import (
    Run,
    digits,
    made_images,
    mean_nll,
    member_steps,
    modescape_run,
    plain_loop,
    task_of,
    torch_ensemble,
    with_settings,
)

PLAIN = "plain loop"
AUTO = "modescape `auto`"
INTRODUCTION = """Timed is the whole training of all members for a fixed number of epochs: building the networks, every
step, and in modescape also copies of weights and of the optimiser after every epoch, kept in memory. All train the same
network with Adam, dropout and batches of 128, in 32-bit floats unless said otherwise.

- plain loop: PyTorch by hand, one member after the other (`torch.optim.Adam`, `nn.Dropout`, default memory layout,
  shuffled batches indexed from a tensor that was converted beforehand).
- TorchEnsemble: `VotingClassifier` with a `DataLoader` over the same tensor, in this process and with a process a core.
- modescape: `train_members` with each engine, `loop` and `vmap` with one worker. `auto` chose its engine and workers
  before the time began; compiling is part of the time of `compile`.

Each image is the mean of noise and of its class's random pattern. The loss at the end is the NLL on the training
examples in nats, without dropout: mean and standard deviation over members."""


def main() -> None:
    """Time all cases and publish the section."""
    options = parsed_options(__doc__, rounds=3)
    images = made_images(256 if options.quick else 1_280)
    epochs = (2, 1) if options.quick else (20, 2)
    tasks = [
        task_of("small-cnn", images, 2 if options.quick else 10, epochs[1]),
        task_of("small-cnn", images, 5, 1),
        task_of("mlp", digits(), 25, epochs[0]),
    ]
    chosen = tasks[::2] if options.quick else tasks
    cases = [part for task in chosen for part in case(task, options)]
    publish("training", ["## Speed of training", machine(), INTRODUCTION, *cases], options.output)


def case(task: TrainingTask, options: Options) -> list[str]:
    """Time one case and return its paragraphs."""
    runs, notes = ways(task)
    measured = {name: run for name, run in runs.items() if run is not None}
    seconds, handles = alternate(measured, options.rounds, warm_up=not options.quick)
    networks = {name: handle() for name, handle in handles.items()}
    rows = [row(name, task, seconds, networks) for name in runs]
    faster = [
        f"{AUTO} is {spread(ratios(seconds[name], seconds[AUTO]))} times as fast as {name}."
        for name in measured
        if name.startswith("TorchEnsemble")
    ]
    train, settings = task.dataset.train, task.settings
    shape = "x".join(str(size) for size in task.dataset.input_shape)
    return [
        f"### {settings.members} members of `{task.recipe.name}` at {shape}",
        table(["", "member-steps a second", "ratio to the plain loop", "loss at the end"], rows),
        f"{counted(settings.epochs, 'epoch')} of {len(train):,} examples, median of "
        f"{counted(options.rounds, 'round')}, smallest and largest. {' '.join([*notes, *faster])}",
    ]


def ways(task: TrainingTask) -> tuple[dict[str, Run | None], list[str]]:
    """Return the runs by name, nothing for those that are not there, and what is to be said about them."""
    cores = torch.get_num_threads()
    runs: dict[str, Run | None] = {PLAIN: plain_loop(task), "TorchEnsemble 0.2.0": torch_ensemble(task)}
    if cores > 1:
        runs[f"TorchEnsemble 0.2.0, {cores} processes"] = torch_ensemble(task, cores)
    notes = []
    # Compiling small-cnn takes minutes on a CPU, where its convolutions are done member by member.
    engines = ("loop", "vmap", "auto") if task.recipe.name == "small-cnn" else ("loop", "vmap", "compile", "auto")
    for engine in engines:
        run, choice, seconds = modescape_run(with_settings(task, engine=engine))
        runs[f"modescape `{engine}`"] = run
        if engine == "auto":
            notes.append(f"`auto` said after {seconds:.1f} s: {choice.reason}.")
    if task.recipe.name == "small-cnn":
        run, choice, seconds = modescape_run(with_settings(task, precision="bf16"))
        runs[f"{AUTO}, bf16"] = run
        notes.append(f"With bf16 it said after {seconds:.1f} s: {choice.reason}.")
    return runs, notes


def row(
    name: str, task: TrainingTask, seconds: dict[str, list[float]], networks: Mapping[str, Sequence[nn.Module]]
) -> list[str]:
    """Return one row of the table."""
    if name not in seconds:
        return [name, "not installed", "", ""]
    speed = member_steps(task) / statistics.median(seconds[name])
    losses = mean_nll(networks[name], task.dataset.train, task.dataset.prepare)
    loss = f"{statistics.mean(losses):.3f} ± {statistics.stdev(losses):.3f}"
    return [name, f"{speed:,.0f}", spread(ratios(seconds[PLAIN], seconds[name])), loss]


if __name__ == "__main__":
    main()
