"""Samples of one cyclical chain beside independent solutions: cosine and disagreement of all pairs in one picture."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr
from jaxtyping import Bool

from modescape.core.axes import POINT, POINT_OTHER
from modescape.report.drawables import Drawing, Matrix, NumberDetail, long_table
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.figures.pairs import color_range, told
from modescape.report.figures.trajectories import Measure
from modescape.report.inputs import labels, off_diagonal, optional, variable

NAME: Final = "chain"
TITLE: Final = "Does one chain find different functions?"
CHAIN: Final = "chain"
PAIRS: Final = (POINT, POINT_OTHER)
MEMBER_KIND: Final = "member"
MEASURES: Final = (
    Measure("disagreement", "disagreement", "disagreement (% of examples)", "cividis", 100.0, 1, 1.0, "%"),
    Measure("cosine", "weight cosine", "cosine of the weights", "viridis", 1.0, 2, 0.02),
)


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return the matrices of disagreement and cosine over samples of the chain and independent members.

    Source: Zhang et al. (2020), https://arxiv.org/abs/1902.03932, for the chain.
    """
    variable(results, CHAIN, "disagreement", PAIRS)
    attrs = results[CHAIN].attrs
    panels = [_panel(results, measure) for measure in MEASURES]
    about = ", ".join(f"{attrs[name]:,} {name}" for name in ("cycles", "epochs") if name in attrs)
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            "Each cell compares two networks: samples of one cyclical SG-MCMC chain"
            f"{f' ({about})' if about else ''} first, independent solutions after the dividing line; "
            "the grey diagonal is known by definition."
        ),
        look_for=(
            "Look for blocks along the diagonal: samples of one cycle are alike; where cells between cycles are as "
            "bright as those between solutions, each cycle has found another function."
        ),
        panels=tuple(panel for panel in panels if panel is not None),
        table=long_table(results[CHAIN], ["cosine", "disagreement", "accuracy"]),
        found=_found(results),
    )


def _panel(results: Mapping[str, xr.Dataset], measure: Measure) -> Matrix | None:
    """Return the matrix of one measure, or None where it was not measured."""
    array = optional(results, CHAIN, measure.name, PAIRS)
    if array is None or not np.isfinite(array.values).any():
        return None
    array = measure.scale * array
    pairs, names = off_diagonal(array, *PAIRS), labels(array, POINT)
    return Matrix(
        title=measure.label[0].upper() + measure.label[1:],
        alt=(
            f"Matrix of {measure.label} between {len(names)} networks: {told(pairs, measure.decimals, measure.unit)}."
        ),
        values=np.where(np.eye(len(names), dtype=bool), np.nan, array.values.astype(np.float64)),
        rows=names,
        columns=labels(array, POINT_OTHER),
        word="",
        color_label=measure.color_label,
        color_range=color_range(pairs, measure.smallest_span),
        colors=measure.colors,
        decimals=measure.decimals,
        details=_details(results),
        breaks=_breaks(results[CHAIN]),
    )


def _breaks(dataset: xr.Dataset) -> tuple[int, ...]:
    """Return where samples of the chain end and solutions begin, where kinds are stored."""
    kinds = _kinds(dataset)
    return () if kinds is None else tuple((np.flatnonzero(kinds[1:] != kinds[:-1]) + 1).tolist())


def _kinds(dataset: xr.Dataset) -> np.ndarray | None:
    """Return the kind of each network as text, or None where it was not stored."""
    return dataset["kind"].values.astype(str) if "kind" in dataset else None


def _details(results: Mapping[str, xr.Dataset]) -> tuple[NumberDetail, ...]:
    """Return what a selected pair shows: disagreement, cosine and both accuracies, where measured."""
    details = []
    for measure, decimals in zip(MEASURES, (2, 4), strict=True):
        array = optional(results, CHAIN, measure.name, PAIRS)
        if array is not None:
            values = measure.scale * array.values.astype(float)
            details.append(NumberDetail(measure.label, values, decimals=decimals, unit=measure.unit))
    accuracy = optional(results, CHAIN, "accuracy", (POINT,))
    if accuracy is not None:
        values = 100.0 * accuracy.values.astype(float)
        details.append(NumberDetail("accuracy of {row}", values[:, None], decimals=2, unit="%"))
        details.append(NumberDetail("accuracy of {column}", values[None, :], decimals=2, unit="%"))
    return tuple(details)


def _found(results: Mapping[str, xr.Dataset]) -> tuple[str, ...]:
    """Say the mean disagreement within cycles, between cycles, and between independent solutions."""
    dataset = results[CHAIN]
    if _kinds(dataset) is None or "cycle" not in dataset:
        return ()
    disagreement = 100.0 * variable(results, CHAIN, "disagreement", PAIRS).values.astype(np.float64)
    means = {name: _mean(disagreement, which) for name, which in _groups(dataset).items()}
    parts = [f"{mean:.1f} % {name}" for name, mean in means.items() if np.isfinite(mean)]
    return (f"Mean disagreement: {', '.join(parts)}.",) if parts else ()


def _groups(dataset: xr.Dataset) -> dict[str, Bool[np.ndarray, "point point_other"]]:
    """Return which pairs belong to each kind of comparison."""
    is_member, cycle = dataset["kind"].values.astype(str) == MEMBER_KIND, dataset["cycle"].values
    chain = ~is_member[:, None] & ~is_member[None, :]
    same = cycle[:, None] == cycle[None, :]
    return {
        "between samples of one cycle": chain & same,
        "between samples of different cycles": chain & ~same,
        "between a sample and an independent solution": ~is_member[:, None] & is_member[None, :],
        "between independent solutions": is_member[:, None] & is_member[None, :],
    }


def _mean(values: np.ndarray, which: Bool[np.ndarray, "point point_other"]) -> float:
    """Return the mean over different networks, NaN where there are none."""
    chosen = values[which & ~np.eye(len(values), dtype=bool)]
    finite = chosen[np.isfinite(chosen)]
    return float(finite.mean()) if finite.size else float("nan")


FIGURE = FigureKind(NAME, TITLE, (Need(CHAIN, ("disagreement",), {POINT: 2}),), compute)
