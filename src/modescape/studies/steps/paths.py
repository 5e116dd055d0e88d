"""Paths between two solutions: the straight line, and curves of low loss that are fitted to the training data."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from modescape.core.axes import CURVE, PAIR, PLACE
from modescape.core.errors import StoreError, TrainingError
from modescape.core.seeds import Stream, derived_seed
from modescape.core.trees import Tree
from modescape.landscapes import Examples as PathExamples
from modescape.landscapes import PathStatistics, Shape, examples_of, fit_curve, path_statistics
from modescape.studies.context import StudyContext
from modescape.studies.landscapes import OPTIONS, check_pairs, landscape_examples, member_pairs, predictions_at
from modescape.studies.step import Step
from modescape.studies.surroundings import Surroundings
from modescape.train import TrainingTask, check_stop, placed
from modescape.weights import Bezier, Line, Path, Polyline, points_by_length

SHAPE_KINDS: dict[Shape, type[Bezier] | type[Polyline]] = {"bezier": Bezier, "polyline": Polyline}
SHAPES = tuple(SHAPE_KINDS)
CURVES = ("linear", *SHAPES)
ESTIMATES = ("barrier", "accuracy_drop", "barrier_share", "function_share")
TASK = "paths"
PART = "paths"
CURVES_PART = "paths-curves"
"""Where fitted curves stay when the step is done: others look at the same ones."""


@dataclass(frozen=True)
class _Fit:
    """A curve to be fitted: its shape, and the members between which it leads."""

    pair: tuple[int, int]
    shape: Shape

    @property
    def name(self) -> str:
        """Name of its state in the run."""
        return f"pair-{self.pair[0]}-{self.pair[1]}-{self.shape}"


def _work(context: StudyContext) -> dict[str, xr.Dataset | None]:
    """Fit the curves, and look at loss, accuracy and agreement along all paths."""
    pairs = member_pairs(context)
    fitted = _fitted(context, [_Fit(pair, shape) for pair in pairs for shape in SHAPES])
    context.progress.start(TASK, len(pairs))
    tables: list[xr.Dataset] = []
    for pair in pairs:
        ends = [Surroundings(context, member).solution for member in pair]
        curves: dict[str, Path] = {"linear": Line(*ends)}
        curves.update({shape: fitted[pair, shape] for shape in SHAPES if (pair, shape) in fitted})
        tables.append(_pair(context, pair, curves))
        context.progress.advance(TASK, note=f"members {pair[0]} and {pair[1]}")
    dataset = cast("xr.Dataset", xr.concat(tables, PAIR))
    dataset.attrs = {
        "num_examples": len(landscape_examples(context)),
        "confidence": context.settings.compare.confidence,
        "epochs": context.settings.landscape.curve_epochs,
        "bends": context.settings.landscape.bends,
    }
    return {"results/paths": dataset}


def _fitted(context: StudyContext, fits: list[_Fit]) -> dict[tuple[tuple[int, int], str], Path]:
    """Fit curves, as many at the same time as members were trained; one that diverges is left out."""
    jobs = [partial(_curve, context, fit) for fit in fits]
    found = placed(jobs, [context.task.device] * context.engine.workers, context.engine.threads)
    return {(fit.pair, fit.shape): path for fit, path in zip(fits, found, strict=True) if path is not None}


def _curve(context: StudyContext, fit: _Fit, place: torch.device) -> Path | None:
    """Return one curve as it was fitted before, or fit it now."""
    return kept_curve(context, fit.pair, fit.shape) or _fit(context, fit, place)


def _fit(context: StudyContext, fit: _Fit, place: torch.device) -> Path | None:
    """Fit one curve, from where it was left if it was begun before."""
    settings, run, key = context.settings.landscape, context.run, _key(context)
    title = f"{fit.shape} from member {fit.pair[0]} to {fit.pair[1]}"
    begun = _state(context, fit, PART)
    context.progress.start(title, settings.curve_epochs)
    context.progress.advance(title, 0 if begun is None else len(begun["losses"]))

    def on_epoch(state: Tree) -> None:
        run.write_state(fit.name, state, key, part=PART)
        context.progress.advance(title, note=f"loss {state['losses'][-1]:.3f}")

    task = replace(context.task.at(place), seed=derived_seed(context.settings.seed, Stream.CURVE, *fit.pair))
    start, end = (run.read_weights(member, context.solution_step(member)) for member in fit.pair)
    try:
        curve = fit_curve(
            task.placed_network(0),
            start,
            end,
            lambda epoch: _batches(task, epoch),
            shape=fit.shape,
            num_bends=1 if fit.shape == "bezier" else settings.bends,
            epochs=settings.curve_epochs,
            learning_rate=settings.curve_learning_rate,
            seed=task.seed,
            state=begun,
            on_epoch=on_epoch,
        )
    except TrainingError as error:
        context.progress.say(f"{title} is left out: {error}")
        return None
    run.write_state(fit.name, {"controls": torch.stack(curve.path.points[1:-1])}, key, part=CURVES_PART)
    return curve.path


def kept_curve(context: StudyContext, pair: tuple[int, int], shape: Shape) -> Bezier | Polyline | None:
    """Return the curve that was fitted between two members with the settings of now.

    There is none before the step is done, where the fit diverged, and in a run of an older version.
    """
    kept = _state(context, _Fit(pair, shape), CURVES_PART)
    if kept is None:
        return None
    start, end = (Surroundings(context, member).solution for member in pair)
    return SHAPE_KINDS[shape](start, *kept["controls"].unbind(), end)


def _state(context: StudyContext, fit: _Fit, part: str) -> Tree | None:
    """Return what was kept of a fit with the same settings."""
    try:
        kept = context.run.read_state(fit.name, part=part)
    except StoreError:
        return None
    return kept[0] if kept is not None and kept[1] == _key(context) else None


def _key(context: StudyContext) -> dict[str, str]:
    """Return what fits depend on, beside what is fixed for the life of a run."""
    settings = context.settings.landscape
    return {"key": json.dumps([settings.curve_epochs, settings.curve_learning_rate, settings.bends])}


def _batches(task: TrainingTask, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the batches of an epoch."""
    crops = task.augmentation(0, epoch)
    for index, indices in enumerate(task.order(0, epoch)):
        check_stop()
        yield task.batch(indices, None if crops is None else crops[index])


def _pair(context: StudyContext, pair: tuple[int, int], curves: dict[str, Path]) -> xr.Dataset:
    """Look along all paths between two members; a curve that could not be fitted is NaN."""
    tables = {name: _along(context, pair, path) for name, path in curves.items()}
    line = tables["linear"]
    shape = (len(CURVES), context.settings.landscape.path_points)
    along = [f"{name}{end}" for name in ("loss", "accuracy") for end in ("", "_low", "_high")]
    columns = {name: np.full(shape, np.nan) for name in (*along, "agreement_start", "agreement_end")}
    single = {f"{name}{end}": np.full(len(CURVES), np.nan) for name in ESTIMATES for end in ("", "_low", "_high")}
    for row, name in enumerate(CURVES):
        if name not in tables:
            continue
        found, statistics = tables[name], _statistics(context, tables[name], line if name != "linear" else None)
        for column in along:
            columns[column][row] = _number(statistics, column)
        columns["agreement_start"][row] = (found.decisions == found.decisions[0]).mean(axis=1)
        columns["agreement_end"][row] = (found.decisions == found.decisions[-1]).mean(axis=1)
        for column, values in single.items():
            values[row] = _number(statistics, column)
    return xr.Dataset(
        {
            **{name: ([PAIR, CURVE, PLACE], values[None]) for name, values in columns.items()},
            **{name: ([PAIR, CURVE], values[None]) for name, values in single.items()},
        },
        coords={PAIR: [f"{pair[0]}-{pair[1]}"], CURVE: list(CURVES), PLACE: np.linspace(0.0, 1.0, shape[1])},
    )


def _along(context: StudyContext, pair: tuple[int, int], path: Path) -> PathExamples:
    """Predict at equally distant places of a path."""
    examples = landscape_examples(context)
    places = points_by_length(path, context.settings.landscape.path_points)
    predictions = predictions_at(context, pair, ((path.point(t), place) for place, t in places), examples)
    return examples_of(predictions, examples.labels.numpy())


def _statistics(context: StudyContext, found: PathExamples, line: PathExamples | None) -> PathStatistics:
    """Return what changes along a path."""
    compare = context.settings.compare
    return path_statistics(
        found.losses,
        found.correct,
        found.decisions,
        np.linspace(0.0, 1.0, len(found.losses)),
        line_losses=None if line is None else line.losses,
        num_resamples=compare.num_resamples,
        confidence=compare.confidence,
        seed=context.settings.seed,
    )


def _number(statistics: PathStatistics, column: str) -> np.ndarray:
    """Return an estimate or an end of its interval, by a name such as `loss` or `loss_low`."""
    name, _, end = column.rpartition("_")
    if end in ("low", "high"):
        return getattr(getattr(statistics, name), end)
    return getattr(statistics, column).value


paths = Step(
    "paths",
    "paths between two solutions",
    ("results/paths",),
    _work,
    options=(
        *OPTIONS,
        "path_points",
        "bends",
        "curve_epochs",
        "curve_learning_rate",
        "confidence",
        "num_resamples",
    ),
    check=check_pairs,
)
