"""Is it a permutation? Cosine, barrier and disagreement of two solutions before and after their units are aligned."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import ALIGNMENT, PAIR
from modescape.report.drawables import Drawing, IntervalRow, Intervals, Reference, long_table
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.inputs import confidence_of, labels, variable
from modescape.report.metrics import Metric

NAME: Final = "alignment"
TITLE: Final = "Do solutions differ only by a permutation of their units?"
STEP: Final = "alignment"
MAX_PAIRS: Final = 3
"""Pairs drawn: more rows are too many to compare; the data to download holds all of them."""
BEFORE: Final = "none"
REPAIRED: Final = "+repair"
NAMES: Final = {
    "none": ("as they are", 0),
    "scale": ("rescaled", 1),
    "weights": ("matched by weights", 2),
    "activations": ("matched by activations", 3),
}
"""What each alignment is called and the number of its colour."""
BARRIER: Final = Metric("barrier_loss", "barrier", "nats", decimals=3)
DISAGREEMENT: Final = Metric("disagreement", "disagreement", "%", scale=100.0, decimals=1)
COLUMNS: Final = [
    "cosine",
    "distance",
    *(
        f"{name}{end}"
        for name in ("barrier_loss", "barrier_accuracy", "midpoint_disagreement", "disagreement")
        for end in ("", "_low", "_high")
    ),
]


def named(alignment: str) -> tuple[str, int]:
    """Return what an alignment is called, and its colour.

    >>> named("weights+repair")
    ('matched by weights, repaired', 2)
    """
    name, series = NAMES.get(alignment.removesuffix(REPAIRED), (alignment.removesuffix(REPAIRED), len(NAMES)))
    return (f"{name}, repaired" if alignment.endswith(REPAIRED) else name), series


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return the cosine between two solutions, the barrier between them and how far the middle differs, by alignment.

    Source: Ainsworth, Hayase, Srinivasa (2023), https://arxiv.org/abs/2209.04836, and Jordan, Sedghi, Saukh, Entezari,
    Neyshabur (2023), https://arxiv.org/abs/2211.08403. Differs from both in intervals over test examples.
    """
    variable(results, STEP, "cosine", (PAIR, ALIGNMENT))
    dataset = results[STEP]
    pairs = labels(dataset["cosine"], PAIR)
    drawn = dataset.isel({PAIR: slice(MAX_PAIRS)})
    left = f" The first {MAX_PAIRS} of {len(pairs)} pairs are drawn." if len(pairs) > MAX_PAIRS else ""
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            f"Each row is one way to align the second solution to the first: {_explained(dataset)} "
            "Exchanging units never changes what a network computes, so all rows are the same two functions, and "
            f"their disagreement stays as it was; what changes is how the weights compare. {_repair_told(dataset)}"
            f"Whiskers are {confidence_of(results, STEP)} intervals over test examples.{left}"
        ),
        look_for=(
            "Look for a barrier that falls to 0 after the units are matched: then both solutions lie in one basin, "
            "seen through two orders of units. A barrier that stays says that these ways of matching find no "
            "permutation that joins them, not that there is none."
        ),
        panels=(_cosines(drawn), _barriers(drawn), _middles(drawn)),
        table=long_table(dataset, COLUMNS),
        found=tuple(sentence for pair in labels(drawn["cosine"], PAIR) for sentence in _found(drawn.sel({PAIR: pair}))),
    )


def _explained(dataset: xr.Dataset) -> str:
    """Say what the alignments are."""
    told = {
        "scale": "rescaled gives each unit the scale of its partner, which ReLU allows",
        "weights": "matched by weights exchanges units so that weights come as close as can be found",
        "activations": "matched by activations, so that units answer alike to training examples",
    }
    known = [text for name, text in told.items() if name in dataset[ALIGNMENT].values]
    return f"{'; '.join(known)}." if known else ""


def _repair_told(dataset: xr.Dataset) -> str:
    """Say what repaired means in this network, or return an empty text where nothing was repaired."""
    if not any(str(name).endswith(REPAIRED) for name in dataset[ALIGNMENT].values):
        return ""
    if dataset.attrs.get("repair") == "batch norm renewed":
        return "Repaired: statistics of batch norm are measured anew on the way, else they are averaged too. "
    return "Repaired: units on the way are rescaled to vary as much as those of the ends. "


def _cosines(dataset: xr.Dataset) -> Intervals:
    """Return the cosine by alignment; repair moves neither end."""
    names = [name for name in labels(dataset["cosine"], ALIGNMENT) if not name.endswith(REPAIRED)]
    rows = _rows(dataset.sel({ALIGNMENT: names}), "cosine", 1.0)
    return _panel("Cosine", "cosine of the weights", rows, 3, (Reference("orthogonal", 0.0),))


def _barriers(dataset: xr.Dataset) -> Intervals:
    """Return the barrier by alignment."""
    rows = _rows(dataset, "barrier_loss", 1.0)
    return _panel("Barrier", "barrier of the loss (nats)", rows, BARRIER.decimals, (Reference("no barrier", 0.0),))


def _middles(dataset: xr.Dataset) -> Intervals:
    """Return by alignment on how many examples the network half way differs from the first solution."""
    rows = []
    for pair in labels(dataset["cosine"], PAIR):
        here = dataset.sel({PAIR: [pair]})
        ends = [DISAGREEMENT.scale * float(here[f"disagreement{end}"].item()) for end in ("", "_low", "_high")]
        group = _heading(pair) if dataset.sizes[PAIR] > 1 else ""
        rows.append(IntervalRow("the solutions themselves", *ends, series=None, group=group))
        rows.extend(_rows(here, "midpoint_disagreement", DISAGREEMENT.scale, group))
    label = "examples answered otherwise than by the first (%)"
    return _panel("Disagreement half way", label, rows, DISAGREEMENT.decimals)


def _rows(dataset: xr.Dataset, name: str, scale: float, group: str = "") -> list[IntervalRow]:
    """Return one row for each pair and alignment."""
    rows = []
    for pair in labels(dataset[name], PAIR):
        for alignment in labels(dataset[name], ALIGNMENT):
            here = {PAIR: pair, ALIGNMENT: alignment}
            value, low, high = (
                scale * float(dataset[column].sel(here)) if column in dataset else float("nan")
                for column in (name, f"{name}_low", f"{name}_high")
            )
            heading = group or (_heading(pair) if dataset.sizes[PAIR] > 1 else "")
            label, series = named(alignment)
            rows.append(IntervalRow(label, value, low, high, series=series, group=heading))
    return rows


def _heading(pair: str) -> str:
    """Return what stands above the rows of a pair."""
    return f"solutions {pair.replace('-', ' and ')}"


def _panel(
    title: str, x_label: str, rows: list[IntervalRow], decimals: int, marks: tuple[Reference, ...] = ()
) -> Intervals:
    """Return one panel, told in words."""
    told = ", ".join(f"{f'{row.group}, ' if row.group else ''}{row.name} {row.told(decimals)}" for row in rows)
    alt = f"{title} by alignment, {x_label}: {told}."
    return Intervals(title=title, alt=alt, rows=tuple(rows), x_label=x_label, marks=marks, decimals=decimals)


def _found(here: xr.Dataset) -> list[str]:
    """Say for one pair how cosine and barrier change, and that the functions do not."""
    first, _, second = str(here[PAIR].item()).partition("-")
    matched = [name for name in labels(here["cosine"], ALIGNMENT) if name != BEFORE and np.isfinite(_at(here, name))]
    if not matched or not np.isfinite(_at(here, BEFORE)):
        return []
    lowest = min(matched, key=lambda name: _at(here, name))
    closest = max(matched, key=lambda name: float(here["cosine"].sel({ALIGNMENT: name})))
    cosines = [float(here["cosine"].sel({ALIGNMENT: name})) for name in (BEFORE, closest)]
    return [
        f"From solution {first} to solution {second} the barrier of the loss is {_told(here, BEFORE)} as they are; the "
        f"lowest after alignment is {_told(here, lowest)} ({named(lowest)[0]}).",
        f"The cosine between their weights goes from {cosines[0]:.3f} to at most {cosines[1]:.3f} "
        f"({named(closest)[0].removesuffix(', repaired')}); they still differ on {_differ(here)} of the examples.",
    ]


def _at(here: xr.Dataset, alignment: str) -> float:
    """Return a barrier."""
    return float(here["barrier_loss"].sel({ALIGNMENT: alignment}))


def _told(here: xr.Dataset, alignment: str) -> str:
    """Say a barrier with its interval."""
    row = _rows(here.expand_dims(PAIR).sel({ALIGNMENT: [alignment]}), "barrier_loss", 1.0)[0]
    return f"{row.value:.3f} nats{row.told(3).removeprefix(f'{row.value:.3f}')}"


def _differ(here: xr.Dataset) -> str:
    """Say the disagreement of both with its interval."""
    ends = [DISAGREEMENT.scale * float(here[f"disagreement{end}"]) for end in ("", "_low", "_high")]
    value, low, high = ends
    return f"{value:.1f} % [{low:.1f}, {high:.1f}]"


FIGURE = FigureKind(
    NAME,
    TITLE,
    (Need(STEP, ("cosine", "barrier_loss", "midpoint_disagreement", "disagreement"), {ALIGNMENT: 2}),),
    compute,
)
