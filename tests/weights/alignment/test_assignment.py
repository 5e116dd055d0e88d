from itertools import permutations, product

import numpy as np
import pytest
import torch

from modescape.weights.alignment.assignment import Gains, assignment, best
from modescape.weights.alignment.families import Family
from modescape.weights.symmetry import Group, Symmetry


def test_the_assignment_is_the_best_of_all():
    gains = np.random.default_rng(2).normal(size=(5, 5))
    best_sum = max(sum(gains[place, unit] for place, unit in enumerate(order)) for order in permutations(range(5)))
    found = assignment(gains)
    assert gains[np.arange(5), found].sum() == pytest.approx(best_sum)


def test_units_inside_units_are_assigned_as_the_best_of_all_permutations():
    generator = torch.Generator().manual_seed(1)
    gains = Gains(
        torch.randn(2, 2, generator=generator),
        {"a": torch.randn(2, 3, 2, 3, generator=generator), "b": torch.randn(2, 2, 2, 2, generator=generator)},
    )
    found = best(gains, Family("heads", ("a", "b")))

    def worth(outer, inner):
        total = sum(float(gains.outer[place, unit]) for place, unit in enumerate(outer))
        for name, orders in inner.items():
            for place, order in enumerate(orders):
                total += sum(float(gains.inner[name][place, at, outer[place], unit]) for at, unit in enumerate(order))
        return total

    every = max(
        worth(outer, {"a": a, "b": b})
        for outer in permutations(range(2))
        for a in product(permutations(range(3)), repeat=2)
        for b in product(permutations(range(2)), repeat=2)
    )
    chosen = worth(found["heads"].tolist(), {name: found[name].tolist() for name in ("a", "b")})
    assert chosen == pytest.approx(every)


def test_gains_are_summed_by_group():
    groups = {"heads": Group("heads", 2), "inner": Group("inner", 3, "heads")}
    family = Family("heads", ("inner",))
    gains = Gains.none(family, Symmetry(groups, {}, None))
    gains.add("heads", torch.eye(2))
    gains.add("heads", torch.eye(2))
    gains.add("inner", torch.arange(36.0).reshape(6, 6))
    assert gains.outer.tolist() == [[2.0, 0.0], [0.0, 2.0]]
    # Unit 4 is inner unit 1 of unit 1, unit 2 is inner unit 2 of unit 0.
    assert gains.inner["inner"][1, 1, 0, 2] == 4 * 6 + 2
