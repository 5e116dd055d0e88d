"""Claims on ensembles: they beat averages of weights, which beat one network; samples around members add little.

Source: Fort, Hu and Lakshminarayanan (2019), section 5, https://arxiv.org/abs/1912.02757. Differs from
it in paired intervals on the same examples.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import METHOD, METHOD_OTHER, METRIC, SCALING, SIZE
from modescape.report.claims.estimates import Estimates, farthest, read
from modescape.report.claims.kind import ClaimKind, Evidence, held_against
from modescape.report.claims.subspaces import SUBSPACES
from modescape.report.methods import method_named
from modescape.report.verdicts import Number, Verdict

METHODS: Final = "methods"
LITTLE: Final = 0.25
"""Share of the plain ensemble's gain below which what samples add counts as little. Ours, not the paper's."""
OF_ONE: Final = (SCALING, METHOD, METRIC, SIZE)
OF_TWO: Final = (SCALING, METRIC, METHOD, METHOD_OTHER, SIZE)
RAW: Final = {SCALING: "raw", METRIC: "accuracy"}


def order_evidence(results: Mapping[str, xr.Dataset]) -> tuple[Evidence, ...]:
    """Hold two paired differences of accuracy against 0: ensemble minus average, and average minus one network.

    The first is `versus_one` of the independent solutions at full size, or the difference of the two gains (see
    `Estimates.minus`) where that was not stored; the second is the `gain` of one weight average.
    """
    size = full_size(results)
    versus, gain = read(results, METHODS, "versus_one", OF_TWO), read(results, METHODS, "gain", OF_ONE)
    first = versus and versus.at(**RAW, method="independent", method_other="weight-average", size=size)
    full = gain and gain.at(**RAW, method="independent", size=size)
    second = gain and gain.at(**RAW, method="weight-average", size=1)
    if first is None and full is not None and second is not None:
        first = full.minus(second)
    return (
        held_against(
            f"accuracy of {size or 'all'} independent members minus one weight average", _points(first), 0.0, "above"
        ),
        held_against("accuracy of one weight average minus one network", _points(second), 0.0, "above"),
    )


def samples_evidence(results: Mapping[str, xr.Dataset]) -> tuple[Evidence, ...]:
    """Hold what the samples of a subspace add to the plain ensemble, as a share of its gain, against a quarter.

    share = difference(subspace, independent, full size) / gain(independent, full size), in accuracy, for the subspace
    that adds most (`farthest` for the interval). Its ends are those of the paired difference, over the gain's point
    value: the uncertainty of the gain is left out of them. Where the gain itself can't be told from 0, a share of it
    says nothing, and the claim is undecided.
    """
    size = full_size(results)
    gain, differences = (
        read(results, METHODS, name, dims) for name, dims in (("gain", OF_ONE), ("difference", OF_TWO))
    )
    plain = gain and gain.at(**RAW, method="independent", size=size)
    statistic = "most that samples of a subspace add to the ensemble's accuracy, as a share of its gain"
    if plain is None or differences is None or not np.isfinite(float(plain.value)):
        return (held_against(statistic, None, LITTLE, "below"),)
    if not float(plain.low) > 0:
        told = "the plain ensemble's gain can't be told from 0, so there is no share of it"
        return (Evidence(told, None, LITTLE, "below", Verdict.UNCLEAR),)
    added = {name: differences.at(**RAW, method=name, method_other="independent", size=size) for name in SUBSPACES}
    most = farthest({name: one.over(float(plain.value)) for name, one in added.items() if one is not None}, "largest")
    if most is None:
        return (held_against(statistic, None, LITTLE, "below"),)
    number = most.number("share of the gain", signed=True)
    return (held_against(f"{statistic}: {method_named(most.label).label}", number, LITTLE, "below"),)


def full_size(results: Mapping[str, xr.Dataset]) -> int | None:
    """Return the largest size at which the gain of independent members was measured, or None below 2.

    >>> full_size({}) is None
    True
    """
    gain = read(results, METHODS, "gain", OF_ONE)
    plain = gain and gain.at(**RAW, method="independent")
    if plain is None:
        return None
    sizes = plain.value[SIZE].values[np.isfinite(plain.value.values)]
    return int(sizes.max()) if sizes.size and sizes.max() > 1 else None


def _points(estimate: Estimates | None) -> Number | None:
    """Return a difference of accuracy in percentage points."""
    return estimate and estimate.number("accuracy", scale=100.0, unit="percentage points", signed=True)


ORDER = ClaimKind(
    "ensembles-beat-averages-beat-one",
    "Ensembles beat averages of weights, and averages of weights beat single networks.",
    METHODS,
    order_evidence,
)
SAMPLES_ADD_LITTLE = ClaimKind(
    "samples-add-little",
    "Samples around its members add little to an ensemble.",
    METHODS,
    samples_evidence,
)
