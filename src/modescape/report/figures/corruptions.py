"""Which corruptions the ensemble helps with most: its gain under each, at the strongest intensity."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import CORRUPTION, INTENSITY, METHOD, METRIC, SIZE
from modescape.report.drawables import Drawing, IntervalRow, Intervals, Reference, long_table
from modescape.report.figures.compared import labels_of
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.figures.shift import PLAIN, STEP, full_size
from modescape.report.inputs import variable
from modescape.report.methods import method_named
from modescape.report.metrics import Metric, metric_named

NAME: Final = "corruptions"
TITLE: Final = "Under which corruptions does the ensemble gain most?"
SHOWN: Final = ("accuracy", "brier")
FAMILIES: Final = {
    "noise": ("gaussian_noise", "shot_noise", "impulse_noise", "speckle_noise"),
    "blur": ("defocus_blur", "glass_blur", "motion_blur", "zoom_blur", "gaussian_blur"),
    "weather": ("snow", "frost", "fog", "brightness", "spatter"),
    "digital": ("contrast", "elastic_transform", "pixelate", "jpeg_compression", "saturate"),
}
"""Source: Hendrycks and Dietterich (2019), section 3.1 and appendix B, https://arxiv.org/abs/1903.12261."""


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return the gain in accuracy and Brier score under each corruption, weaker intensities as dots behind.

    Source: Hendrycks and Dietterich (2019), https://arxiv.org/abs/1903.12261, for the corruptions and their families.
    """
    each = variable(results, STEP, "each", (METHOD, SIZE, METRIC, CORRUPTION, INTENSITY))
    dataset, size = results[STEP], full_size(results[STEP])
    metrics = [metric_named(name) for name in SHOWN if name in each[METRIC].values]
    panels = tuple(_panel(gains(each, metric), metric) for metric in metrics)
    last = int(each[INTENSITY].values.max())
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            f"Each point is the ensemble of {size} minus one member at intensity {last} of one corruption; "
            "the small dots are the weaker intensities, and the second line is the mean over corruptions."
        ),
        look_for=(
            "Look for families that stand apart: a gain far above the mean says that members fail there in ways of "
            "their own, one near 0 that they fail alike."
        ),
        panels=panels,
        table=long_table(dataset.sel({METRIC: [metric.name for metric in metrics]}), ["each"]),
        found=tuple(_found(panel) for panel in panels[:1]),
    )


def gains(each: xr.DataArray, metric: Metric) -> xr.DataArray:
    """Return the gain of the plain ensemble over one member in the unit it is shown in, by corruption and intensity."""
    plain = each.sel({METHOD: PLAIN, METRIC: metric.name})
    sizes = each[SIZE].values
    return metric.scale * (plain.sel({SIZE: sizes.max()}, drop=True) - plain.sel({SIZE: sizes.min()}, drop=True))


def _panel(gain: xr.DataArray, metric: Metric) -> Intervals:
    """Return a row for each corruption, under its family."""
    last = gain[INTENSITY].values.max()
    strongest = gain.sel({INTENSITY: last})
    rows = [
        _row(gain, family, name) for family, name in _by_family(labels_of(gain.to_dataset(name="gain"), CORRUPTION))
    ]
    rows = [row for row in rows if np.isfinite(row.value)]
    mean = float(np.mean([row.value for row in rows])) if rows else float("nan")
    told = ", ".join(f"{row.name} {row.told(metric.decimals)}" for row in rows)
    marks = (Reference("no gain", 0.0), *([Reference("mean", mean)] if rows else []))
    return Intervals(
        title=metric.heading,
        alt=(
            f"Gain in {metric.label}{metric.change_label}, under {len(strongest)} corruptions "
            f"at intensity {last}: {told}."
        ),
        rows=tuple(rows),
        x_label=f"gain{metric.change_label}",
        marks=marks,
        decimals=metric.decimals,
    )


def _by_family(names: list[str]) -> list[tuple[str, str]]:
    """Return corruptions with their families in the order of `FAMILIES`; those of no family last."""
    known = [(family, name) for family, members in FAMILIES.items() for name in members if name in names]
    found = {name for _, name in known}
    return known + [("other", name) for name in names if name not in found]


def _row(gain: xr.DataArray, family: str, name: str) -> IntervalRow:
    """Return the gain under one corruption at the strongest intensity, weaker ones as dots."""
    one = gain.sel({CORRUPTION: name}).sortby(INTENSITY)
    values, intensity = one.values.astype(np.float64), one[INTENSITY].values
    weaker = values[(intensity > 0) & (intensity < intensity.max())]
    series = method_named(PLAIN).series
    return IntervalRow(name.replace("_", " "), float(values[-1]), series=series, group=family, dots=weaker)


def _found(panel: Intervals) -> str:
    """Name the corruptions with the largest and the smallest gain."""
    if not panel.rows:
        return f"{panel.title}: no numbers."
    most, least = (pick(panel.rows, key=lambda row: row.value) for pick in (max, min))
    shown = [f"{row.name} ({row.value:+.{panel.decimals}f})" for row in (most, least)]
    return f"{panel.title}: the largest gain is under {shown[0]}, the smallest under {shown[1]} (in percentage points)."


FIGURE = FigureKind(NAME, TITLE, (Need(STEP, ("each",), {SIZE: 2}, labels={METHOD: PLAIN}),), compute)
