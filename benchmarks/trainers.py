"""Ways to train the members of one task: a plain PyTorch loop, TorchEnsemble, and modescape; and what they train on."""

import contextlib
import importlib
import importlib.util
import itertools
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from modescape.data import Dataset, DataSettings, Examples, load_dataset
from modescape.models import recipe
from modescape.train import (
    EngineChoice,
    MemoryCheckpoints,
    TrainingTask,
    TrainSettings,
    chosen_engine,
    load_weights,
    train_members,
)

Run: TypeAlias = Callable[[], Callable[[], list[nn.Module]]]
"""Trains all members; what it returns hands out their networks, which need not be part of the time."""


def digits() -> Dataset:
    """Return the embedded digits without validation examples, which the peers would not look at either."""
    return without_validation(load_dataset(DataSettings(), seed=0))


def without_validation(dataset: Dataset) -> Dataset:
    """Return a data set with its validation examples left out."""
    none = Examples(dataset.validation.inputs[:0], dataset.validation.labels[:0])
    return replace(dataset, validation=none)


def made_images(num_examples: int) -> Dataset:
    """Return images of CIFAR's shape, each the mean of noise and of its class's random pattern: easy to learn."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 10, (num_examples,), generator=generator)
    patterns = torch.randint(0, 256, (10, 32, 32, 3), dtype=torch.uint8, generator=generator)
    noise = torch.randint(0, 256, (num_examples, 32, 32, 3), dtype=torch.uint8, generator=generator)
    images = noise.floor_divide_(2).add_(patterns.floor_divide_(2)[labels])
    examples = Examples(images.permute(0, 3, 1, 2), labels)
    none = Examples(examples.inputs[:0], labels[:0])
    scale = torch.full((3, 1, 1), 1 / 255)
    classes = tuple(str(number) for number in range(10))
    return Dataset("made", classes, examples, none, none, torch.zeros(3, 1, 1), scale, "made")


def task_of(
    model: str, dataset: Dataset, members: int, epochs: int, *, device: str = "cpu", seed: int = 0, **settings: Any
) -> TrainingTask:
    """Return a task with the default settings of modescape (Adam, batches of 128) but for those named.

    Args:
        model: Name of a built-in network.
        dataset: What to learn.
        members: Number of members.
        epochs: Passes over the training examples.
        device: Where to train.
        seed: Seed of the run.
        settings: Further settings of training.
    """
    chosen = TrainSettings(members=members, epochs=epochs, device=device, **settings)
    return TrainingTask(recipe(model), dataset, chosen, seed)


def with_settings(task: TrainingTask, **settings: Any) -> TrainingTask:
    """Return the same task with some settings of training changed."""
    return replace(task, settings=task.settings.model_copy(update=settings))


def member_steps(task: TrainingTask) -> int:
    """Return the optimiser steps of all members together."""
    return task.settings.members * task.settings.epochs * task.steps_per_epoch


def prepared(task: TrainingTask) -> tuple[Tensor, Tensor]:
    """Return all training examples as networks see them, in PyTorch's default layout, on the device of the task."""
    train = task.dataset.train
    inputs = task.dataset.prepare(train.inputs).contiguous()
    return inputs.to(task.device), train.labels.to(task.device)


def plain_loop(task: TrainingTask) -> Run:
    """Return a run that trains one member after the other as one would by hand in PyTorch.

    `torch.optim.Adam` and `StepLR`, `nn.Dropout`, the default memory layout, and shuffled batches indexed from one
    tensor that was converted before the time starts.
    """
    inputs, labels = prepared(task)

    def run() -> Callable[[], list[nn.Module]]:
        networks = [plain_member(task, member, inputs, labels) for member in range(task.settings.members)]
        return lambda: networks

    return run


def plain_member(task: TrainingTask, member: int, inputs: Tensor, labels: Tensor) -> nn.Module:
    """Train one member by hand; the global seed decides the order of batches and the dropout, as in most scripts."""
    settings = task.settings
    network = task.network(member).to(task.device).train()
    torch.manual_seed(1_000 * task.seed + member)
    optimizer = torch.optim.Adam(network.parameters(), lr=settings.learning_rate)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, settings.step_epochs, settings.step_factor)
    for _ in range(settings.epochs):
        order = torch.randperm(len(labels), device=labels.device)
        for chosen in order.split(settings.batch_size)[: task.steps_per_epoch]:
            optimizer.zero_grad()
            F.cross_entropy(network(inputs[chosen]), labels[chosen]).backward()
            optimizer.step()
        scheduler.step()
    return network


def modescape_run(task: TrainingTask) -> tuple[Run, EngineChoice, float]:
    """Return a run that trains with modescape, the engine it chose, and the seconds the choice took.

    The run is `train_members` with everything it does in a study, except that what it keeps after every epoch (weights,
    and the state to go on from) stays in memory.
    """
    start = time.perf_counter()
    choice = chosen_engine(task)
    seconds = time.perf_counter() - start

    def run() -> Callable[[], list[nn.Module]]:
        checkpoints = MemoryCheckpoints()
        train_members(task, choice, checkpoints)
        return lambda: solutions(task, checkpoints)

    return run, choice, seconds


def solutions(task: TrainingTask, checkpoints: MemoryCheckpoints) -> list[nn.Module]:
    """Build the networks that training left in memory."""
    networks = []
    for member in range(task.settings.members):
        network = task.network(member)
        load_weights(network, checkpoints.weights[member, task.settings.epochs])
        networks.append(network)
    return networks


def torch_ensemble(task: TrainingTask, jobs: int | None = None) -> Run | None:
    """Return a run that trains with TorchEnsemble's `VotingClassifier`, or nothing where that is not installed.

    Args:
        task: What to train; its network, batches and optimiser are given to TorchEnsemble.
        jobs: Processes that TorchEnsemble trains in; None trains one member after the other in this process.
    """
    package = installed("torchensemble")
    if package is None:
        return None
    settings = task.settings
    loader = DataLoader(_WithClasses(*prepared(task)), settings.batch_size, shuffle=True, drop_last=True)

    def run() -> Callable[[], list[nn.Module]]:
        numbers = itertools.count()

        def build() -> nn.Module:
            return task.network(next(numbers))

        # A class, because TorchEnsemble would copy an object, and all members would begin with the same weights.
        estimator = type("Estimator", (_Estimator,), {"build": staticmethod(build)})
        on_gpu = task.device.type == "cuda"
        ensemble = package.VotingClassifier(
            estimator=estimator, n_estimators=settings.members, cuda=on_gpu, n_jobs=jobs
        )
        ensemble.set_criterion(nn.CrossEntropyLoss())
        ensemble.set_optimizer("Adam", lr=settings.learning_rate)
        ensemble.set_scheduler("StepLR", step_size=settings.step_epochs, gamma=settings.step_factor)
        with silenced():
            ensemble.fit(loader, epochs=settings.epochs, log_interval=10**9, save_model=False)
        return lambda: [member.network for member in ensemble.estimators_]

    return run


class _WithClasses(TensorDataset):
    """Examples that name their classes, which spares TorchEnsemble a pass over them to count."""

    classes = tuple(range(10))


class _Estimator(nn.Module):
    """A network that a subclass says how to build."""

    build: Callable[[], nn.Module]

    def __init__(self) -> None:
        super().__init__()
        self.network = self.build()

    def forward(self, inputs: Tensor) -> Tensor:
        """Return logits."""
        return self.network(inputs)


def installed(name: str) -> Any:
    """Import a peer, or return nothing where it is not installed."""
    return importlib.import_module(name) if importlib.util.find_spec(name) else None


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Throw away what is written to standard output, by the processes that are started inside too."""
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123  a device, not a path
        kept = os.dup(1)
        os.dup2(nowhere.fileno(), 1)
        try:
            with contextlib.redirect_stdout(nowhere):
                yield
        finally:
            os.dup2(kept, 1)
            os.close(kept)


@torch.no_grad()
def mean_nll(networks: Sequence[nn.Module], examples: Examples, prepare: Callable[[Tensor], Tensor]) -> list[float]:
    """Return the mean NLL of each network on some examples, in nats, without dropout."""
    losses = []
    for network in networks:
        network.cpu().eval()
        batches = zip(examples.inputs.split(256), examples.labels.split(256), strict=True)
        total = sum(
            F.cross_entropy(network(prepare(inputs)), labels, reduction="sum").item() for inputs, labels in batches
        )
        losses.append(total / len(examples))
    return losses


@torch.no_grad()
def accuracies(networks: Sequence[nn.Module], examples: Examples, prepare: Callable[[Tensor], Tensor]) -> list[float]:
    """Return the accuracy of each network on some examples, as a fraction."""
    found = []
    for network in networks:
        network.cpu().eval()
        decided = torch.cat([network(prepare(inputs)).argmax(dim=1) for inputs in examples.inputs.split(256)])
        found.append((decided == examples.labels).double().mean().item())
    return found
