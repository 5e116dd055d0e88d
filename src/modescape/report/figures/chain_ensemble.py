"""Whether the samples of one chain make an ensemble as good as independent members."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import METRIC, SIZE
from modescape.report.drawables import Drawing, Line, Lines, long_table
from modescape.report.figures.compared import cut, labels_of
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.inputs import confidence_of, variable
from modescape.report.methods import method_named
from modescape.report.metrics import METRICS, Metric, metric_named

NAME: Final = "chain-ensemble"
TITLE: Final = "Is the ensemble of one chain as good as independent members?"
STEP: Final = "chain-ensemble"
CHAIN: Final = "cyclical-sgmcmc"
COLUMNS: Final = ["value", "low", "high", "gain", "gain_low", "gain_high", "independent_value"]


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return one panel for each metric: ensembles of the chain's samples and of independent members, by size.

    Source: Zhang et al. (2020), section 3, https://arxiv.org/abs/1902.03932, for the chain. Differs from it in setting
    independent members beside it.
    """
    variable(results, STEP, "value", (METRIC, SIZE))
    dataset = results[STEP]
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            "Each point averages the probabilities of so many samples of one cyclical chain, or of so many independent "
            f"members; the band is the {confidence_of(results, STEP)} interval of the chain over examples."
        ),
        look_for=(
            "Look at the distance between the lines at equal size, and remember the cost: the whole chain is one long "
            "run, each independent member a run of its own."
        ),
        panels=tuple(_panel(dataset, metric_named(name)) for name in labels_of(dataset, METRIC)),
        table=long_table(dataset, COLUMNS),
        found=tuple(_found(dataset)),
    )


def _panel(dataset: xr.Dataset, metric: Metric) -> Lines:
    """Return the two curves of one metric."""
    sizes, place = dataset[SIZE].values.astype(np.float64), {METRIC: metric.name}
    value, low, high, other = (
        cut(dataset, name, place, scale=metric.scale) for name in ("value", "low", "high", "independent_value")
    )
    chain, plain = method_named(CHAIN), method_named("independent")
    lines = []
    if other is not None and np.isfinite(other).any():
        lines.append(Line(plain.label, sizes, other, series=plain.series))
    if value is not None and np.isfinite(value).any():
        lines.append(Line(chain.label, sizes, value, low, high, series=chain.series))
    ends = [f"{line.name} {metric.shown(line.y[np.isfinite(line.y)][-1] / metric.scale)}" for line in lines]
    return Lines(
        title=metric.heading,
        alt=f"{metric.label} against the number of samples; the last: {', '.join(ends) or 'no numbers'}.",
        lines=tuple(lines),
        x_label="samples or members in the ensemble",
        y_label=metric.axis_label,
        decimals=metric.decimals,
    )


def _found(dataset: xr.Dataset) -> list[str]:
    """Set chain and members side by side at the largest size that both have."""
    sentences = []
    for metric in (METRICS["accuracy"], METRICS["nll"]):
        if metric.name not in dataset[METRIC].values or "independent_value" not in dataset:
            continue
        chain, plain = (dataset[name].sel({METRIC: metric.name}).values for name in ("value", "independent_value"))
        both = np.flatnonzero(np.isfinite(chain) & np.isfinite(plain))
        if both.size:
            size, values = dataset[SIZE].values[both[-1]], (chain[both[-1]], plain[both[-1]])
            shown = [metric.shown(float(value)) for value in values]
            sentences.append(f"{metric.heading} at size {size}: {shown[0]} for the chain, {shown[1]} for members.")
    return sentences


FIGURE = FigureKind(NAME, TITLE, (Need(STEP, ("value",)),), compute)
