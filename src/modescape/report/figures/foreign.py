"""How well predictors tell foreign examples from known ones."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import METHOD, SCORE
from modescape.report.drawables import Drawing, IntervalRow, Intervals, Reference, long_table
from modescape.report.figures.compared import labels_of, with_ends
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.inputs import confidence_of, variable
from modescape.report.methods import in_order, method_named

NAME: Final = "foreign"
TITLE: Final = "Do predictors notice data from elsewhere?"
STEP: Final = "foreign"
SCORES: Final = {
    "maximum_probability": "largest probability",
    "entropy": "entropy",
    "mutual_information": "mutual information",
}
"""How scores are named."""
CHANCE: Final = {"auroc": 50.0, "fpr95": 95.0}
"""What a score that knows nothing reaches, in percent."""


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return AUROC and FPR95 of each score of each predictor.

    Source: Hendrycks and Gimpel (2017), section 3, https://arxiv.org/abs/1610.02136, for AUROC of the largest
    probability; Fort, Hu and Lakshminarayanan (2019), section 5, https://arxiv.org/abs/1912.02757, for the
    Jensen-Shannon divergence of members, which is the mean of their mutual information.
    """
    for name in ("auroc", "fpr95"):
        variable(results, STEP, name, (METHOD, SCORE))
    dataset = results[STEP]
    panels = (
        _panel(dataset, "auroc", "AUROC", "AUROC (%), higher is better"),
        _panel(dataset, "fpr95", "FPR95", "FPR95 (%), lower is better"),
    )
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            f"Each row says how well one score of one predictor tells {told_foreign(dataset)}, with "
            f"{confidence_of(results, STEP)} intervals: AUROC over all thresholds, and FPR95, the share of foreign "
            "examples taken for known where 95 % of the known ones are kept."
        ),
        look_for=(
            "Look for the ensemble of independent solutions to stand right of all that comes from one member in AUROC; "
            "at the line of chance a score knows nothing."
        ),
        panels=panels,
        table=long_table(dataset, ["auroc", "auroc_low", "auroc_high", "fpr95", "fpr95_low", "fpr95_high"]),
        found=(*_found(dataset), *_divergence(dataset)),
    )


def told_foreign(dataset: xr.Dataset) -> str:
    """Say what is told from what, with the note on how foreign examples were made to fit."""
    name = dataset.attrs.get("foreign", "foreign data")
    note = dataset.attrs.get("note")
    known, foreign = (dataset.attrs.get(f"num_{origin}") for origin in ("known", "foreign"))
    told = f"{f'{foreign:,} ' if foreign else ''}examples of {name}{f' ({note})' if note else ''}"
    return f"{told} from {f'{known:,} of ' if known else ''}the test set"


def _panel(dataset: xr.Dataset, name: str, title: str, x_label: str) -> Intervals:
    """Return the rows of one measure, in one group a score."""
    rows = [row for score in labels_of(dataset, SCORE) for row in _rows(dataset, name, score)]
    told = "; ".join(f"{row.group}, {row.name}: {row.told(1)}" for row in rows)
    return Intervals(
        title=title,
        alt=f"{title} in percent for each score of each predictor: {told or 'no numbers'}.",
        rows=tuple(rows),
        x_label=x_label,
        marks=(Reference("chance", CHANCE[name]),),
        decimals=1,
    )


def _rows(dataset: xr.Dataset, name: str, score: str) -> list[IntervalRow]:
    """Return a row for each predictor that has the score."""
    rows = []
    for method in in_order(labels_of(dataset, METHOD)):
        value, low, high = with_ends(dataset, name, {METHOD: method.name, SCORE: score}, scale=100.0)
        if np.isfinite(value):
            rows.append(IntervalRow(method.label, value, low, high, method.series, SCORES.get(score, score)))
    return rows


def _found(dataset: xr.Dataset) -> list[str]:
    """Name the best score of the ensemble and of everything else."""
    rows = [row for score in labels_of(dataset, SCORE) for row in _rows(dataset, "auroc", score)]
    plain = method_named("independent").label
    sentences = []
    for whose, chosen in (
        ("the ensemble of independent solutions", [row for row in rows if row.name == plain]),
        ("all that comes from one member", [row for row in rows if row.name != plain]),
    ):
        if chosen:
            best = max(chosen, key=lambda row: row.value)
            by = f"{best.group} of {best.name}" if best.name != plain else best.group
            sentences.append(f"Best AUROC of {whose}: {best.told(1)} %, by the {by}.")
    return sentences


def _divergence(dataset: xr.Dataset) -> list[str]:
    """Say how far members differ on known and on foreign examples."""
    labels = {METHOD: "independent", SCORE: "mutual_information"}
    if "mean" not in dataset or any(label not in dataset[dim].values for dim, label in labels.items()):
        return []
    known, foreign = (float(dataset["mean"].sel({**labels, "origin": origin})) for origin in ("known", "foreign"))
    if not np.isfinite([known, foreign]).all():
        return []
    return [
        f"Jensen-Shannon divergence of the independent solutions: {known:.3f} nats on known examples, "
        f"{foreign:.3f} on foreign ones."
    ]


FIGURE = FigureKind(NAME, TITLE, (Need(STEP, ("auroc", "fpr95")),), compute)
