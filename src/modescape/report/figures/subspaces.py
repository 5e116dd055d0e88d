"""What samples around one solution are like: their accuracy, and how often they differ from that solution."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr
from jaxtyping import Float

from modescape.core.axes import MEMBER, METHOD, SAMPLE
from modescape.report.drawables import Drawing, IntervalRow, Intervals, Reference, long_table
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.inputs import labels, off_diagonal, optional, variable
from modescape.report.methods import Method, in_order

NAME: Final = "subspaces"
TITLE: Final = "What are samples around one solution like?"
SUBSPACES: Final = "subspaces"
SOLUTIONS: Final = "solutions"
SAMPLES: Final = (METHOD, MEMBER, SAMPLE)
MAX_DOTS: Final = 300
"""Samples of a method that are drawn: more hide each other."""
MIDDLE: Final = (5.0, 95.0)
"""Percentiles between which the whiskers lie."""


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return one row a method: its samples as dots, their median, and the middle nine tenths of them.

    Source: Fort, Hu and Lakshminarayanan (2019), section 4.2, https://arxiv.org/abs/1912.02757, for the subspaces.
    """
    accuracy = variable(results, SUBSPACES, "accuracy", SAMPLES)
    names = in_order(labels(accuracy, METHOD))
    panels = [_panel(results, names, "accuracy", "accuracy (%)", _one_solution(results))]
    if "disagreement" in results[SUBSPACES]:
        label = "disagreement with own solution (%)"
        panels.append(_panel(results, names, "disagreement", label, _between_solutions(results)))
    attrs = results[SUBSPACES].attrs
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            "Each dot is one network drawn around a solution, of all solutions together"
            f"{_examples(attrs)}; the mark is their median and the whiskers hold the middle nine tenths of them."
        ),
        look_for=(
            "Look for samples that keep the accuracy of their solution and still answer differently: where that "
            "disagreement stays far below that of independent solutions, a subspace adds little to an ensemble."
        ),
        panels=tuple(panels),
        table=long_table(results[SUBSPACES], ["accuracy", "disagreement", "distance", "tries"]),
        found=tuple(_found(results, names)),
    )


def _panel(
    results: Mapping[str, xr.Dataset], methods: list[Method], name: str, label: str, reference: Reference | None
) -> Intervals:
    """Return the rows of one measure in percent."""
    rows = [_row(method, 100.0 * _values(results, name, method)) for method in methods]
    shown = [row for row in rows if np.isfinite(row.value)]
    told = ", ".join(f"{row.name} {row.value:.1f} %" for row in shown)
    return Intervals(
        title=name.capitalize(),
        alt=f"{name.capitalize()} of samples, medians: {told or 'no numbers'}.",
        rows=tuple(shown),
        x_label=label,
        marks=() if reference is None else (reference,),
        decimals=2,
    )


def _row(method: Method, values: Float[np.ndarray, "value"]) -> IntervalRow:
    """Return the median of a method with the middle of its samples and the samples themselves."""
    if not values.size:
        return IntervalRow(method.label, float("nan"), series=method.series)
    low, high = np.percentile(values, MIDDLE)
    step = -(-len(values) // MAX_DOTS)
    dots = values[::step]
    return IntervalRow(method.label, float(np.median(values)), float(low), float(high), method.series, dots=dots)


def _values(results: Mapping[str, xr.Dataset], name: str, method: Method) -> Float[np.ndarray, "value"]:
    """Return all finite values of a method, of every member and sample."""
    values = variable(results, SUBSPACES, name, SAMPLES).sel({METHOD: method.name}).values.ravel()
    return values[np.isfinite(values)].astype(np.float64)


def _one_solution(results: Mapping[str, xr.Dataset]) -> Reference | None:
    """Return the mean accuracy of the solutions themselves, where it was measured."""
    accuracy = optional(results, SOLUTIONS, "accuracy", (MEMBER,))
    finite = np.array([]) if accuracy is None else accuracy.values[np.isfinite(accuracy.values)]
    return Reference("solutions themselves (mean)", 100.0 * float(finite.mean())) if finite.size else None


def _between_solutions(results: Mapping[str, xr.Dataset]) -> Reference | None:
    """Return the mean disagreement between solutions, where it was measured."""
    disagreement = optional(results, SOLUTIONS, "disagreement", (MEMBER, f"{MEMBER}_other"))
    pairs = np.array([]) if disagreement is None else off_diagonal(disagreement)
    return Reference("independent solutions (mean)", 100.0 * float(pairs.mean())) if pairs.size else None


def _found(results: Mapping[str, xr.Dataset], methods: list[Method]) -> list[str]:
    """Say the medians of each method, how they compare with independent solutions, and what is missing."""
    told = []
    for method in methods:
        accuracy = _values(results, "accuracy", method)
        has_disagreement = "disagreement" in results[SUBSPACES]
        differing = _values(results, "disagreement", method) if has_disagreement else np.array([])
        if accuracy.size and differing.size:
            told.append(f"{method.label} {100 * np.median(accuracy):.1f} % and {100 * np.median(differing):.1f} %")
    sentences = [f"Median accuracy and disagreement with their solution: {'; '.join(told)}."] if told else []
    between = _between_solutions(results)
    if told and between is not None:
        sentences.append(f"Two independent solutions disagree on {between.x:.1f} % on average.")
    left_out = int(results[SUBSPACES]["accuracy"].isnull().sum())
    if left_out:
        total = results[SUBSPACES]["accuracy"].size
        sentences.append(f"{left_out:,} of {total:,} samples were left out, as too inaccurate or not measured.")
    return sentences


def _examples(attrs: Mapping[str, int]) -> str:
    """Say on how many examples, where that is stored."""
    return f", on {attrs['num_examples']:,} test examples" if "num_examples" in attrs else ""


FIGURE = FigureKind(NAME, TITLE, (Need(SUBSPACES, ("accuracy",)),), compute)
