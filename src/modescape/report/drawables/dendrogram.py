"""Clusters that join step by step, as a tree that lies on its side."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float

from modescape.core.errors import ArgumentError, Quoted

MOST_LEAVES: Final = 50
"""Largest number of leaves that are all named; of more, every second, third and so on is."""


class Branch(NamedTuple):
    """Where two clusters join.

    Args:
        x: Height of the first cluster, twice the height at which they join, and height of the second cluster.
        y: Place of the first cluster, twice, and place of the second, twice; leaves have the places 0, 1, ... .
        series: Number of the colour of a cluster that the threshold leaves whole; None above it.
        sizes: Leaves of the two clusters.
    """

    x: tuple[float, float, float, float]
    y: tuple[float, float, float, float]
    series: int | None
    sizes: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Dendrogram:
    """A tree of clusters: leaves from top to bottom at the left, heights to the right.

    Args:
        title: Heading of the panel; may be empty.
        alt: The panel in words, with its main numbers.
        leaves: Labels of what is clustered.
        merges: First cluster, second cluster and height of each merge as in SciPy's linkage: leaf i is cluster i, and
            merge k makes the cluster of number leaves + k.
        x_label: What heights are, with the unit.
        threshold: Height up to which leaves count as one; a line is drawn there. None draws none.
        decimals: Digits of a height that is pointed at.
    """

    title: str
    alt: str
    leaves: tuple[str, ...]
    merges: Float[np.ndarray, "merge 3"]
    x_label: str
    threshold: float | None = None
    decimals: int = 1

    def __post_init__(self) -> None:
        """Check that the merges make one tree of all leaves."""
        number, made = len(self.leaves), self.merges[:, :2].astype(int).ravel()
        if self.merges.shape != (number - 1, 3) or set(made) != set(range(2 * number - 2)):
            shown = Quoted(f"{len(self.merges)} merges of {number} leaves")
            advice = "Give them as scipy.cluster.hierarchy.linkage makes them"
            raise ArgumentError("merges", "join all leaves to one tree, each cluster once", shown, advice)

    @cached_property
    def inside(self) -> list[list[int]]:
        """The leaves of each cluster from top to bottom."""
        inside = [[leaf] for leaf in range(len(self.leaves))]
        for first, second in self.merges[:, :2].astype(int):
            inside.append(inside[first] + inside[second])
        return inside

    @property
    def order(self) -> list[int]:
        """The leaves from top to bottom, so that no branches cross."""
        return self.inside[-1]

    @property
    def named(self) -> list[int]:
        """The places whose leaves are named."""
        return list(range(0, len(self.leaves), -(-len(self.leaves) // MOST_LEAVES)))

    @cached_property
    def clusters(self) -> list[list[int]]:
        """The leaves of each cluster that the threshold leaves whole, from top to bottom."""
        number, found, taken = len(self.leaves), [], set()
        for cluster in reversed(range(len(self.inside))):
            is_whole = cluster < number or self.threshold is None or self.merges[cluster - number, 2] <= self.threshold
            if is_whole and not taken.issuperset(self.inside[cluster]):
                taken.update(self.inside[cluster])
                found.append(self.inside[cluster])
        return sorted(found, key=lambda leaves: self.order.index(leaves[0]))

    @cached_property
    def branches(self) -> tuple[Branch, ...]:
        """All joins, the lowest first."""
        number, inside = len(self.leaves), self.inside
        places, heights = np.zeros(len(inside)), np.zeros(len(inside))
        places[self.order] = np.arange(number)
        several = [leaves for leaves in self.clusters if len(leaves) > 1]
        series = {leaf: place for place, leaves in enumerate(several) for leaf in leaves}
        branches = []
        for merge, (first, second, height) in enumerate(self.merges):
            one, other = int(first), int(second)
            first_place, second_place = float(places[one]), float(places[other])
            is_below = self.threshold is None or height <= self.threshold
            branches.append(
                Branch(
                    (float(heights[one]), float(height), float(height), float(heights[other])),
                    (first_place, first_place, second_place, second_place),
                    series[inside[one][0]] if is_below else None,
                    (len(inside[one]), len(inside[other])),
                )
            )
            places[number + merge], heights[number + merge] = (places[one] + places[other]) / 2, height
        return tuple(branches)
