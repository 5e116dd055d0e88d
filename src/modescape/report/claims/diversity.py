"""Claims on diversity: where solutions, checkpoints and samples lie between the two limits of the diversity plane.

Source: Fort, Hu and Lakshminarayanan (2019), section 4, https://arxiv.org/abs/1912.02757: independent
solutions lie near the upper limit, every subspace near the lower one. Differs from it in giving a number, an interval
and a mark.
"""

from collections.abc import Mapping
from typing import Final

import xarray as xr

from modescape.core.axes import METHOD
from modescape.report.claims.estimates import Estimates, farthest, read
from modescape.report.claims.kind import ClaimKind, Evidence, held_against
from modescape.report.claims.subspaces import SUBSPACES
from modescape.report.methods import method_named

PLANE: Final = "plane"
HALFWAY: Final = 0.5
"""Relative diversity that is as near to the lower limit (0) as to the upper (1). The mark is ours, not the paper's."""
AROUND_ONE_RUN: Final = ("checkpoints", *SUBSPACES)
"""What stays with one run: its checkpoints, and samples around its solution."""


def independent_evidence(results: Mapping[str, xr.Dataset]) -> tuple[Evidence, ...]:
    """Hold the relative diversity of independent solutions against halfway."""
    one = _of_method(results, "independent")
    number = None if one is None else one.number("relative diversity")
    statistic = "relative diversity of independent solutions (0 at the lower limit, 1 at the upper)"
    return (held_against(statistic, number, HALFWAY, "above"),)


def around_one_run_evidence(results: Mapping[str, xr.Dataset]) -> tuple[Evidence, ...]:
    """Hold the largest relative diversity of checkpoints and subspaces against halfway.

    Its interval is that of `farthest`: the claim holds where the intervals of all lie below halfway.
    """
    read_all = {name: _of_method(results, name) for name in AROUND_ONE_RUN}
    largest = farthest({name: one for name, one in read_all.items() if one is not None}, "largest")
    statistic = "largest relative diversity of checkpoints and subspaces"
    if largest is None:
        return (held_against(statistic, None, HALFWAY, "below"),)
    number = largest.number("relative diversity")
    return (held_against(f"{statistic}: {method_named(largest.label).label}", number, HALFWAY, "below"),)


def _of_method(results: Mapping[str, xr.Dataset], name: str) -> Estimates | None:
    """Return the relative diversity of one method, or None where it was not measured."""
    estimates = read(results, PLANE, "relative_diversity", (METHOD,))
    return None if estimates is None else estimates.at(method=name)


INDEPENDENT = ClaimKind(
    "independent-near-upper-limit",
    "Independent solutions lie nearer to the upper limit of diversity than to the lower.",
    PLANE,
    independent_evidence,
)
AROUND_ONE_RUN_LOW = ClaimKind(
    "one-run-near-lower-limit",
    "Checkpoints of one run and samples around its solution stay nearer to the lower limit.",
    PLANE,
    around_one_run_evidence,
)
