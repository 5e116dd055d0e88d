"""Layer by layer: do members arrange the same examples alike, and where do they part?"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr
from jaxtyping import Float

from modescape.core.axes import ALIGNMENT, LAYER, MEMBER, MEMBER_OTHER, PAIR
from modescape.report.drawables import Drawing, IntervalRow, Intervals, Line, Lines, long_table
from modescape.report.figures.compared import labels_of
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.figures.null import each_once
from modescape.report.inputs import confidence_of, labels, optional, variable

NAME: Final = "representations"
TITLE: Final = "Where do members part?"
REPRESENTATIONS: Final = "representations"
MAX_ROWS: Final = 40
"""Layers with a row of their own: of more, evenly spread ones are drawn; the data to download hold all."""
BEFORE: Final = "none"
AFTER: Final = ("weights", "activations")
"""Alignments that only exchange neurons, in the order in which one is looked for."""
MEASURES: Final = {"layer_cosine": "weight cosine", "unit_correlation": "correlation of neurons"}
COLUMNS: Final = [f"{name}{end}" for name in ("cka", "parting", "untrained") for end in ("", "_low", "_high")]


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return the CKA of each layer over pairs of members, and beside it what exchanging neurons changes.

    Source: Kornblith et al. (2019), https://arxiv.org/abs/1905.00414, for CKA; Nguyen, Raghu, Kornblith (2021),
    https://arxiv.org/abs/2010.15327, for its estimate over batches.
    """
    dataset = results[REPRESENTATIONS]
    alike = _alike(results)
    panels: list[Intervals | Lines] = [alike]
    along = _along(results)
    if len(along.lines) > 1:
        panels.append(along)
    attrs, names = dataset.attrs, labels_of(dataset, LAYER)
    examples = f" on {attrs['num_examples']:,} test examples" if "num_examples" in attrs else ""
    left = f" {attrs['members_left_out']} more members are left out." if attrs.get("members_left_out") else ""
    few = f" {len(alike.rows)} of {len(names)} layers have a row." if len(alike.rows) < len(names) else ""
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            f"Each row is one layer: how alike pairs of members (dots) arrange the same inputs{examples} by its "
            f"outputs, as linear CKA (1: alike up to a rotation), with the {confidence_of(results, REPRESENTATIONS)} "
            f"interval of the mean; the grey band is the same for networks before training.{few}{left} Exchanging "
            "neurons does not change CKA: aligning members moves only the cosine and the correlation of neurons."
        ),
        look_for=(
            "Look where CKA falls: up to there members see the inputs alike, and behind it they part. Layers inside "
            "the grey band are as alike as the architecture makes them without any training."
        ),
        panels=tuple(panels),
        table=long_table(dataset, COLUMNS),
        found=tuple(_found(results)),
    )


def _alike(results: Mapping[str, xr.Dataset]) -> Intervals:
    """Return the CKA of each layer, all pairs as dots."""
    dataset = results[REPRESENTATIONS]
    cka = variable(results, REPRESENTATIONS, "cka", (LAYER, MEMBER, MEMBER_OTHER))
    names = labels(cka, LAYER)
    mean, low, high = (_of_layers(results, f"parting{end}") for end in ("", "_low", "_high"))
    untrained = [_of_layers(results, f"untrained{end}") for end in ("_low", "_high")]
    rows = []
    for index in _drawn(dataset.sizes[LAYER]):
        band = (float(untrained[0][index]), float(untrained[1][index]))
        pairs = each_once(cka.isel({LAYER: index}))
        middle = float(mean[index]) if np.isfinite(mean[index]) or not pairs.size else float(pairs.mean())
        chance = band if np.isfinite(band).all() else None
        rows.append(IntervalRow(names[index], middle, float(low[index]), float(high[index]), dots=pairs, chance=chance))
    told = ", ".join(f"{row.name} {row.told(2)}" for row in rows)
    return Intervals(
        title="Likeness of representations",
        alt=f"Linear CKA between members, layer by layer: {told}.",
        rows=tuple(rows),
        x_label="linear CKA of the outputs of a layer",
        decimals=3,
    )


def _drawn(number: int) -> list[int]:
    """Return which layers have a row: all, or evenly spread ones with the first and the last."""
    return sorted({round(place) for place in np.linspace(0, number - 1, min(number, MAX_ROWS)).tolist()})


def _of_layers(results: Mapping[str, xr.Dataset], name: str) -> Float[np.ndarray, "layer"]:
    """Return a number of each layer, NaN where it was not measured."""
    array = optional(results, REPRESENTATIONS, name, (LAYER,))
    number = results[REPRESENTATIONS].sizes[LAYER]
    return np.full(number, np.nan) if array is None else array.values.astype(np.float64)


def _along(results: Mapping[str, xr.Dataset]) -> Lines:
    """Return CKA, cosines and correlations against the depth of the layer."""
    names = labels_of(results[REPRESENTATIONS], LAYER)
    depth = np.arange(1.0, len(names) + 1)
    mean, low, high = (_of_layers(results, f"parting{end}") for end in ("", "_low", "_high"))
    lines = [Line("CKA", depth, mean, low, high, series=0), *_aligned(results, names, depth)]
    if len(lines) == 1:
        lines += _cosine(results, names, depth)
    told = ", ".join(f"{line.name} {_span(line.y)}" for line in lines)
    return Lines(
        title="By depth",
        alt=f"CKA and other likenesses of members from the first layer to the last: {told}.",
        lines=tuple(lines),
        x_label="layer, counted from the inputs",
        y_label="likeness (1: the same)",
        decimals=3,
    )


def _aligned(results: Mapping[str, xr.Dataset], names: list[str], depth: Float[np.ndarray, "layer"]) -> list[Line]:
    """Return cosine and correlation of neurons, before members were aligned and after it."""
    dataset = results.get("alignment", xr.Dataset())
    kinds = labels_of(dataset, ALIGNMENT) if ALIGNMENT in dataset.coords else []
    after = next((name for name in AFTER if name in kinds), None)
    lines = []
    for series, (name, told) in enumerate(MEASURES.items(), start=1):
        if name not in dataset or after is None:
            continue
        for kind, words in ((BEFORE, "before"), (after, "after")):
            if kind in kinds:
                values = dataset[name].sel({ALIGNMENT: kind}).transpose(PAIR, LAYER)
                row = _matched(_means(values.values), labels_of(dataset, LAYER), names)
                label = f"{told} {words} aligning"
                lines.append(Line(label, depth, row, series=series, dashed=kind == BEFORE))
    return [line for line in lines if np.isfinite(line.y).any()]


def _cosine(results: Mapping[str, xr.Dataset], names: list[str], depth: Float[np.ndarray, "layer"]) -> list[Line]:
    """Return the mean weight cosine of each layer over pairs of members, where it was measured."""
    array = optional(results, "layers", "cosine", (LAYER, MEMBER, MEMBER_OTHER))
    if array is None:
        return []
    rows = np.stack([each_once(array.isel({LAYER: index})) for index in range(array.sizes[LAYER])])
    values = _matched(_means(rows.T), list(labels(array, LAYER)), names)
    return [Line("weight cosine", depth, values, series=1)] if np.isfinite(values).any() else []


def _means(values: Float[np.ndarray, "pair layer"]) -> Float[np.ndarray, "layer"]:
    """Return means over the pairs that have a number."""
    known = np.isfinite(values)
    number = known.sum(axis=0)
    total = np.where(known, values, 0.0).sum(axis=0)
    return np.divide(total, number, out=np.full(len(total), np.nan), where=number > 0)


def _matched(values: Float[np.ndarray, "layer"], of: list[str], names: list[str]) -> Float[np.ndarray, "layer"]:
    """Return the numbers of layers in the order of names, NaN where a layer has none."""
    by_name = dict(zip(of, values.tolist(), strict=True))
    return np.array([by_name.get(name, np.nan) for name in names])


def _span(values: Float[np.ndarray, "layer"]) -> str:
    """Write the first and the last number that is there."""
    finite = values[np.isfinite(values)]
    return f"from {finite[0]:.2f} to {finite[-1]:.2f}" if finite.size else "not measured"


def _found(results: Mapping[str, xr.Dataset]) -> list[str]:
    """Say where members are least and most alike."""
    names = labels_of(results[REPRESENTATIONS], LAYER)
    mean, low, high = (_of_layers(results, f"parting{end}") for end in ("", "_low", "_high"))
    rows = [
        IntervalRow(name, *numbers)
        for name, *numbers in zip(names, mean.tolist(), low.tolist(), high.tolist(), strict=True)
    ]
    known = [row for row in rows if np.isfinite(row.value)]
    if len(known) < 2:
        return []
    least, most = min(known, key=lambda row: row.value), max(known, key=lambda row: row.value)
    return [
        f"Members are least alike in layer {least.name}, CKA {least.told(3)}, and most alike in layer {most.name}, "
        f"{most.told(3)}."
    ]


FIGURE = FigureKind(NAME, TITLE, (Need(REPRESENTATIONS, ("cka",), {MEMBER: 2}),), compute)
