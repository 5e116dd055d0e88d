"""The claim on shift: the harder the data is corrupted, the more the ensemble gains.

Source: Fort, Hu and Lakshminarayanan (2019), section 5, https://arxiv.org/abs/1912.02757. Differs from
it in the slope of a straight line through the gains, with its interval.
"""

from collections.abc import Mapping
from typing import Final

import xarray as xr

from modescape.core.axes import METRIC
from modescape.report.claims.estimates import read
from modescape.report.claims.kind import ClaimKind, Evidence, beside, held_against

SHIFT: Final = "shift"


def evidence(results: Mapping[str, xr.Dataset]) -> tuple[Evidence, ...]:
    """Hold the slope of the gain against intensity to 0, in accuracy, and in the Brier score beside it."""
    slope = read(results, SHIFT, "slope", (METRIC,))
    accuracy, brier = (slope and slope.at(metric=name) for name in ("accuracy", "brier"))
    points = accuracy and accuracy.number("slope", scale=100.0, unit="percentage points", signed=True)
    score = brier and brier.number("slope", decimals=4, signed=True)
    return (
        held_against("accuracy that the ensemble gains more with each step of intensity", points, 0.0, "above"),
        beside(held_against("change of its gain in Brier score (lower is better) with each step", score, 0.0, "below")),
    )


GAIN_GROWS = ClaimKind(
    "gain-grows-under-shift",
    "The gain of the ensemble grows with the intensity of corruptions.",
    SHIFT,
    evidence,
)
