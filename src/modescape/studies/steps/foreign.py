"""Foreign data: how unsure networks are of examples that belong to none of their classes, and whether it shows."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float
from torch import Tensor

from modescape.core.axes import BIN, METHOD, ORIGIN, SCORE
from modescape.data import Examples, load_foreign
from modescape.evaluate import (
    bootstrap_mean_interval,
    bootstrap_weights,
    detection,
    entropy,
    maximum_probability,
    mutual_information,
)
from modescape.studies.context import StudyContext
from modescape.studies.settings import StudySettings
from modescape.studies.step import Step
from modescape.studies.steps.methods import INDEPENDENT
from modescape.studies.steps.predictions import predicted
from modescape.studies.surroundings import SUBSPACES, Surroundings, tries_of
from modescape.train import TrainingTask

SCORES = ("maximum_probability", "entropy", "mutual_information")
FALLING = ("maximum_probability",)
"""Scores that are lower for foreign examples."""
ORIGINS = ("known", "foreign")
ONE = "one member"
NUM_BINS = 25
TASK = "foreign data"

ROUNDING = 1e-6
DETECTED = ("auroc", "auroc_low", "auroc_high", "fpr95", "fpr95_low", "fpr95_high")


def _check(settings: StudySettings, task: TrainingTask) -> None:
    """Raise if the foreign data can't be loaded, or don't fit."""
    load_foreign(settings.foreign.foreign, task.dataset, limit=1, seed=settings.seed)


def _work(context: StudyContext) -> dict[str, xr.Dataset | None]:
    """Show test examples and foreign ones to members, checkpoints and samples."""
    settings = context.settings.foreign
    known = context.sample_of(context.dataset.test, settings.foreign_examples)
    foreign = load_foreign(
        settings.foreign, context.dataset, limit=settings.foreign_examples, seed=context.settings.seed
    )
    inputs = {"known": known.inputs, "foreign": foreign.inputs}
    context.progress.start(TASK, len(inputs))
    members: dict[str, list[Float[np.ndarray, "member example class"]]] = {}
    for origin in ORIGINS:
        for method, predictions in _members_by_method(context, inputs[origin]).items():
            members.setdefault(method, []).append(predictions)
        context.progress.advance(TASK, note=f"{origin} examples")
    scores = {method: [_scores(part) for part in parts] for method, parts in members.items()}
    dataset = _dataset(context, scores)
    dataset.attrs |= {
        "foreign": foreign.name,
        "note": foreign.note,
        "num_known": len(known),
        "num_foreign": len(foreign.inputs),
        "confidence": context.settings.compare.confidence,
    }
    return {"results/foreign": dataset}


def _members_by_method(context: StudyContext, inputs: Tensor) -> dict[str, Float[np.ndarray, "member example class"]]:
    """Return what the networks of each method predict; those around a solution are around the first member's."""
    reference = context.trained[0]
    examples = Examples(inputs, torch.zeros(len(inputs), dtype=torch.int64))
    solutions = predicted(context, {member: [context.solution_step(member)] for member in context.trained}, examples)
    found = {ONE: solutions[:1, 0], INDEPENDENT: solutions[:, 0]}
    if len(context.late_steps) > 1:
        found["checkpoints"] = predicted(context, {reference: context.late_steps}, examples)[0]
    surroundings = Surroundings(context, reference, tries=tries_of(context, reference))
    for name in SUBSPACES:
        if name in surroundings.subspaces:
            drawn = surroundings.samples(name, context.settings.subspaces.samples)
            vectors = (vector for vector in drawn if vector is not None)
            samples = list(surroundings.predictions(vectors, examples))
            if len(samples) > 1:
                found[name] = np.stack(samples)
    return found


def _scores(members: Float[np.ndarray, "member example class"]) -> Float[np.ndarray, "score example"]:
    """Return the scores of each example; a single network has no mutual information."""
    mean = members.mean(axis=0, dtype=np.float64)
    divided = mutual_information(members) if len(members) > 1 else np.full(len(mean), np.nan)
    return np.stack([maximum_probability(mean), entropy(mean), divided])


def _dataset(context: StudyContext, scores: Mapping[str, Sequence[Float[np.ndarray, "score example"]]]) -> xr.Dataset:
    """Compare the scores of known and foreign examples for each method."""
    shape = (len(scores), len(SCORES))
    found = {name: np.full(shape, np.nan) for name in DETECTED}
    means = {name: np.full((*shape, 2), np.nan) for name in ("mean", "low", "high")}
    edges = _bin_edges(context)
    density = np.full((*shape, 2, NUM_BINS), np.nan)
    for row, (known, foreign) in enumerate(scores.values()):
        for column, score in enumerate(SCORES):
            pair = (known[column], foreign[column])
            if np.isnan(pair[0]).any():
                continue
            _fill(found, (row, column), _detected(context, score, *pair))
            for place, values in enumerate(pair):
                _fill(means, (row, column, place), _mean(context, values))
                density[row, column, place] = np.histogram(values, edges[column], density=True)[0]
    dims = [METHOD, SCORE]
    return xr.Dataset(
        {
            **{name: (dims, values) for name, values in found.items()},
            **{name: ([*dims, ORIGIN], values) for name, values in means.items()},
            "density": ([*dims, ORIGIN, BIN], density),
            "bin_centre": ([SCORE, BIN], (edges[:, :-1] + edges[:, 1:]) / 2),
        },
        coords={METHOD: list(scores), SCORE: list(SCORES), ORIGIN: list(ORIGINS), BIN: np.arange(NUM_BINS)},
    )


def _bin_edges(context: StudyContext) -> Float[np.ndarray, "score edge"]:
    """Return equal bins over all that a score can be: from 1 / C to 1, and from 0 to ln C nats."""
    num_classes = context.dataset.num_classes
    ends = [(1 / num_classes, 1.0), (0.0, np.log(num_classes)), (0.0, np.log(num_classes))]
    # The ends themselves may be missed by rounding.
    return np.stack([np.linspace(low - ROUNDING, high + ROUNDING, NUM_BINS + 1) for low, high in ends])


def _fill(table: dict[str, np.ndarray], place: tuple[int, ...], values: Sequence[float]) -> None:
    """Write one number into each array of a table."""
    for array, value in zip(table.values(), values, strict=True):
        array[place] = value


def _detected(
    context: StudyContext, score: str, known: Float[np.ndarray, "example"], foreign: Float[np.ndarray, "example"]
) -> tuple[float, ...]:
    """Return how well a score tells foreign examples from known ones."""
    compare, sign = context.settings.compare, -1.0 if score in FALLING else 1.0
    result = detection(
        sign * known,
        sign * foreign,
        num_resamples=compare.num_resamples,
        confidence=compare.confidence,
        seed=context.settings.seed,
    )
    return tuple(getattr(result, name) for name in DETECTED)


def _mean(context: StudyContext, values: Float[np.ndarray, "example"]) -> tuple[float, ...]:
    """Return the mean of a score with its interval."""
    compare = context.settings.compare
    weights = bootstrap_weights(len(values), num_resamples=compare.num_resamples, seed=context.settings.seed)
    low, high = bootstrap_mean_interval(values, weights, compare.confidence)
    return float(values.mean()), float(low), float(high)


foreign = Step(
    "foreign",
    "foreign data",
    ("results/foreign",),
    _work,
    needs=("predictions", "subspaces"),
    options=("foreign", "foreign_examples", "samples", "confidence", "num_resamples"),
    check=_check,
)
