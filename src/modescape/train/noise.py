"""Dropout whose masks belong to a member: any network's dropout, drawn from generators of our own.

PyTorch draws dropout masks from one global generator, so that a member's masks depend on who trained before it.
Here every call of dropout in a forward pass, in the user's code too, is intercepted and given a mask that depends on
(run seed, member, epoch, position) alone. The loop draws masks as it meets them; the vectorised engine, which can't
draw inside `torch.func.vmap`, draws them beforehand from the same generators for the shapes that a trial pass met.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int16, Int64
from torch import Tensor, nn
from torch.nn import functional as F

from modescape.core.seeds import next_global_numbers, seeded_globals, torch_generator
from modescape.functions.dropouts import CHANNEL_DROPOUT, RESOLUTION, RandomOperations, dropout_arguments
from modescape.functions.fused import POOLING, dropped, dropped_max_pooled, expanded, expanded_rows
from modescape.functions.intercept import Handler, Intercept
from modescape.functions.predictions import kept_buffers
from modescape.train.fusion import dropout_max_pool
from modescape.train.program import python_state

BLOCK = 2**20
"""Random 64-bit words that an accelerator draws at once."""

AHEAD_BYTES = 2**22
"""Memory for words that are drawn ahead: as much as stays in the cache."""


@dataclass(frozen=True)
class Draw:
    """One dropout in a forward pass: the shape of its mask and the probability to drop.

    >>> draw = Draw((2, 3, 4, 5), 0.25)
    >>> draw.layout, draw.num_values, draw.num_raw, draw.level / RESOLUTION
    ((2, 4, 5, 3), 120, 30, 0.75)
    """

    shape: tuple[int, ...]
    probability: float

    @property
    def level(self) -> int:
        """The probability to keep a value, in units of 1 / RESOLUTION."""
        return round((1.0 - self.probability) * RESOLUTION)

    @property
    def bound(self) -> int:
        """The largest word that keeps a value: a 16-bit number itself, also where everything is kept."""
        return self.level - RESOLUTION // 2 - 1

    @property
    def scale(self) -> float:
        """What a kept value is multiplied by, so that the expectation stays."""
        return RESOLUTION / self.level

    @property
    def layout(self) -> tuple[int, ...]:
        """The shape in the order in which values are drawn: images have their channels last."""
        is_image = len(self.shape) == 4
        return (self.shape[0], *self.shape[2:], self.shape[1]) if is_image else self.shape

    @property
    def num_values(self) -> int:
        """How many values there are."""
        return prod(self.shape)

    @property
    def num_raw(self) -> int:
        """How many random 64-bit words they take; none where nothing is kept."""
        return -(-self.num_values // 4) if self.level else 0

    def shown(self, mask: Tensor) -> Tensor:
        """Show a mask in `layout`, perhaps with leading axes, in the shape of the values."""
        return mask.movedim(-1, -3) if len(self.shape) == 4 else mask


class Masks:
    """Dropout masks made of words; where the words come from is for those derived from it to say."""

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self._device = torch.device(device)

    def words(self, draw: Draw) -> Int16[Tensor, "value"]:
        """Return the uniform 16-bit words of one dropout, one a value."""
        raise NotImplementedError

    def mask(self, draw: Draw) -> Float[Tensor, "..."]:
        """Return a mask of zeros (dropped) and 1 / keep probability (kept).

        Images are drawn in the order (example, height, width, channel), the memory order of the fast layout, and
        shown as (example, channel, height, width): the mask is the same in every layout.
        """
        if draw.level == 0:
            return torch.zeros(draw.shape, device=self._device)
        mask = expanded(self.words(draw), draw.bound, draw.scale, torch.empty(draw.layout, device=self._device))
        return draw.shown(mask)


class MaskSource(Masks):
    """Draws the dropout masks of one member from a generator of its own.

    A mask is made of uniform 16-bit words, four out of each random 64-bit word (9 times faster than floats). The words
    depend on the seed and on how many were drawn before, however they are asked for.

    Args:
        seed: Seed of the masks.
        device: Where masks are drawn; the CPU and an accelerator give different masks for the same seed.

    >>> mask = MaskSource(seed=0).mask(Draw((2, 8), 0.5))
    >>> sorted(set(mask.flatten().tolist()))
    [0.0, 2.0]
    """

    def __init__(self, seed: int, device: torch.device | str = "cpu") -> None:
        super().__init__(device)
        self._fast = np.random.Generator(np.random.SFC64(seed))
        self._torch = None if self._device.type == "cpu" else torch_generator(seed, self._device)
        self._left = torch.empty(0, dtype=torch.int64, device=self._device)

    def words(self, draw: Draw) -> Int16[Tensor, "value"]:
        """Return the uniform 16-bit words of one dropout, one a value."""
        raw = self.raw(draw.num_raw) if draw.num_raw else torch.empty(1, dtype=torch.int64, device=self._device)
        return raw.view(torch.int16)[: draw.num_values]

    def raw(self, count: int) -> Int64[Tensor, "word"]:
        """Return uniform 64-bit words."""
        if self._torch is None:
            return torch.from_numpy(self._fast.bit_generator.random_raw(count).view(np.int64))
        # Drawn in blocks of one size, because a generator on an accelerator gives other numbers in other portions.
        while len(self._left) < count:
            block = torch.empty(BLOCK, dtype=torch.int64, device=self._device)
            # The default range of int64 leaves out negative numbers and would fix the highest bit at 0.
            block.random_(torch.iinfo(torch.int64).min, None, generator=self._torch)
            self._left = torch.cat([self._left, block])
        words, self._left = self._left[:count], self._left[count:]
        return words


class PartOfStep(Masks):
    """The masks of some examples of a step, out of the words of all its examples.

    Args:
        draws: The dropouts of a pass over the whole batch.
        words: The words of those that keep anything, in their order.
        part: The examples wanted.

    >>> draw = Draw((4, 3), 0.5)
    >>> words = MaskSource(seed=0).words(draw)
    >>> torch.equal(PartOfStep([draw], [words], slice(2, 4)).mask(Draw((2, 3), 0.5)), MaskSource(seed=0).mask(draw)[2:])
    True
    """

    def __init__(self, draws: Sequence[Draw], words: Sequence[Int16[Tensor, "value"]], part: slice) -> None:
        super().__init__(words[0].device if words else "cpu")
        kept = [draw for draw in draws if draw.level]
        self._words = iter([w.view(d.shape[0], -1)[part].reshape(-1) for d, w in zip(kept, words, strict=True)])

    def words(self, draw: Draw) -> Int16[Tensor, "value"]:  # noqa: ARG002
        """Return the words of the next dropout."""
        return next(self._words)


class StackedMasks:
    """Draws the dropout masks of many members for one step after another, several steps ahead.

    What it does for each member by itself, it does once for some steps.

    Args:
        draws: The dropouts of one step, in the order of the forward pass.

    >>> masks = StackedMasks([Draw((2, 8), 0.5)])
    >>> masks.begin([MaskSource(0), MaskSource(1)], num_steps=3)
    >>> [mask.shape for mask in masks.step()]
    [torch.Size([2, 2, 8])]
    """

    def __init__(self, draws: Sequence[Draw]) -> None:
        self._draws = draws
        self._per_step = sum(draw.num_raw for draw in draws)
        self._raw: Int64[Tensor, "member word"] = torch.empty((0, 0), dtype=torch.int64)
        self._sources: Sequence[MaskSource] = ()
        self._ahead = self._remaining = 0

    def begin(self, sources: Sequence[MaskSource], num_steps: int) -> None:
        """Take the masks from other sources, one a member, of which so many steps will be asked for."""
        self._sources, self._remaining, self._ahead = sources, num_steps, 0

    def step(self) -> list[Float[Tensor, "member ..."]]:
        """Return the masks of the next step, (member, ...) for each dropout."""
        if not self._ahead:
            self._draw_ahead()
        words = self._raw.view(torch.int16)
        start = words.shape[1] - 4 * self._ahead * self._per_step
        self._ahead -= 1
        masks = []
        for draw in self._draws:
            if draw.level:
                mask = expanded_rows(words, start, draw.bound, draw.scale, draw.layout)
            else:
                mask = torch.zeros((len(self._sources), *draw.layout), device=words.device)
            masks.append(draw.shown(mask))
            start += 4 * draw.num_raw
        return masks

    def _draw_ahead(self) -> None:
        """Draw the words of some steps, into the same memory each time: new memory costs more than the numbers."""
        fitting = AHEAD_BYTES // (8 * len(self._sources) * max(self._per_step, 1))
        self._ahead = max(1, min(self._remaining, fitting))
        self._remaining -= self._ahead
        drawn = [source.raw(self._ahead * self._per_step) for source in self._sources]
        shape = (len(drawn), self._ahead * self._per_step)
        if self._raw.shape != shape:
            self._raw = torch.empty(shape, dtype=torch.int64, device=drawn[0].device)
        torch.stack(drawn, out=self._raw)


def dropout_handlers(drop: Callable[[Tensor, Draw], Tensor]) -> dict[Callable[..., Any], Handler]:
    """Return handlers that give every dropout that is on to a function of ours."""

    def handle(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        inputs, probability, training, inplace = dropout_arguments(*args, **kwargs)
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


def drawing(source: Masks) -> Intercept:
    """Return a context in which dropouts draw their masks from a member's source, in the order they are met.

    Max-pooling runs by our kernel there, where it has one, and together with a dropout before it.

    >>> with drawing(MaskSource(seed=0)):
    ...     F.dropout(torch.ones(4), p=0.75).unique().tolist()
    [0.0, 4.0]
    """

    def drop(inputs: Tensor, draw: Draw) -> Tensor:
        if draw.level == 0 or tuple(inputs.shape) != draw.shape:
            return inputs * source.mask(draw).to(inputs.dtype)
        return dropped(inputs, source.words(draw), draw.bound, draw.scale)

    def drop_and_pool(func: Callable[..., Any], inputs: Tensor, probability: float) -> Tensor:
        draw = Draw(tuple(inputs.shape), probability)
        if draw.level == 0:
            return func(inputs, probability)
        return dropped_max_pooled(inputs, source.words(draw), draw.bound, draw.scale)

    return Intercept({**dropout_handlers(drop), **POOLING, dropout_max_pool: drop_and_pool})


def given_masks(masks: Sequence[Tensor]) -> dict[Callable[..., Any], Handler]:
    """Return handlers with which dropouts take their masks from a list, in the order they are met."""
    remaining = iter(masks)

    def drop(inputs: Tensor, draw: Draw) -> Tensor:
        mask = next(remaining)
        if tuple(mask.shape) != draw.shape:
            raise RuntimeError(f"dropout of other values than in the first pass: {draw.shape}")
        return inputs * mask.to(inputs.dtype)

    return dropout_handlers(drop)


@dataclass(frozen=True)
class NoiseProfile:
    """What randomness a network's training pass uses, and whether every pass is like the first.

    Args:
        draws: Its dropouts in order, for one batch.
        uncontrolled: Whether it draws other random numbers too, from the global generator, or runs a dropout anew in
            the backward pass (activation checkpointing), which only the global generator can repeat.
        stateful: Whether what it does depends on values of its own besides weights and buffers, such as a count of
            passes.
        divisible: Whether each example is treated by itself, so that a batch can be cut: no batch norm, no buffers
            that a pass changes.
    """

    draws: tuple[Draw, ...]
    uncontrolled: bool
    stateful: bool = False
    divisible: bool = False


TRIAL_PASSES = 3
"""Passes that are compared: what changes at every second or third pass is found."""


def noise_profile(network: nn.Module, inputs: Tensor) -> NoiseProfile:
    """Run some training passes and note which random numbers they draw.

    Args:
        network: Its buffers are left as they were.
        inputs: One prepared batch, of the size used in training.

    >>> noise_profile(nn.Sequential(nn.Dropout(0.25)), torch.zeros(2, 3)).draws
    (Draw(shape=(2, 3), probability=0.25),)
    """
    was_training = network.training
    with seeded_globals(0):
        untouched = next_global_numbers(inputs.device)
    before = python_state(network.train())
    passes = [_trial_pass(network, inputs) for _ in range(TRIAL_PASSES)]
    draws, outputs, after, changes_buffers = passes[0]
    stateful = python_state(network) != before or not all(
        other.draws == draws and torch.equal(other.outputs, outputs) for other in passes[1:]
    )
    network.train(was_training)
    uncontrolled = after != untouched or _draws_backward(network, inputs)
    half = _trial_pass(network.train(), inputs[: len(inputs) // 2]) if len(inputs) > 1 else passes[0]
    network.train(was_training)
    apart = [Draw((len(half.outputs), *draw.shape[1:]), draw.probability) for draw in draws]
    alike = torch.allclose(half.outputs, outputs[: len(half.outputs)], rtol=1e-4, atol=1e-5)
    divisible = not (uncontrolled or stateful or changes_buffers) and list(half.draws) == apart and alike
    return NoiseProfile(draws, uncontrolled, stateful and not uncontrolled, divisible)


class _Pass(NamedTuple):
    """What was seen in one pass: dropouts, outputs, the next numbers of the global generators, changes of buffers."""

    draws: tuple[Draw, ...]
    outputs: Tensor
    next_numbers: tuple[float, ...]
    changes_buffers: bool


def _trial_pass(network: nn.Module, inputs: Tensor) -> _Pass:
    """Run one forward pass in which dropouts drop nothing, and leave no trace."""
    draws: list[Draw] = []

    def note(tensor: Tensor, draw: Draw) -> Tensor:
        draws.append(draw)
        return tensor.clone()

    before = {name: buffer.clone() for name, buffer in network.named_buffers()}
    with kept_buffers(network), seeded_globals(0), torch.no_grad(), Intercept(dropout_handlers(note)):
        outputs = network(inputs)
        next_numbers = next_global_numbers(inputs.device)
        changed = any(not torch.equal(buffer, before[name]) for name, buffer in network.named_buffers())
    return _Pass(tuple(draws), outputs if isinstance(outputs, Tensor) else torch.empty(0), next_numbers, changed)


def _draws_backward(network: nn.Module, inputs: Tensor) -> bool:
    """Say whether the backward pass draws random numbers, by one pass with PyTorch's own dropout."""
    with kept_buffers(network), seeded_globals(0, inputs.device), torch.enable_grad():
        outputs = network(inputs)
        if not isinstance(outputs, Tensor) or not outputs.requires_grad:
            return False
        with RandomOperations() as seen:
            outputs.sum().backward()
    network.zero_grad(set_to_none=True)
    return seen.count > 0
