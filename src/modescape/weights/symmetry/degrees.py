"""Powers of a unit's scale that tensors carry, as linear expressions in unknowns, and the equations between them."""

from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import TypeAlias

Degree: TypeAlias = Mapping[int, Fraction]
"""A sum of unknowns, by number, each times a coefficient; an empty one is zero: the tensor does not change."""

NO_DEGREE: Degree = MappingProxyType({})


def added(first: Degree, second: Degree, factor: Fraction | int = 1) -> Degree:
    """Return `first + factor * second`.

    >>> dict(added({0: Fraction(1)}, {0: Fraction(1), 1: Fraction(2)}, -1))
    {1: Fraction(-2, 1)}
    """
    if not second:
        return first
    total = dict(first)
    for unknown, coefficient in second.items():
        total[unknown] = total.get(unknown, Fraction(0)) + factor * coefficient
    return {unknown: coefficient for unknown, coefficient in total.items() if coefficient}


class Degrees:
    """Unknown degrees and what has been found out about them.

    Each equation is solved for its newest unknown, so that what remains free belongs to the layers that come first.

    >>> degrees = Degrees()
    >>> first, second = degrees.unknown(), degrees.unknown()
    >>> degrees.vanish(added(first, second))
    >>> dict(degrees.reduced(second))
    {0: Fraction(-1, 1)}
    """

    def __init__(self) -> None:
        self._num_unknowns = 0
        self._solved: dict[int, Degree] = {}

    def unknown(self) -> Degree:
        """Return a new unknown."""
        self._num_unknowns += 1
        return {self._num_unknowns - 1: Fraction(1)}

    def reduced(self, degree: Degree) -> Degree:
        """Return an expression in free unknowns alone."""
        while solved := [unknown for unknown in degree if unknown in self._solved]:
            for unknown in solved:
                coefficient = degree.get(unknown, Fraction(0))
                rest = {key: value for key, value in degree.items() if key != unknown}
                degree = added(rest, self._solved[unknown], coefficient)
        return degree

    def vanish(self, degree: Degree) -> None:
        """Note that an expression is zero."""
        degree = self.reduced(degree)
        if not degree:
            return
        newest = max(degree)
        coefficient = degree[newest]
        rest = {unknown: value for unknown, value in degree.items() if unknown != newest}
        self._solved[newest] = {unknown: -value / coefficient for unknown, value in rest.items()}
