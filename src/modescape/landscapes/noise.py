"""Dropout that belongs to one fit: its masks depend on a seed, not on what other threads draw."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from jaxtyping import Int16
from torch import Tensor, nn
from torch.nn import functional as F

from modescape.core.seeds import next_global_numbers, seeded_globals
from modescape.functions.dropouts import CHANNEL_DROPOUT, RESOLUTION, RandomOperations, dropout_arguments
from modescape.functions.fused import POOLING, dropped
from modescape.functions.intercept import Handler, Intercept
from modescape.functions.predictions import kept_buffers


class Dropouts(Intercept):
    """A context in which every dropout that is on draws its mask from a generator of its own, thread by thread.

    Max-pooling runs by our kernel there, where it has one. A mask is made of uniform 16-bit words, four out of each
    random 64-bit word (9 times faster than floats), and never lies in memory.

    Args:
        seed: Seed of the masks.

    >>> with Dropouts(seed=0):
    ...     F.dropout(torch.ones(8), p=0.75).unique().tolist()
    [0.0, 4.0]
    """

    def __init__(self, seed: int) -> None:
        handlers: dict[Callable[..., Any], Handler] = dict.fromkeys([F.dropout, *CHANNEL_DROPOUT], self._handle)
        super().__init__({**handlers, **POOLING})
        self._words = np.random.SFC64(seed)
        self.count = 0

    def _handle(self, func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        inputs, probability, training, inplace = dropout_arguments(*args, **kwargs)
        if not training or probability == 0.0:
            return inputs
        by_channel = func in CHANNEL_DROPOUT
        if not 0.0 < probability <= 1.0 or (by_channel and inputs.ndim != CHANNEL_DROPOUT[func]):
            return func(*args, **kwargs)
        self.count += 1
        result = self._channels_dropped(inputs, probability) if by_channel else self._dropped(inputs, probability)
        return inputs.copy_(result) if inplace else result

    def _dropped(self, inputs: Tensor, probability: float) -> Tensor:
        level = round((1.0 - probability) * RESOLUTION)
        if not level:
            return inputs * 0.0
        return dropped(inputs, self._drawn(inputs.numel()), level - RESOLUTION // 2 - 1, RESOLUTION / level)

    def _channels_dropped(self, inputs: Tensor, probability: float) -> Tensor:
        ones = torch.ones(inputs.shape[:2], dtype=torch.float32, device=inputs.device)
        mask = self._dropped(ones, probability).to(inputs.dtype)
        return inputs * mask.reshape(*inputs.shape[:2], *[1] * (inputs.ndim - 2))

    def _drawn(self, count: int) -> Int16[np.ndarray, "value"]:
        return self._words.random_raw(-(-count // 4)).view(np.int16)[:count]


def draws_globally(
    network: nn.Module, inputs: Tensor, labels: Tensor, loss: Callable[[Tensor, Tensor], Tensor]
) -> bool:
    """Say whether a training step draws from the global generators, even where dropouts do not.

    It does with noise that is not dropout, and with dropouts that are run again in the backward pass (activation
    checkpointing), which must draw the same numbers twice. One step is run; the network is left as it was.

    >>> batch = torch.ones(3, 2), torch.zeros(3).long()
    >>> draws_globally(nn.Sequential(nn.Linear(2, 2), nn.Dropout()), *batch, F.cross_entropy)
    False
    >>> draws_globally(nn.Sequential(nn.Linear(2, 2), nn.AlphaDropout()), *batch, F.cross_entropy)
    True
    """
    with seeded_globals(0, inputs.device):
        untouched = next_global_numbers(inputs.device)
    with kept_buffers(network), seeded_globals(0, inputs.device), Dropouts(0) as masks:
        found = loss(network(inputs.clone()), labels)
        in_forward_pass = masks.count
        with RandomOperations() as seen:
            found.backward()
        drawn = next_global_numbers(inputs.device) != untouched
    network.zero_grad(set_to_none=True)
    return drawn or seen.count > 0 or masks.count != in_forward_pass


@contextmanager
def noise_of(seed: int, device: torch.device, *, globally: bool) -> Iterator[None]:
    """Seed all random numbers of training steps inside the block.

    Args:
        seed: Seed of the noise.
        device: Where the network is.
        globally: Whether it needs the global generators, which one thread at a time can have.

    >>> with noise_of(0, torch.device("cpu"), globally=False):
    ...     F.dropout(torch.ones(8), p=0.75).unique().tolist()
    [0.0, 4.0]
    """
    if globally:
        with seeded_globals(seed, device):
            yield
    else:
        with Dropouts(seed):
            yield
