"""Beliefs about landscapes: bad runs show early, and skip connections make minima wide.

Source: Li et al. (2018), https://arxiv.org/abs/1712.09913, for skip connections. Differs from it in a width with an
interval where it shows surfaces to look at.
"""

from collections.abc import Mapping
from functools import partial
from typing import Final, Literal

import numpy as np
import xarray as xr
from scipy.stats import norm

from modescape.core.axes import CONTRAST, MEASURE, SCOPE, STAGE
from modescape.report.claims.estimates import Estimates, read
from modescape.report.claims.kind import ClaimKind, Evidence, beside, held_against
from modescape.report.measures import MEASURES, measure_named
from modescape.report.metrics import Metric
from modescape.report.verdicts import Number

SHAPES: Final = "shapes"
HEADING: Final = "Do common beliefs about landscapes hold here?"
CAPTION: Final = (
    "Early is the first stage that was looked at. A rank correlation says that early and late go together in these "
    "runs; to stop a run by it is another step, which was not tried."
)
OUTCOME: Final = "test_accuracy"
CANDIDATES: Final = tuple(
    measure for measure in MEASURES.values() if measure.name != OUTCOME and measure.higher_is_better is not None
)
"""What one could look at early; of the others it is not known which way is good, and the outcome is not looked at."""
SURE: Final = 1.0 - 1e-9
"""Correlation beyond which Fisher's transform is cut off."""


def early_evidence(results: Mapping[str, xr.Dataset], scope: str) -> tuple[Evidence, ...]:
    """Hold the rank correlation of the best early measure with the final accuracy against 0.

    The best of several is the largest by choice as well: its interval is widened on Fisher's scale, z = atanh(r), to
    that of confidence 1 - (1 - c) / m for m measures (Bonferroni), so that all m intervals hold together.

    Args:
        results: Results by step.
        scope: `within cells` or `across cells`.
    """
    early = _early(results, scope)
    tried = {} if early is None else {one: at for one in CANDIDATES if (at := _measured(early, one)) is not None}
    statistic = "rank correlation of an early measure with the test accuracy at the end"
    if not tried:
        return (held_against(statistic, None, 0.0, "above"),)
    best = max(tried, key=lambda one: _side(one) * float(tried[one].value))
    confidence = float(results[SHAPES].attrs.get("confidence", 0.95))
    number = _widened(tried[best], len(tried), confidence).number("rank correlation", signed=True)
    choice = f": {best.label}, the best of {len(tried)}, with an interval widened for the choice"
    return (held_against(f"{statistic}{choice}", number, 0.0, "above" if _side(best) > 0 else "below"),)


def _early(results: Mapping[str, xr.Dataset], scope: str) -> Estimates | None:
    """Return the rank correlations of the first stage in a scope, or None where there are none."""
    found = read(results, SHAPES, "correlation", (SCOPE, MEASURE, STAGE))
    return found and found.at(scope=scope, stage=found.value[STAGE].values[0])


def _measured(estimates: Estimates, measure: Metric) -> Estimates | None:
    """Return the estimate of a measure, or None where it has no number."""
    one = estimates.at(measure=measure.name)
    return one if one is not None and np.isfinite(float(one.value)) else None


def _side(measure: Metric) -> float:
    """Return 1 where more of a measure is thought to be good, and -1 where less is."""
    return 1.0 if measure.higher_is_better else -1.0


def _widened(one: Estimates, tried: int, confidence: float) -> Estimates:
    """Return an estimate whose interval is that of the best of several."""
    usual, wide = (norm.ppf(1 - (1 - confidence) / (2 * number)) for number in (1, tried))

    def end(edge: xr.DataArray) -> xr.DataArray:
        """Move one end away from the estimate."""
        middle, place = (float(np.arctanh(np.clip(float(number), -SURE, SURE))) for number in (one.value, edge))
        return xr.DataArray(np.tanh(middle + (place - middle) * wide / usual))

    return Estimates(one.value, end(one.low), end(one.high))


def skip_evidence(results: Mapping[str, xr.Dataset]) -> tuple[Evidence, ...]:
    """Hold what skip connections add to the width of minima against 0, at the last stage.

    The largest eigenvalue and the sharpness stand beside it: they change with the scale of the weights, which a network
    can change without changing its function.
    """
    flatter = (beside(_of_skips(results, name, "below")) for name in ("sharpness", "top_eigenvalue"))
    return (_of_skips(results, "width", "above"), *flatter)


def _of_skips(results: Mapping[str, xr.Dataset], name: str, right_side: Literal["above", "below"]) -> Evidence:
    """Hold what skip connections add to one measure against 0."""
    measure = measure_named(name)
    statistic = f"{measure.label} with skip connections minus without"
    number = _added_by_skips(results, measure)
    return held_against(statistic, number, 0.0, right_side)


def _added_by_skips(results: Mapping[str, xr.Dataset], measure: Metric) -> Number | None:
    """Return the paired effect of skip connections, whichever way round the run compared them."""
    effects = read(results, SHAPES, "effect", (MEASURE, CONTRAST, STAGE))
    if effects is None:
        return None
    for contrast, sign in (("skip: false to true", 1.0), ("skip: true to false", -1.0)):
        found = effects.at(measure=measure.name, contrast=contrast, stage=effects.value[STAGE].values[-1])
        if found is not None:
            ends = (found.low, found.high) if sign > 0 else (-found.high, -found.low)
            shown = Estimates(sign * found.value, *ends)
            return shown.number(measure.label, unit=measure.unit, decimals=measure.decimals, signed=True)
    return None


SETTINGS_SHOW_EARLY = ClaimKind(
    "bad-settings-show-early",
    "Settings whose runs will end badly can be told early.",
    SHAPES,
    partial(early_evidence, scope="across cells"),
    HEADING,
)
RUNS_SHOW_EARLY = ClaimKind(
    "bad-runs-show-early",
    "Among runs of the same settings, one that will end badly can be told early.",
    SHAPES,
    partial(early_evidence, scope="within cells"),
    HEADING,
)
SKIPS_WIDEN = ClaimKind(
    "skip-connections-widen",
    "Skip connections make minima wider.",
    SHAPES,
    skip_evidence,
    HEADING,
)
