"""What the ensembles of methods predict, and what they cost: gathered method by method, and kept in pieces."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from jaxtyping import Float
from torch import Tensor

from modescape.combine import mean_of_probabilities
from modescape.core.errors import ArgumentError, DataError, ModelError, TrainingError
from modescape.functions import decisions, disagreement_matrix
from modescape.methods import Cost, Ensemble, Method, ensemble_predictions
from modescape.methods.budgets import epoch_passes
from modescape.methods.independent import NAME as INDEPENDENT
from modescape.studies.context import StudyContext
from modescape.studies.ensembles.trainer import RunTrainer
from modescape.studies.pieces import Pieces

Key: TypeAlias = tuple[str, int]
"""A method and a size."""
SPLITS = ("test", "validation", "foreign")
NUMBERS = ("forward", "backward", "prediction", "parameters", "answers", "disagreement", "oracle_accuracy")
NOTES = "notes"


@dataclass
class Gathered:
    """Everything by (method, size).

    Args:
        predictions: The combined probabilities (example, class) of each split.
        numbers: Costs, and how single answers differ.
        notes: What a reader must know.
    """

    predictions: dict[str, dict[Key, Float[np.ndarray, "example class"]]] = field(
        default_factory=lambda: {split: {} for split in SPLITS}
    )
    numbers: dict[Key, dict[str, float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def gathered(
    context: StudyContext, methods: list[Method], sizes: list[int], inputs: Mapping[str, Tensor], pieces: Pieces
) -> Gathered:
    """Make the ensembles of all methods and note what they predict; a method that fails is left out with a note.

    Args:
        context: The run.
        methods: Which.
        sizes: Budgets in members.
        inputs: Raw examples by split; a split without examples is left out.
        pieces: Keeps what is finished.
    """
    found, task = Gathered(), "methods"
    context.progress.start(task, len(methods))
    for method in methods:
        try:
            piece = pieces.piece(method.name, lambda method=method: _piece(context, method, sizes, inputs))
        except (ArgumentError, DataError, ModelError, TrainingError) as error:
            found.notes.append(f"{method.title}: left out. {error}")
        else:
            _take(found, method, piece)
            missing = [size for size in sizes if (method.name, size) not in found.numbers]
            # Many methods begin with two members: nobody misses a smaller one of theirs.
            if missing not in ([], [1]) or (missing and method.name == INDEPENDENT):
                found.notes.append(_missing_note(method, missing))
        context.progress.advance(task, note=method.title)
    return found


def _missing_note(method: Method, sizes: list[int]) -> str:
    """Return what a reader must know of sizes that a method has no ensemble of."""
    listed = ", ".join(str(size) for size in sizes)
    return f"{method.title}: none of size {listed}. The budget is too small for the method, or its training diverged."


def _piece(
    context: StudyContext, method: Method, sizes: list[int], inputs: Mapping[str, Tensor]
) -> dict[str, np.ndarray]:
    """Return all of one method as arrays, named `size/what`."""
    ensembles = method.ensembles(context.task, sizes, RunTrainer(context))
    arrays: dict[str, np.ndarray] = {}
    for size, ensemble in ensembles.items():
        for split, examples in inputs.items():
            members = ensemble_predictions(
                ensemble, examples, prepare=context.dataset.prepare, seed=context.settings.seed
            )
            arrays[f"{size}/{split}"] = mean_of_probabilities(members).astype(np.float32)
            if split == "test":
                arrays[f"{size}/numbers"] = np.array(_numbers(context, ensemble, members))
        if ensemble.notes:
            arrays[f"{size}/{NOTES}"] = np.frombuffer("\n".join(ensemble.notes).encode(), np.uint8).copy()
    return arrays


def _numbers(
    context: StudyContext, ensemble: Ensemble, members: Float[np.ndarray, "member example class"]
) -> list[float]:
    """Return costs, training in epochs of the base network, and how single answers differ."""
    cost: Cost = ensemble.cost
    # What an epoch executes: batches are whole, so that the rest of the examples waits for the next epoch.
    epoch = epoch_passes(context.task)
    disagreement = oracle = np.nan
    if len(members) > 1:
        decided = decisions(members)
        matrix = disagreement_matrix(decided)
        disagreement = float(matrix[np.triu_indices(len(matrix), 1)].mean())
        oracle = float((decided == context.dataset.test.labels.numpy()).any(axis=0).mean())
    spent = (cost.forward / epoch, cost.backward / epoch, cost.prediction, float(cost.parameters))
    return [*spent, float(len(members)), disagreement, oracle]


def _take(found: Gathered, method: Method, piece: Mapping[str, np.ndarray]) -> None:
    """Sort the arrays of one method."""
    for name, array in piece.items():
        size, _, what = name.partition("/")
        key = (method.name, int(size))
        if what == "numbers":
            found.numbers[key] = dict(zip(NUMBERS, array.tolist(), strict=True))
        elif what == NOTES:
            lines = array.tobytes().decode().splitlines()
            found.notes += [f"{method.title}, size {size}: {line}" for line in lines]
        else:
            found.predictions[what][key] = array


def examples_of(context: StudyContext, foreign: Tensor) -> dict[str, Tensor]:
    """Return what ensembles are shown: test and validation examples, and foreign ones."""
    validation = context.dataset.validation
    shown = {"test": context.dataset.test.inputs, "foreign": foreign}
    return shown | ({"validation": validation.inputs} if len(validation) else {})
