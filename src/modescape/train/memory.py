"""How many members fit in memory together."""

import os

import torch
from torch import Tensor, nn

from modescape.core.seeds import seeded_globals
from modescape.train.task import TrainingTask

SHARE = 0.5
"""Of the free memory; the rest is for what others need and for what is estimated too low."""

COPIES = 5
"""Of each parameter: itself, its gradient twice (as computed, and in the optimiser's order), and two moments."""

TRANSIENT = 2.5
"""A step needs so many times what autograd keeps of a forward pass: gradients of it, and what is in between."""


def members_that_fit(task: TrainingTask) -> int:
    """Return how many members can be trained together in the free memory of the task's device, at least 1.

    >>> from modescape.data import DataSettings, load_dataset
    >>> from modescape.models import recipe
    >>> from modescape.train import TrainSettings
    >>> data = load_dataset(DataSettings(), seed=0)
    >>> members_that_fit(TrainingTask(recipe("mlp"), data, TrainSettings(device="cpu"), seed=0)) > 10
    True
    """
    return max(1, int(SHARE * free_bytes(task.device) / member_bytes(task)))


def member_bytes(task: TrainingTask) -> float:
    """Return about how much memory one member takes in training.

    Its weights and all that is as large, and what autograd keeps of one batch, measured by a training pass.
    """
    network = task.network(0).train()
    weights = sum(tensor.numel() * tensor.element_size() for tensor in network.parameters())
    return COPIES * weights + TRANSIENT * _kept_bytes(network, task)


def _kept_bytes(network: nn.Module, task: TrainingTask) -> int:
    """Return the size of what autograd keeps of one forward pass, inputs among it."""
    inputs = task.dataset.prepare(task.dataset.train.inputs[: task.batch_size])
    known = task.dataset.train.labels if task.targets is None else task.targets
    sizes: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        sizes[storage.data_ptr()] = storage.nbytes()
        return tensor

    with seeded_globals(0, inputs.device), torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        task.loss(network(inputs), known[: task.batch_size])
    return sum(sizes.values())


def free_bytes(device: torch.device) -> float:
    """Return the free memory of a device; without a way to know, 4 GiB.

    >>> free_bytes(torch.device("cpu")) > 2**20
    True
    """
    if device.type == "cuda":
        return float(torch.cuda.mem_get_info(device)[0])
    try:
        return float(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):
        return float(2**32)
