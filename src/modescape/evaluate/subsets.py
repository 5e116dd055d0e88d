"""Subsets of members: all of them, or a fair sample where there are too many."""

from itertools import combinations
from math import comb

import numpy as np
from jaxtyping import Int

from modescape.core.checks import check_at_least
from modescape.core.errors import ArgumentError
from modescape.core.seeds import Stream, derived_seed, numpy_generator


def subsets_of_size(
    num_members: int, size: int, *, max_subsets: int, seed: int
) -> Int[np.ndarray, "subset member_of_subset"]:
    """Return the subsets of one size, or a random sample of different ones when there are more than wanted.

    Args:
        num_members: Number of members M to choose from.
        size: Number of members in each subset, from 1 to M.
        max_subsets: Return all subsets if there are at most this many, else exactly this many; every set of so many
            subsets is then equally likely.
        seed: Seed of the run; the same seed gives the same sample.

    Returns:
        Member indices in rising order in each row, rows in lexicographic order.

    Raises:
        ArgumentError: If the size is outside 1..M, there is no member, no subset is wanted, or the seed is negative.

    >>> subsets_of_size(3, 2, max_subsets=10, seed=0).tolist()
    [[0, 1], [0, 2], [1, 2]]
    >>> subsets_of_size(50, 25, max_subsets=4, seed=0).shape
    (4, 25)
    """
    check_at_least(num_members, 1, "num_members", "Pass at least one member")
    check_at_least(max_subsets, 1, "max_subsets", "Pass 100")
    if not 1 <= size <= num_members:
        rule = f"lie in 1..{num_members}, the number of members"
        raise ArgumentError("size", rule, size, "Choose another size or pass more members")
    if comb(num_members, size) <= max_subsets:
        return np.array(list(combinations(range(num_members), size)), dtype=np.int64)
    generator = numpy_generator(derived_seed(seed, Stream.SUBSETS, size))
    chosen: set[tuple[int, ...]] = set()
    while len(chosen) < max_subsets:
        drawn = generator.choice(num_members, size=size, replace=False, shuffle=False)
        chosen.add(tuple(sorted(drawn.tolist())))
    return np.array(sorted(chosen), dtype=np.int64)
