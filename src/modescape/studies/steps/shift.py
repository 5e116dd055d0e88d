"""Shifted data: solutions, weight averages and subspaces on test examples corrupted more and more."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float
from torch import Tensor

from modescape.core.axes import CORRUPTION, INTENSITY, METHOD, METRIC, SIZE
from modescape.core.checks import check_choice
from modescape.core.errors import ArgumentError, MissingDependencyError
from modescape.core.trees import Tree
from modescape.data import Examples
from modescape.data.corruptions import (
    COMMON,
    CORRUPTIONS,
    INTENSITIES,
    check_corruptible,
    corrupted,
    described,
    official,
    official_names,
    official_rows,
)
from modescape.evaluate import ShiftCurves, ShiftTally
from modescape.studies.context import StudyContext
from modescape.studies.pieces import Piece, Pieces
from modescape.studies.settings import StudySettings
from modescape.studies.step import LeftOutError, Step
from modescape.studies.steps.methods import INDEPENDENT
from modescape.studies.steps.subspaces import METHODS
from modescape.studies.surroundings import Surroundings, tries_of
from modescape.train import TrainingTask

SETS = {"all": CORRUPTIONS, "common": COMMON}
TASK = "corruptions"
Predictions = dict[str, Float[np.ndarray, "member example class"]]


def _check(settings: StudySettings, task: TrainingTask) -> None:
    """Raise if the corruptions that are asked for are not to be had."""
    del task
    _chosen(settings)


def _work(context: StudyContext) -> dict[str, xr.Dataset | None]:
    """Predict clean examples, then those of one corruption after the other; what is done for one is kept."""
    settings, pieces = context.settings.shift, Pieces(context, shift)
    examples = context.sample_of(context.dataset.test, settings.shift_examples)
    names = _chosen(context.settings)
    if settings.corrupted is None:
        _check_possible(examples)
    compare = context.settings.compare
    tally = ShiftTally(
        examples.labels.numpy(),
        num_resamples=compare.num_resamples,
        confidence=compare.confidence,
        seed=context.settings.seed,
    )
    context.progress.start(TASK, 1 + len(names))
    (clean,) = _split(pieces.piece("clean", lambda: _predicted(context, [examples.inputs])), 1)
    tally.add(None, 0, clean)
    context.progress.advance(TASK, note="none")
    for name in names:
        piece = pieces.piece(name, lambda name=name: _predicted(context, _shifted(context, examples, name)))
        for intensity, predictions in zip(INTENSITIES, _split(piece, len(INTENSITIES)), strict=True):
            tally.add(name, intensity, predictions)
        context.progress.advance(TASK, note=name.replace("_", " "))
    return {"results/shift": _dataset(context, tally.result(), len(examples))}


def _chosen(settings: StudySettings) -> tuple[str, ...]:
    """Return the types of corruption that are asked for; of a folder, those that it holds."""
    asked, folder = settings.shift.corruptions, settings.shift.corrupted
    held = CORRUPTIONS if folder is None else official_names(Path(folder))
    if asked not in SETS:
        # Named twice, a type is still corrupted once.
        names = tuple(dict.fromkeys(name.strip() for name in asked.split(",")))
        for name in names:
            check_choice(name, held, "corruptions")
        return names
    names = tuple(name for name in SETS[asked] if name in held)
    if not names:
        rule, advice = f"be among those of {folder}: {', '.join(held)}", "Name them, or pass all"
        raise ArgumentError("corruptions", rule, asked, advice)
    return names


def _check_possible(examples: Examples) -> None:
    """Raise unless the examples can be corrupted here."""
    try:
        check_corruptible(examples.inputs[:1])
    except (ArgumentError, MissingDependencyError) as error:
        raise LeftOutError(str(error)) from None


def _shifted(context: StudyContext, examples: Examples, name: str) -> list[Tensor]:
    """Return the examples under a corruption at each intensity."""
    folder = context.settings.shift.corrupted
    if folder is None:
        seed, rows = context.settings.seed, examples.rows
        numbers = None if rows is None else rows.tolist()
        return [corrupted(examples.inputs, name, level, seed=seed, indices=numbers) for level in INTENSITIES]
    rows, _ = official_rows(Path(folder), examples, seed=context.settings.seed)
    known = {"num_classes": context.dataset.num_classes, "image_shape": context.dataset.input_shape}
    read = partial(official, Path(folder), name, rows=rows, labels=examples.labels, **known)
    return [_like(read(level).inputs, examples.inputs) for level in INTENSITIES]


def _like(images: Tensor, inputs: Tensor) -> Tensor:
    """Return images of 8 bits in the form of a run's inputs, which may be pixels in [0, 1].

    Raises:
        LeftOutError: If the inputs are neither.
    """
    if inputs.dtype == torch.uint8:
        return images
    if float(inputs.min()) < 0.0 or float(inputs.max()) > 1.0:
        raise LeftOutError("The corrupted images have 8 bits; the run's inputs are not pixels from 0 to 255 or 0 to 1.")
    return images.to(torch.float32) / 255.0


def _predicted(context: StudyContext, inputs: Sequence[Tensor]) -> Piece:
    """Predict all inputs together with every method: each around a member gives the mean of its samples."""
    together = torch.cat(list(inputs))
    examples = Examples(together, torch.zeros(len(together), dtype=torch.int64))
    predictor = context.predictor(examples)
    members = context.trained[: context.settings.shift.shift_members]
    found: dict[str, list[Float[np.ndarray, "example class"]]] = {}
    solutions = (context.run.read_weights(member, context.solution_step(member)) for member in members)
    found[INDEPENDENT] = [probabilities.numpy() for probabilities in predictor.each(solutions)]
    for member in members:
        surroundings = Surroundings(context, member, tries=tries_of(context, member))
        for method, trees in _trees(surroundings):
            sampled = [probabilities.numpy() for probabilities in predictor.each(trees)]
            if sampled:
                found.setdefault(method, []).append(np.mean(sampled, axis=0))
    return {name: np.stack(rows) for name, rows in found.items() if len(rows) == len(members)}


def _trees(surroundings: Surroundings) -> Iterator[tuple[str, Iterator[Tree]]]:
    """Yield the weights of each method around a member."""
    number = surroundings.context.settings.shift.shift_samples
    if len(surroundings.late) > 1:
        yield METHODS[0], surroundings.trees([surroundings.average])
    for name in METHODS[1:]:
        if name in surroundings.subspaces:
            drawn = (vector for vector in surroundings.samples(name, number) if vector is not None)
            yield name, surroundings.trees(drawn)


def _split(piece: Piece, number: int) -> list[Predictions]:
    """Cut predictions into those of each intensity."""
    parts = {name: np.split(array, number, axis=1) for name, array in piece.items()}
    return [{name: part[index] for name, part in parts.items()} for index in range(number)]


def _dataset(context: StudyContext, curves: ShiftCurves, num_examples: int) -> xr.Dataset:
    """Name the dimensions."""
    folder = context.settings.shift.corrupted
    names = {
        **dict.fromkeys(("value", "low", "high"), (METHOD, SIZE, METRIC, INTENSITY)),
        "each": (METHOD, SIZE, METRIC, CORRUPTION, INTENSITY),
        **dict.fromkeys(("gain", "gain_low", "gain_high"), (METRIC, INTENSITY)),
        **dict.fromkeys(("slope", "slope_low", "slope_high"), (METRIC,)),
    }
    differs = {name: described(name, context.dataset.input_shape).differs for name in curves.corruptions}
    return xr.Dataset(
        {name: (dims, getattr(curves, name)) for name, dims in names.items()},
        coords={
            METHOD: list(curves.methods),
            SIZE: np.asarray(curves.sizes),
            METRIC: list(curves.metrics),
            CORRUPTION: list(curves.corruptions),
            INTENSITY: np.asarray(curves.intensities),
        },
        attrs={
            "source": _source(context),
            "differs": "; ".join(f"{name}: {text}" for name, text in differs.items() if text and folder is None),
            "num_examples": num_examples,
            "confidence": curves.confidence,
        },
    )


def _source(context: StudyContext) -> str:
    """Say where the corrupted examples come from."""
    settings = context.settings.shift
    if settings.corrupted is None:
        return "on the fly"
    examples = context.sample_of(context.dataset.test, settings.shift_examples)
    _, same = official_rows(Path(settings.corrupted), examples, seed=context.settings.seed)
    return "CIFAR-10-C" if same else "CIFAR-10-C, other images of the same classes"


shift = Step(
    "shift",
    "shifted data",
    ("results/shift",),
    _work,
    needs=("predictions", "subspaces"),
    options=(
        "corruptions",
        "corrupted",
        "shift_examples",
        "shift_members",
        "shift_samples",
        "renew_batch_norm",
        "batch_norm_examples",
        "confidence",
        "num_resamples",
    ),
    check=_check,
)
