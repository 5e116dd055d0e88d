"""Assignment of units to units, and of the units inside them."""

from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from modescape.weights.alignment.families import Family
from modescape.weights.symmetry import Permutation, Symmetry


@dataclass
class Gains:
    """What it is worth that a unit of the second network takes a place in the first.

    Attributes:
        outer: Of unit j at place i, without the units inside them.
        inner: For each group inside them, of inner unit b of unit j at inner place a of place i.
    """

    outer: Float[Tensor, "place unit"]
    inner: dict[str, Float[Tensor, "place inner_place unit inner_unit"]] = field(default_factory=dict)

    @classmethod
    def none(cls, family: Family, symmetry: Symmetry) -> "Gains":
        """Return gains of zero for a family."""
        size = symmetry.groups[family.name].size
        shapes = {name: symmetry.shape(name) * 2 for name in family.inner}
        inner = {name: torch.zeros(shape, dtype=torch.float64) for name, shape in shapes.items()}
        return cls(torch.zeros(size, size, dtype=torch.float64), inner)

    def add(self, group: str, gains: Float[Tensor, "unit unit_other"]) -> None:
        """Take in the gains of a group.

        Args:
            group: That of the outer units, or of units inside them, which are then numbered through all outer units.
            gains: Of each unit at each place.
        """
        if group in self.inner:
            self.inner[group] = self.inner[group] + gains.reshape(self.inner[group].shape)
        else:
            self.outer = self.outer + gains


def assignment(gains: Float[np.ndarray, "place unit"]) -> Int[np.ndarray, "place"]:
    """Return which unit to put at each place, so that the sum of the gains is as large as can be.

    Source: Crouse (2016), On implementing 2D rectangular assignment algorithms,
    https://doi.org/10.1109/TAES.2016.140952, as `scipy.optimize.linear_sum_assignment`.

    >>> assignment(np.array([[0.0, 2.0], [1.0, 2.5]])).tolist()
    [1, 0]
    """
    return linear_sum_assignment(gains, maximize=True)[1]


def best(gains: Gains, family: Family) -> Permutation:
    """Return the permutations of a family that are worth most.

    For each pair of a place and a unit the units inside are assigned first; what that is worth counts for the pair.

    >>> best(Gains(torch.tensor([[0.0, 2.0], [1.0, 2.5]])), Family("a"))["a"].tolist()
    [1, 0]
    """
    total = gains.outer.double().numpy().copy()
    within: dict[str, Int[np.ndarray, "place unit inner_place"]] = {}
    for name, of_inner in gains.inner.items():
        of_pairs = of_inner.permute(0, 2, 1, 3).double().numpy()
        within[name] = np.zeros(of_pairs.shape[:3], dtype=np.int64)
        for pair in np.ndindex(*total.shape):
            chosen = within[name][pair] = assignment(of_pairs[pair])
            total[pair] += of_pairs[pair][np.arange(len(chosen)), chosen].sum()
    outer = assignment(total)
    inner = {name: torch.from_numpy(found[np.arange(len(outer)), outer]) for name, found in within.items()}
    return {family.name: torch.from_numpy(outer), **inner}
