"""Dropout whose masks belong to a member: any network's dropout, drawn from generators of our own.

PyTorch draws dropout masks from one global generator, so that a member's masks depend on who trained before it.
Here every call of dropout in a forward pass, in the user's code too, is intercepted and given a mask that depends on
(run seed, member, epoch, position) alone. The loop draws masks as it meets them; the vectorised engine, which can't
draw inside `torch.func.vmap`, draws them beforehand from the same generators for the shapes that a trial pass met.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from modescape.core.seeds import seeded_globals, torch_generator
from modescape.functions.intercept import Handler, Intercept

RESOLUTION = 2**16
"""Masks are exactly Bernoulli with the keep probability rounded to a multiple of 1 / RESOLUTION."""

CHANNEL_DROPOUT: dict[Callable[..., Any], int] = {F.dropout1d: 3, F.dropout2d: 4, F.dropout3d: 5}
"""Dropout of whole channels: the function, and the number of axes its inputs have."""


@dataclass(frozen=True)
class Draw:
    """One dropout in a forward pass: the shape of its mask and the probability to drop."""

    shape: tuple[int, ...]
    probability: float


class MaskSource:
    """Draws the dropout masks of one member from a generator of its own.

    Args:
        seed: Seed of the masks.
        device: Where masks are drawn; the CPU and an accelerator give different masks for the same seed.

    >>> mask = MaskSource(seed=0).mask(Draw((2, 8), 0.5))
    >>> sorted(set(mask.flatten().tolist()))
    [0.0, 2.0]
    """

    def __init__(self, seed: int, device: torch.device | str = "cpu") -> None:
        self._device = torch.device(device)
        self._fast = np.random.Generator(np.random.SFC64(seed))
        self._torch = None if self._device.type == "cpu" else torch_generator(seed, self._device)

    def mask(self, draw: Draw) -> Float[Tensor, "..."]:
        """Return a mask of zeros (dropped) and 1 / keep probability (kept).

        Images are drawn in the order (example, height, width, channel), the memory order of the fast layout, and
        shown as (example, channel, height, width): the mask is the same in every layout.
        """
        level = round((1.0 - draw.probability) * RESOLUTION)
        if level == 0:
            return torch.zeros(draw.shape, device=self._device)
        is_image = len(draw.shape) == 4
        shape = (draw.shape[0], *draw.shape[2:], draw.shape[1]) if is_image else draw.shape
        num_values = int(np.prod(shape))
        # At most, not less than: the bound must be a 16-bit number itself, also where everything is kept.
        kept = self._words(num_values) <= level - RESOLUTION // 2 - 1
        mask = kept.to(torch.get_default_dtype()).mul_(RESOLUTION / level).view(shape)
        return mask.permute(0, 3, 1, 2) if is_image else mask

    def _words(self, num_values: int) -> Tensor:
        """Return uniform 16-bit whole numbers, four out of each random 64-bit word (9 times faster than floats)."""
        num_words = -(-num_values // 4)
        if self._torch is None:
            words = torch.from_numpy(self._fast.bit_generator.random_raw(num_words).view(np.int64))
        else:
            # The default range of int64 leaves out negative numbers and would fix the highest bit at 0.
            words = torch.empty(num_words, dtype=torch.int64, device=self._device)
            words.random_(torch.iinfo(torch.int64).min, None, generator=self._torch)
        return words.view(torch.int16)[:num_values]


def dropout_handlers(drop: Callable[[Tensor, Draw], Tensor]) -> dict[Callable[..., Any], Handler]:
    """Return handlers that give every dropout that is on to a function of ours."""

    def handle(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        inputs, probability, training, inplace = _dropout_arguments(*args, **kwargs)
        if not training or probability == 0.0:
            return inputs
        if not 0.0 < probability <= 1.0:
            return func(*args, **kwargs)
        shape = tuple(inputs.shape)
        if func in CHANNEL_DROPOUT:
            if len(shape) != CHANNEL_DROPOUT[func]:
                return func(*args, **kwargs)
            shape = (*shape[:2], *[1] * (len(shape) - 2))
        dropped = drop(inputs, Draw(shape, probability))
        return inputs.copy_(dropped) if inplace else dropped

    return dict.fromkeys([F.dropout, *CHANNEL_DROPOUT], handle)


def _dropout_arguments(
    input: Tensor,  # noqa: A002
    p: float = 0.5,
    training: bool = True,  # noqa: FBT001, FBT002
    inplace: bool = False,  # noqa: FBT001, FBT002
) -> tuple[Tensor, float, bool, bool]:
    """Name the arguments of a dropout call as PyTorch names them."""
    return input, p, training, inplace


def drawing(source: MaskSource) -> Intercept:
    """Return a context in which dropouts draw their masks from a member's source, in the order they are met.

    >>> with drawing(MaskSource(seed=0)):
    ...     F.dropout(torch.ones(4), p=0.75).unique().tolist()
    [0.0, 4.0]
    """
    return Intercept(dropout_handlers(lambda inputs, draw: inputs * source.mask(draw).to(inputs.dtype)))


def given_masks(masks: Sequence[Tensor]) -> dict[Callable[..., Any], Handler]:
    """Return handlers with which dropouts take their masks from a list, in the order they are met."""
    remaining = iter(masks)
    return dropout_handlers(lambda inputs, _: inputs * next(remaining).to(inputs.dtype))


@dataclass(frozen=True)
class NoiseProfile:
    """What randomness a network's training pass uses.

    Args:
        draws: Its dropouts in order, for one batch.
        uncontrolled: Whether it draws other random numbers too, from the global generator.
    """

    draws: tuple[Draw, ...]
    uncontrolled: bool


def noise_profile(network: nn.Module, inputs: Tensor) -> NoiseProfile:
    """Run one training pass and note which random numbers it draws.

    Args:
        network: Its buffers are left as they were.
        inputs: One prepared batch, of the size used in training.

    >>> noise_profile(nn.Sequential(nn.Dropout(0.25)), torch.zeros(2, 3)).draws
    (Draw(shape=(2, 3), probability=0.25),)
    """
    draws: list[Draw] = []

    def note(tensor: Tensor, draw: Draw) -> Tensor:
        draws.append(draw)
        return tensor.clone()

    saved = {name: buffer.clone() for name, buffer in network.named_buffers()}
    was_training = network.training
    with seeded_globals(0):
        untouched = _next_numbers()
    with seeded_globals(0), torch.no_grad():
        with Intercept(dropout_handlers(note)):
            network.train()(inputs)
        uncontrolled = _next_numbers() != untouched
    network.train(was_training)
    for name, buffer in network.named_buffers():
        buffer.copy_(saved[name])
    return NoiseProfile(tuple(draws), uncontrolled)


def _next_numbers() -> tuple[float, float, float]:
    """Draw a number from each global generator: another one than expected tells that others have drawn before."""
    return torch.rand(()).item(), float(np.random.random_sample()), random.random()  # noqa: NPY002, S311
