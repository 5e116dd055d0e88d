"""Subsets of members."""

from collections import Counter
from itertools import combinations
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modescape.core.errors import ArgumentError
from modescape.evaluate import subsets_of_size


@settings(max_examples=40, deadline=None)
@given(members=st.integers(1, 9), data=st.data(), max_subsets=st.integers(1, 60), seed=st.integers(0, 10**6))
def test_all_or_exactly_as_many_different_ones_as_wanted(members, data, max_subsets, seed):
    size = data.draw(st.integers(1, members))
    rows = [tuple(row) for row in subsets_of_size(members, size, max_subsets=max_subsets, seed=seed).tolist()]
    everything = list(combinations(range(members), size))
    assert len(rows) == min(max_subsets, len(everything))
    assert rows == sorted(set(rows))
    assert set(rows) <= set(everything)


def test_limit_itself_is_still_all():
    assert len(subsets_of_size(6, 3, max_subsets=20, seed=0)) == comb(6, 3) == 20


def test_same_seed_same_sample_and_sizes_have_their_own():
    def sample(size, seed):
        return subsets_of_size(40, size, max_subsets=5, seed=seed).tolist()

    assert sample(20, 1) == sample(20, 1) != sample(20, 2)
    assert sample(1, 1) != [[member] for member in range(5)]


def test_sample_is_fair():
    counts = Counter()
    for seed in range(600):
        counts.update(map(tuple, subsets_of_size(5, 2, max_subsets=3, seed=seed).tolist()))
    assert len(counts) == 10
    # 180 expected for each, standard deviation 11.
    assert all(abs(count - 180) < 50 for count in counts.values())


def test_far_too_many_to_list():
    assert subsets_of_size(500, 250, max_subsets=7, seed=0).shape == (7, 250)


def test_bad_input():
    with pytest.raises(ArgumentError, match=r"`num_members` must be at least 1; got 0\."):
        subsets_of_size(0, 1, max_subsets=3, seed=0)
    with pytest.raises(ArgumentError, match=r"`max_subsets` must be at least 1; got 0\."):
        subsets_of_size(3, 1, max_subsets=0, seed=0)
    for size in (0, 4):
        with pytest.raises(ArgumentError, match=rf"`size` must lie in 1\.\.3, the number of members; got {size}\."):
            subsets_of_size(3, size, max_subsets=3, seed=0)
    with pytest.raises(ArgumentError, match=r"`seed` must be at least 0"):
        subsets_of_size(30, 15, max_subsets=3, seed=-1)
