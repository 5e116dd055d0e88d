"""Seeds: every random number of a run comes from (run seed, member, purpose) and nothing else.

A member's numbers therefore do not depend on the engine that trains it, on the members trained beside it or on
the order in which they are trained.
"""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

import numpy as np
import torch

from modescape.core.errors import ArgumentError

_globals_in_use = threading.RLock()


class Stream(IntEnum):
    """What random numbers are drawn for; each purpose has a stream of its own. Values are never reused."""

    INITIALISATION = 0
    ORDER = 1
    DROPOUT = 2
    AUGMENTATION = 3
    SPLIT = 4
    LIMIT = 5
    SUBSETS = 6
    BOOTSTRAP = 7
    EMBEDDING = 8
    OTHER_NOISE = 9
    SUBSPACE = 10
    CURVE = 11
    CORRUPTION = 12
    FOREIGN = 13
    LANGEVIN = 14
    STATISTICS = 15
    DIRECTION = 16
    PROBE = 17
    PERMUTATION = 18
    ALIGNMENT = 19
    ATTACK = 20
    BAGGING = 21
    FOLDS = 22
    WEIGHT_SAMPLES = 23
    DROPOUT_SAMPLES = 24
    COMBINATION = 25


def derived_seed(run_seed: int, *key: int) -> int:
    """Return the seed for one purpose of a run: a hash of (run seed, key).

    Source: NumPy `SeedSequence` (M. O'Neill's seed_seq_fe),
    https://numpy.org/doc/stable/reference/random/bit_generators/generated/numpy.random.SeedSequence.html

    Args:
        run_seed: Seed of the run, at least 0.
        key: Whole numbers at least 0, for example `Stream.ORDER, member, epoch`.

    Returns:
        A whole number in [0, 2**63).

    Raises:
        ArgumentError: If the run seed is negative.

    >>> derived_seed(0, Stream.ORDER, 1) == derived_seed(0, Stream.ORDER, 1)
    True
    >>> derived_seed(0, Stream.ORDER, 1) == derived_seed(0, Stream.ORDER, 2)
    False
    """
    if run_seed < 0:
        raise ArgumentError("seed", "be at least 0", run_seed, "Pass --seed 0 or any whole number above it")
    state = np.random.SeedSequence(entropy=run_seed, spawn_key=tuple(int(part) for part in key))
    return int(state.generate_state(1, np.uint64)[0]) >> 1


def torch_generator(seed: int, device: torch.device | str = "cpu") -> torch.Generator:
    """Return a torch generator on a device, started from a seed.

    >>> torch.rand(1, generator=torch_generator(3)).item() == torch.rand(1, generator=torch_generator(3)).item()
    True
    """
    return torch.Generator(device=device).manual_seed(seed)


def numpy_generator(seed: int) -> np.random.Generator:
    """Return a NumPy generator started from a seed.

    >>> int(numpy_generator(3).integers(10)) == int(numpy_generator(3).integers(10))
    True
    """
    return np.random.default_rng(seed)


@contextmanager
def seeded_globals(seed: int, device: torch.device | str = "cpu") -> Iterator[None]:
    """Seed the global generators of torch, NumPy and `random` inside the block, and restore them after it.

    Only for code of the user's that can't be given a generator: initialisers, and noise layers that are not dropout.
    One thread at a time is inside.

    Args:
        seed: The seed of all of them.
        device: A CUDA device whose generator is seeded and restored too; any other device adds nothing.

    >>> with seeded_globals(5):
    ...     first = torch.rand(1).item()
    >>> with seeded_globals(5):
    ...     second = torch.rand(1).item()
    >>> first == second
    True
    """
    with _globals_in_use:
        yield from _seeded(seed, device)


def _seeded(seed: int, device: torch.device | str) -> Iterator[None]:
    """Seed and restore, while no other thread does."""
    numpy_state = np.random.get_state()  # noqa: NPY002
    python_state = random.getstate()
    torch_generators = _torch_globals(device)
    torch_states = [generator.get_state() for generator in torch_generators]
    try:
        for generator in torch_generators:
            generator.manual_seed(seed)
        np.random.set_state(np.random.RandomState(seed % 2**32).get_state())  # noqa: NPY002
        random.setstate(random.Random(seed).getstate())  # noqa: S311
        yield
    finally:
        for generator, state in zip(torch_generators, torch_states, strict=True):
            generator.set_state(state)
        np.random.set_state(numpy_state)  # noqa: NPY002
        random.setstate(python_state)


def _torch_globals(device: torch.device | str) -> list[torch.Generator]:
    """Return torch's global generators: the CPU's, and a CUDA device's."""
    chosen = torch.device(device)
    if chosen.type != "cuda":
        return [torch.default_generator]
    torch.cuda.init()
    index = torch.cuda.current_device() if chosen.index is None else chosen.index
    return [torch.default_generator, torch.cuda.default_generators[index]]


def next_global_numbers(device: torch.device | str = "cpu") -> tuple[float, ...]:
    """Draw a number from each global generator: another one than expected tells that someone has drawn before.

    >>> with seeded_globals(5):
    ...     first = next_global_numbers()
    >>> with seeded_globals(5):
    ...     first == next_global_numbers(), first == next_global_numbers()
    (True, False)
    """
    on_device = torch.rand((), device=device).item()
    return on_device, torch.rand(()).item(), float(np.random.random_sample()), random.random()  # noqa: NPY002, S311
