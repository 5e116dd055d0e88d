"""What a figure needs, and why it is left out where a run does not have that."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from modescape.report.drawables import Drawing


@dataclass(frozen=True)
class Need:
    """Variables of one step that a figure can't do without.

    Args:
        step: Name of the step.
        variables: Names of its variables.
        at_least: Smallest useful number of labels by dimension, for example `{"member": 2}`.
        labels: A label that must be there by dimension, for example `{"scaling": "scaled"}`.
    """

    step: str
    variables: tuple[str, ...]
    at_least: Mapping[str, int] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    def unmet(self, results: Mapping[str, xr.Dataset]) -> str | None:
        """Say what is missing, or return None where nothing is.

        >>> Need("solutions", ("cosine",)).unmet({})
        'no `solutions` results'
        """
        dataset = results.get(self.step)
        if dataset is None:
            return f"no `{self.step}` results"
        for name in self.variables:
            if name not in dataset:
                return f"`{self.step}` results have no `{name}`"
            if not np.isfinite(dataset[name].values).any():
                return f"`{name}` has no numbers"
        return self._unmet_along(dataset)

    def _unmet_along(self, dataset: xr.Dataset) -> str | None:
        """Say what is missing along the dimensions, or return None."""
        for dim, minimum in self.at_least.items():
            if dataset.sizes.get(dim, 0) < minimum:
                ending = "es" if dim.endswith("s") else "s"
                return f"needs at least {minimum} {dim}{ending if minimum > 1 else ''}"
        for dim, label in self.labels.items():
            if dim not in dataset.coords or label not in dataset[dim].values:
                return f"`{self.step}` results have no {dim} `{label}`"
        return None


@dataclass(frozen=True)
class FigureKind:
    """An entry of the catalogue.

    Args:
        name: Name of its files, as in the drawing.
        title: Its heading, to name it when it is left out.
        needs: What it can't do without.
        compute: Turns results into a drawing.
    """

    name: str
    title: str
    needs: tuple[Need, ...]
    compute: Callable[[Mapping[str, xr.Dataset]], Drawing]


@dataclass(frozen=True)
class LeftOut:
    """A figure that could not be drawn, and why."""

    name: str
    title: str
    reason: str


def drawn(kinds: Iterable[FigureKind], results: Mapping[str, xr.Dataset]) -> tuple[list[Drawing], list[LeftOut]]:
    """Compute the figures that the results allow, and name the others with the reason.

    >>> drawn([], {})
    ([], [])
    """
    drawings: list[Drawing] = []
    left_out: list[LeftOut] = []
    for kind in kinds:
        reason = next((unmet for need in kind.needs if (unmet := need.unmet(results))), None)
        if reason is None:
            drawings.append(kind.compute(results))
        else:
            left_out.append(LeftOut(kind.name, kind.title, reason))
    return drawings, left_out
