"""The function that weights compute: class probabilities of a network on examples."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.func import functional_call, vmap

from modescape.core.seeds import seeded_globals
from modescape.functions.fused import POOLING
from modescape.functions.intercept import Intercept
from modescape.functions.kernels import kernels_for

BATCH_SIZE = 64
"""Examples predicted at once: on CPUs, activations of small batches stay in the cache (3 times faster than 1,024)."""


def class_probabilities(logits: Float[Tensor, "example ... class"]) -> Float[Tensor, "example class"]:
    """Return the softmax of logits; of a network that gives several answers, (example, head, class), their mean.

    >>> class_probabilities(torch.tensor([[[0.0, 0.0], [99.0, 0.0]]])).tolist()
    [[0.75, 0.25]]
    """
    probabilities = logits.softmax(dim=-1)
    return probabilities.mean(dim=1) if probabilities.ndim == 3 else probabilities


def predict(
    network: nn.Module,
    inputs: Shaped[Tensor, "example ..."],
    *,
    prepare: Callable[[Tensor], Tensor],
    batch_size: int = BATCH_SIZE,
    seed: int = 0,
) -> Float[Tensor, "example class"]:
    """Return the class probabilities of one network, softmax of its logits.

    Args:
        network: Put into evaluation mode for the call, and back afterwards.
        inputs: Raw examples; batches of them are moved to the network's device.
        prepare: Turns a raw batch into what the network sees.
        batch_size: Examples at once.
        seed: Seed of what a network draws even in evaluation mode, such as a dropout that is always on; the global
            generators are left as they were.

    >>> predict(nn.Linear(2, 3), torch.zeros(5, 2), prepare=lambda batch: batch).sum(dim=1).round().tolist()
    [1.0, 1.0, 1.0, 1.0, 1.0]
    """
    device = next((tensor.device for tensor in network.parameters()), inputs.device)
    with evaluating(network), kept_buffers(network), torch.no_grad(), seeded_globals(seed, device), Intercept(POOLING):
        pieces = [class_probabilities(network(prepare(batch.to(device)))) for batch in inputs.split(batch_size)]
    return torch.cat(pieces).cpu()


def predict_stacked(
    network: nn.Module,
    weights: Mapping[str, Tensor],
    inputs: Shaped[Tensor, "example ..."],
    *,
    prepare: Callable[[Tensor], Tensor],
    batch_size: int = BATCH_SIZE,
    seed: int = 0,
) -> Float[Tensor, "member example class"]:
    """Return the class probabilities of many networks of one architecture, run as one program.

    Args:
        network: The architecture; its own weights are not used.
        weights: Parameters and buffers with a leading member axis.
        inputs: Raw examples, the same for all members; batches of them are moved to the weights' device.
        prepare: Turns a raw batch into what the networks see.
        batch_size: Examples at once.
        seed: As in `predict`; all members get the same random numbers, those that each would get alone.
    """
    device = next(iter(weights.values())).device
    kernels = kernels_for(device)

    def forward(tree: dict[str, Tensor], batch: Tensor) -> Tensor:
        with Intercept(kernels):
            return class_probabilities(functional_call(network, tree, (batch,)))

    run = vmap(forward, in_dims=(0, None), randomness="same")
    with evaluating(network), torch.no_grad(), seeded_globals(seed, device):
        pieces = [run(dict(weights), prepare(batch.to(device))) for batch in inputs.split(batch_size)]
    return torch.cat(pieces, dim=1).cpu()


@contextmanager
def kept_buffers(network: nn.Module) -> Iterator[None]:
    """Give a network its buffers back after the block, whatever its passes have written into them.

    >>> network = nn.BatchNorm1d(1)
    >>> with kept_buffers(network):
    ...     _ = network.running_mean.add_(5)
    >>> network.running_mean.item()
    0.0
    """
    holders = [(part, name, buffer) for part in network.modules() for name, buffer in part.named_buffers(recurse=False)]
    before = [buffer.clone() for _, _, buffer in holders]
    try:
        yield
    finally:
        for (part, name, buffer), value in zip(holders, before, strict=True):
            part._buffers[name] = buffer
            with torch.no_grad():
                buffer.copy_(value)


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Put a network into evaluation mode inside the block, and back into the modes its parts had.

    >>> network = nn.Sequential(nn.Dropout()).train()
    >>> with evaluating(network):
    ...     network[0].training
    False
    >>> network[0].training
    True
    """
    modes = [(part, part.training) for part in network.modules()]
    try:
        network.eval()
        yield
    finally:
        for part, training in modes:
            part.training = training
