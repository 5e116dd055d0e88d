"""How each method is written and drawn: its name for a reader, and the same colour and symbol in every figure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from modescape.report.series import Symbol, series_symbol


@dataclass(frozen=True)
class Method:
    """The way one method is shown.

    Args:
        name: Its name in stored results.
        label: Its name for a reader.
        series: Number of its colour, symbol and dashes; None is drawn grey.
    """

    name: str
    label: str
    series: int | None

    @property
    def symbol(self) -> Symbol:
        """The shape of its points."""
        return series_symbol(self.series)


METHODS: Final = {
    method.name: method
    for method in (
        Method("independent", "independent solutions", 0),
        Method("weight-average", "weight average", 1),
        Method("random", "random subspace", 2),
        Method("dropout", "dropout subspace", 3),
        Method("diagonal-gaussian", "diagonal Gaussian", 4),
        Method("low-rank-gaussian", "low-rank Gaussian", 5),
        Method("low-rank-random", "low rank of random", 6),
        Method("checkpoints", "checkpoints of one run", 7),
        Method("cyclical-sgmcmc", "cyclical SG-MCMC", 8),
        Method("one member", "one member", None),
    )
}
"""The methods modescape compares, in the order they are shown."""


def method_named(name: str) -> Method:
    """Return how a method is shown; one we don't know is shown as it is stored, in grey.

    >>> method_named("random").label, method_named("mine").label
    ('random subspace', 'mine')
    """
    return METHODS.get(name) or Method(name, name, None)


def in_order(names: Iterable[str]) -> list[Method]:
    """Return methods in the order they are shown, those we don't know last, as they came.

    >>> [method.name for method in in_order(["mine", "dropout", "independent"])]
    ['independent', 'dropout', 'mine']
    """
    given, known = list(dict.fromkeys(names)), list(METHODS)
    return [
        method_named(name)
        for name in sorted(given, key=lambda name: known.index(name) if name in known else len(known))
    ]
