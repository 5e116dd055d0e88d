"""Shapes of landscapes: the same measures of members trained in different ways, early, midway and late in training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float
from torch import Tensor, nn

from modescape.core.axes import STAGE
from modescape.core.errors import TrainingError
from modescape.core.trees import Tree
from modescape.data import Examples
from modescape.evaluate import nll
from modescape.functions import decisions, disagreement
from modescape.landscapes import gradient_norm, sharpness, top_eigenvalues, trace, width
from modescape.studies.cells import Cell, cells_of
from modescape.studies.checkpoints import outcomes_of
from modescape.studies.context import StudyContext
from modescape.studies.contrasts import MEASURES, MeasuredCell, side_by_side
from modescape.studies.experiments import Experiment
from modescape.studies.pieces import Piece, Pieces
from modescape.studies.settings import StudySettings
from modescape.studies.step import Step
from modescape.train import MemberOutcome, TrainingTask, load_weights
from modescape.weights import distance_matrix, expected_distance

TASK = "shapes"
BATCH_SIZE = 50
"""Examples at once where curvature is measured: on a CPU their activations stay in the cache."""
PREDICTED = ("test_accuracy", "validation_accuracy", "train_loss")
"""Measures that come from predictions; the others are made of gradients, distances or curvature."""


def _check(settings: StudySettings, task: TrainingTask) -> None:
    """Raise if a cell can't be trained, or curvature not be measured for want of a package."""
    cells_of(settings, task)
    one = torch.zeros(1, 1)
    trace(nn.Linear(1, 1), nn.MSELoss(), [(one, one)], num_samples=2, seed=0)


def _work(context: StudyContext) -> dict[str, xr.Dataset | None]:
    """Train and measure one cell after the other; what is done is kept."""
    cells = cells_of(context.settings, context.task, context.progress)
    pieces, settings = Pieces(context, shapes), context.settings
    members = settings.train.members
    context.progress.start(TASK, len(cells) * members)
    measured, left_out = [], []
    for cell in cells:
        held = _Held(context, cell)
        try:
            outcomes = held.train()
        except TrainingError as error:
            context.progress.say(f"{cell.label} is left out: {error}")
            outcomes = {}
        lost = [member for member in range(members) if not _is_trained(outcomes.get(member))]
        left_out += [f"{cell.label}: member {member} diverged" for member in lost]
        measured.append(_measured(held, [member for member in range(members) if member not in lost], pieces))
        context.progress.advance(TASK, len(lost))
    dataset = side_by_side(measured, settings.compare, seed=settings.seed)
    dataset["stage_epoch"] = ([STAGE], np.array(stage_epochs(settings)))
    return {"results/shapes": dataset.assign_attrs(_attributes(settings, cells, left_out))}


def stage_epochs(settings: StudySettings) -> tuple[int, int, int]:
    """Return the epochs after which a run is early, midway and late in training; in short runs they may coincide.

    >>> stage_epochs(StudySettings(train={"epochs": 40}, shapes={"early": 0.1}))
    (4, 20, 40)
    """
    epochs = settings.train.epochs
    early = max(1, round(settings.shapes.early * epochs))
    return early, max(early, round(epochs / 2)), epochs


@dataclass
class _Held:
    """A cell with the members that the run holds of it."""

    context: StudyContext
    cell: Cell

    @cached_property
    def own(self) -> StudyContext:
        """The run as if its settings were those of the cell."""
        return replace(self.context, settings=self.cell.settings, task=self.cell.task)

    @property
    def part(self) -> str | None:
        """Where the members are kept; the run's own members serve where enough of their epochs are kept."""
        train = self.context.settings.train
        return None if self.cell.is_own and train.trajectories >= train.members else self.cell.part

    @property
    def steps(self) -> tuple[int, ...]:
        """The checkpoints that are looked at, from the initialisation on."""
        return tuple(sorted({0, *stage_epochs(self.context.settings)}))

    def train(self) -> dict[int, MemberOutcome]:
        """Train the members that are not trained yet, and return how all ended."""
        if self.part is None:
            return outcomes_of(self.context.run)
        task = self.cell.task
        settings = task.settings.changed(trajectories=task.settings.members, late_fraction=0.0, keep_best=False)
        experiment = Experiment(self.part, self.cell.label, replace(task, settings=settings), steps=self.steps)
        return experiment.train(self.context)

    def tree(self, member: int, step: int) -> Tree:
        """Return the weights of a member."""
        return self.context.run.read_weights(member, step, self.part)

    def vector(self, member: int, step: int) -> Float[Tensor, "param"]:
        """Return its parameters, buffers apart."""
        return self.own.vector(self.tree(member, step))

    @cached_property
    def curvature_examples(self) -> Examples:
        """The training examples that losses and curvature are of."""
        return self.own.sample_of(self.cell.task.dataset.train, self.context.settings.curvature.curvature_examples)


def _is_trained(outcome: MemberOutcome | None) -> bool:
    """Say whether a member was trained to its end."""
    return outcome is not None and outcome.status == "trained"


def _measured(held: _Held, members: Sequence[int], pieces: Pieces) -> MeasuredCell:
    """Measure the members of a cell that did not diverge."""
    number, stages = held.context.settings.train.members, stage_epochs(held.context.settings)
    values = np.full((len(MEASURES), number, len(stages)), np.nan)
    chosen: dict[int, np.ndarray] = {}
    for member in members:
        predicted = pieces.piece(f"{held.cell.part}-{member}", partial(_predicted, held, member, stages))
        shaped = _shaped(held, member, pieces)
        chosen[member] = predicted["decisions"]
        for index, name in enumerate(MEASURES):
            values[index, member] = predicted[name] if name in PREDICTED else [shaped[step][name] for step in stages]
        held.context.progress.advance(TASK, 1, held.cell.label)
    distances, disagreements = _between(held, chosen)
    return MeasuredCell(held.cell.label, held.cell.levels, values, distances, disagreements)


def _predicted(held: _Held, member: int, stages: Sequence[int]) -> Piece:
    """Return what follows from a member's predictions at each stage, and what it decides in the end."""
    trees, dataset = [held.tree(member, step) for step in stages], held.cell.task.dataset
    known: dict[str, list[float]] = {name: [] for name in PREDICTED}
    test = [probabilities.numpy() for probabilities in held.own.predictor(dataset.test).each(trees)]
    known["test_accuracy"] = [_accuracy(found, dataset.test) for found in test]
    known["validation_accuracy"] = [np.nan] * len(stages)
    if len(dataset.validation):
        found = held.own.predictor(dataset.validation).each(trees)
        known["validation_accuracy"] = [_accuracy(each.numpy(), dataset.validation) for each in found]
    examples = held.curvature_examples
    seen = held.own.predictor(examples).each(trees)
    known["train_loss"] = [nll(found.numpy(), examples.labels.numpy()) for found in seen]
    return {**{name: np.array(row) for name, row in known.items()}, "decisions": decisions(test[-1][None])[0]}


def _accuracy(probabilities: Float[np.ndarray, "example class"], examples: Examples) -> float:
    """Return the share of examples for which the most probable class is the true one."""
    return float(np.mean(decisions(probabilities[None])[0] == examples.labels.numpy()))


def _shaped(held: _Held, member: int, pieces: Pieces) -> dict[int, Mapping[str, float]]:
    """Return the other measures of a member's checkpoints.

    One after the other: PyTorch counts the levels of forward differentiation for all threads together.
    """
    shaped = {}
    for step in sorted(set(stage_epochs(held.context.settings))):
        piece = pieces.piece(f"{held.cell.part}-{member}-{step}", partial(_curved, held, member, step))
        shaped[step] = {name: float(array) for name, array in piece.items()}
    return shaped


def _curved(held: _Held, member: int, step: int) -> Piece:
    """Measure how sharp, wide and curved the loss is around a checkpoint, and how far it lies from the start."""
    settings, task, seed = held.context.settings.curvature, held.cell.task, held.context.settings.seed
    network, loss = task.placed_network(0), nn.CrossEntropyLoss()
    load_weights(network, held.tree(member, step))
    batches = _batches(held)
    around = width(
        network, loss, batches, rise=settings.width_rise, num_directions=settings.width_directions, seed=seed
    )
    top = top_eigenvalues(network, loss, batches, matrix="hessian", num=1, seed=seed)
    traced = trace(network, loss, batches, matrix="hessian", num_samples=settings.trace_samples, seed=seed)
    start, moved = held.vector(member, 0), held.vector(member, step)
    values = {
        "sharpness": sharpness(network, loss, batches, radius=settings.sharpness_radius),
        "width": around.value,
        "top_eigenvalue": float(top[0]),
        "trace": traced.value,
        "gradient_norm": gradient_norm(network, loss, batches),
        "distance_from_start": float((moved - start).norm() / start.norm()),
    }
    return {name: np.array(value) for name, value in values.items()}


def _batches(held: _Held) -> list[tuple[Tensor, Tensor]]:
    """Return the examples as a network takes them."""
    examples, task = held.curvature_examples, held.cell.task
    pieces = zip(examples.inputs.split(BATCH_SIZE), examples.labels.split(BATCH_SIZE), strict=True)
    # Of one channel, images whose channels lie last count as contiguous; second derivatives are slow in that layout.
    plain = torch.contiguous_format
    return [
        (task.dataset.prepare(inputs.to(task.device)).clone(memory_format=plain), labels.to(task.device))
        for inputs, labels in pieces
    ]


def _between(
    held: _Held, chosen: Mapping[int, np.ndarray]
) -> tuple[Float[np.ndarray, "member member_other"], Float[np.ndarray, "member member_other"]]:
    """Return distances between solutions as shares of those of independent ones, and their disagreements."""
    number, last = held.context.settings.train.members, held.context.settings.train.epochs
    ratios, disagreements = np.full((2, number, number), np.nan)
    members = list(chosen)
    vectors = {member: held.vector(member, last) for member in members}
    norms = {member: float(vector.double().norm()) for member, vector in vectors.items()}
    distances = np.asarray(distance_matrix(list(vectors.values()))) if len(members) > 1 else np.zeros((1, 1))
    for row, member in enumerate(members):
        for column, other in enumerate(members):
            ratios[member, other] = distances[row, column] / expected_distance(norms[member], norms[other])
            disagreements[member, other] = disagreement(chosen[member], chosen[other])
    return ratios, disagreements


def _attributes(settings: StudySettings, cells: Sequence[Cell], left_out: Sequence[str]) -> dict[str, object]:
    """Return what a reader needs to know of the numbers."""
    curvature = settings.curvature
    return {
        "num_examples": curvature.curvature_examples or 0,
        "epochs": settings.train.epochs,
        "radius": curvature.sharpness_radius,
        "rise": curvature.width_rise,
        "confidence": settings.compare.confidence,
        "own_cell": next((cell.label for cell in cells if cell.is_own), ""),
        "left_out": "; ".join(left_out),
    }


shapes = Step(
    "shapes",
    "shapes of landscapes",
    ("results/shapes",),
    _work,
    options=(
        "vary",
        "early",
        "curvature_examples",
        "trace_samples",
        "sharpness_radius",
        "width_rise",
        "width_directions",
        "confidence",
        "num_resamples",
    ),
    check=_check,
)
