"""Claims on curves: low loss connects two solutions, and along the way the function changes.

Source: Fort, Hu and Lakshminarayanan (2019), section 4, https://arxiv.org/abs/1912.02757, on curves as
of Garipov et al. (2018), https://arxiv.org/abs/1802.10026. Differs from them in giving shares with intervals.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import CURVE, PAIR
from modescape.report.claims.estimates import Estimates, farthest, read
from modescape.report.claims.kind import ClaimKind, Evidence, held_against

PATHS: Final = "paths"
STRAIGHT: Final = "linear"
LOW_BARRIER: Final = 0.1
"""Share of the straight line's barrier below which a curve counts as one of low loss. Ours, not the paper's."""
CHANGED: Final = 0.25
"""Share of the ends' disagreement above which the function counts as changed in the middle of a path: half of what it
is where the middle sides with each end on half of the examples that divide them. Ours, not the paper's."""


def barrier_evidence(results: Mapping[str, xr.Dataset]) -> tuple[Evidence, ...]:
    """Hold the barrier share of the best curve of each pair, the worst pair, against a tenth."""
    statistic = "barrier of the best curve as a share of the straight line's, worst pair"
    worst = farthest(_of_best_curves(results, "barrier_share"), "largest")
    if worst is None:
        return (held_against(statistic, None, LOW_BARRIER, "below"),)
    number = worst.number("barrier share")
    return (held_against(f"{statistic}: {worst.label}", number, LOW_BARRIER, "below"),)


def function_evidence(results: Mapping[str, xr.Dataset]) -> tuple[Evidence, ...]:
    """Hold the function share of the same curves, the pair that changes least, against a quarter."""
    statistic = "disagreement of the curve's middle with the nearer end as a share of the ends', least pair"
    least = farthest(_of_best_curves(results, "function_share"), "smallest")
    if least is None:
        return (held_against(statistic, None, CHANGED, "above"),)
    return (held_against(f"{statistic}: {least.label}", least.number("function share"), CHANGED, "above"),)


def _of_best_curves(results: Mapping[str, xr.Dataset], name: str) -> dict[str, Estimates]:
    """Return a variable of the fitted curve with the smallest barrier share, by the words `pair 0-1, bezier`."""
    shares, wanted = (read(results, PATHS, which, (PAIR, CURVE)) for which in ("barrier_share", name))
    if shares is None or wanted is None:
        return {}
    found: dict[str, Estimates] = {}
    for index, pair in enumerate(shares.value[PAIR].values):
        row = shares.value.isel({PAIR: index})
        fitted = np.isfinite(row.values) & (row[CURVE].values != STRAIGHT)
        if not fitted.any():
            continue
        curve = row[CURVE].values[np.where(fitted, row.values, np.inf).argmin()]
        one = wanted.at(pair=pair, curve=curve)
        if one is not None:
            found[f"pair {pair}, {curve}"] = one
    return found


LOW_LOSS = ClaimKind(
    "low-loss-curves",
    "Curves of low loss connect solutions that a straight line does not.",
    PATHS,
    barrier_evidence,
)
FUNCTION_CHANGES = ClaimKind(
    "function-changes-along-curves",
    "Along such a curve the function changes.",
    PATHS,
    function_evidence,
)
