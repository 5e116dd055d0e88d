"""Seeds: distinct for distinct purposes, and global generators left as they were."""

import itertools
import random

import numpy as np
import pytest
import torch

from modescape.core.errors import ArgumentError
from modescape.core.seeds import Stream, derived_seed, numpy_generator, seeded_globals, torch_generator


def test_seeds_are_distinct_over_runs_streams_members_and_epochs():
    keys = itertools.product(range(5), Stream, range(12), range(15))
    seeds = [derived_seed(run, stream, member, epoch) for run, stream, member, epoch in keys]
    shorter = [
        derived_seed(run, stream, member) for run, stream, member in itertools.product(range(5), Stream, range(12))
    ]
    assert len({*seeds, *shorter}) == len(seeds) + len(shorter)
    assert min(seeds) >= 0
    assert max(seeds) < 2**63


def test_the_values_are_fixed_so_that_old_runs_can_be_repeated():
    assert derived_seed(7, Stream.ORDER, 2, 3) == np.random.SeedSequence(7, spawn_key=(1, 2, 3)).generate_state(
        1, np.uint64
    )[0] >> np.uint64(1)
    assert [stream.value for stream in Stream] == list(range(26))


def test_a_large_run_seed_passes_and_a_negative_one_is_refused():
    assert derived_seed(2**64 + 1, 0) != derived_seed(1, 0)
    with pytest.raises(ArgumentError, match=r"^`seed` must be at least 0; got -1\. Pass --seed 0"):
        derived_seed(-1, Stream.ORDER)


def test_generators_take_any_derived_seed():
    for seed in (0, 2**63 - 1):
        assert torch_generator(seed).initial_seed() == seed
        numpy_generator(seed).random()


def numbers():
    return torch.randn(()).item(), np.random.normal(), random.random()  # noqa: NPY002, S311


def states():
    return torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002


@pytest.mark.parametrize("seed", [0, 5, 2**40 + 3, 2**63 - 1])
def test_all_three_global_generators_are_seeded_and_restored(seed):
    before = states()
    with seeded_globals(seed):
        first = numbers()
    assert states() == before
    numbers()
    with seeded_globals(seed):
        assert numbers() == first
    with seeded_globals(seed + 1):
        assert all(one != other for one, other in zip(numbers(), first, strict=True))


def test_they_are_restored_after_an_error_and_when_nested():
    before = states()
    with pytest.raises(ZeroDivisionError), seeded_globals(1):
        _ = sum(numbers()) / 0
    assert states() == before
    with seeded_globals(2):
        straight = (numbers(), numbers())
    with seeded_globals(2):
        first = numbers()
        with seeded_globals(3):
            numbers()
        assert (first, numbers()) == straight
