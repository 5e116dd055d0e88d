"""Fingerprints of examples, by which a fitted combination knows those again that it was fitted on."""

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

import numpy as np
from jaxtyping import Float, Shaped

ROUNDED: Final = 1000
"""Rows are compared exactly and to this fraction, so that files with fewer digits are known again too."""
LEAST_DISTINCT = 0.9
LEAST_CONTINUOUS = 0.5
"""Rows tell examples apart if this share of them, or of the numbers between 0 and 1 in them, occurs once."""
MOST_SHARED = 0.5
"""A share of rows in common above this one can't be chance where rows tell examples apart."""
LEAST_BITS = 20.0
MANY_ROWS = 20
"""A sequence of votes with this much information, or as many different ones, is not the same twice by chance."""


@dataclass(frozen=True)
class _Rows:
    """Rows of an array, by their hashes.

    Args:
        order: Hash of each row.
        telling: Hashes of rows that could tell examples apart: not votes, whose probabilities are 0 and 1.
        num_telling: How many rows those are, counted with repetition.
        is_continuous: Whether numbers between 0 and 1 are nearly all different.
    """

    order: tuple[bytes, ...]
    telling: frozenset[bytes]
    num_telling: int
    is_continuous: bool

    @property
    def are_distinct(self) -> bool:
        """Whether nearly all rows that could tell examples apart are different."""
        return len(self.telling) >= LEAST_DISTINCT * self.num_telling > 0

    def same(self, other: "_Rows") -> bool:
        """Say whether other rows are the same ones, in this order or another, more surely than votes are by chance."""
        if self.order == other.order and len(self.order) > 1 and bool(self.telling):
            return True
        if len(self.order) != len(other.order) or sorted(self.order) != sorted(other.order):
            return False
        _, counts = np.unique(np.array(self.order), return_counts=True)
        fractions = counts / counts.sum()
        bits = float(-(counts * np.log2(fractions)).sum())
        return len(counts) >= MANY_ROWS or (self.order == other.order and bits >= LEAST_BITS)

    def overlap(self, other: "_Rows") -> float:
        """Return the share of the smaller set of rows that the other holds too; 0 where rows do not tell."""
        both_distinct = self.are_distinct and other.are_distinct
        if not (both_distinct or (self.is_continuous and other.is_continuous)):
            return 0.0
        shared, least = len(self.telling & other.telling), min(len(self.telling), len(other.telling))
        return shared / least if least and shared > 1 else 0.0


@dataclass(frozen=True)
class Fingerprint:
    """What is kept of examples to know them again: hashes of the members' predictions, and of the inputs where given.

    Two sets share their examples if all rows are the same, in whatever order, or more than half of the rows of the
    smaller set are in the other. Rows of votes and of other coarse numbers, such as those of small forests, coincide
    for different examples too: they only count as a whole sequence or collection, where that can't be chance.

    >>> members = np.random.default_rng(0).dirichlet([1.0, 1.0], size=(2, 30))
    >>> seen = fingerprint(members)
    >>> seen.shares(fingerprint(members[:, ::-1])), seen.shares(fingerprint(members + 1e-9))
    (True, True)
    >>> seen.shares(fingerprint(np.random.default_rng(1).dirichlet([1.0, 1.0], size=(2, 30))))
    False
    """

    num_examples: int
    rows: tuple[_Rows, ...] = field(repr=False)

    def shares(self, other: "Fingerprint") -> bool:
        """Say whether two sets share their examples, more surely than by chance."""
        pairs = list(zip(self.rows, other.rows, strict=False))
        return any(one.same(two) or one.overlap(two) > MOST_SHARED for one, two in pairs)


def fingerprint(
    members: Float[np.ndarray, "member example class"], inputs: Shaped[np.ndarray, "example ..."] | None = None
) -> Fingerprint:
    """Return the fingerprint of examples.

    Args:
        members: What members predict for them.
        inputs: What members see of them, where known.
    """
    table = np.ascontiguousarray(np.moveaxis(members, 1, 0), dtype=np.float32).reshape(members.shape[1], -1)
    rounded = np.rint(table * np.float32(ROUNDED)) / np.float32(ROUNDED)
    rows = [_rows(table, _are_fractions(table)), _rows(rounded, _are_fractions(rounded))]
    if inputs is not None:
        seen = np.ascontiguousarray(inputs).reshape(len(inputs), -1)
        rows.append(_rows(seen.astype(np.float32, copy=False), None))
    return Fingerprint(members.shape[1], tuple(rows))


def _are_fractions(table: Float[np.ndarray, "example feature"]) -> np.ndarray:
    """Say which probabilities are neither 0 nor 1."""
    return (table > 0.0) & (table < 1.0)


def _rows(table: Float[np.ndarray, "example feature"], fractions: np.ndarray | None) -> _Rows:
    """Return the hashes of rows, and what they can tell."""
    order = tuple(blake2b(row.tobytes(), digest_size=8).digest() for row in table)
    if fractions is None:
        return _Rows(order, frozenset(order), len(order), is_continuous=False)
    tells = np.asarray(fractions.any(axis=1))
    telling = frozenset(name for name, can_tell in zip(order, list(tells), strict=True) if can_tell)
    # Copies of a row hold no new numbers.
    _, first = np.unique(np.array(order), return_index=True)
    values = table[first][fractions[first]]
    is_continuous = bool(len(values) and len(np.unique(values)) > LEAST_CONTINUOUS * len(values))
    return _Rows(order, telling, int(tells.sum()), is_continuous)
