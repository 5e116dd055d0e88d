"""Curvature: how sharp, wide and bent the loss is around each solution and along trajectories."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import get_args

import numpy as np
import xarray as xr
from torch import Tensor, nn

from modescape.core.axes import BIN, EIGENVALUE, MATRIX, MEMBER, STEP
from modescape.core.errors import MissingDependencyError
from modescape.data import Examples
from modescape.landscapes import (
    Matrix,
    examples_of,
    gradient_norm,
    sharpness,
    spectral_density,
    top_eigenvalues,
    trace,
    width,
)
from modescape.studies.context import StudyContext
from modescape.studies.pieces import Piece, Pieces
from modescape.studies.step import LeftOutError, Step
from modescape.train import load_weights

TASK = "curvature"
MATRICES: tuple[Matrix, ...] = get_args(Matrix)
BATCH_SIZE = 50
"""Examples at once: several vectors are multiplied by the same activations, which should stay in the cache."""
NUM_BINS = 256
AROUND = ("loss", "accuracy", "sharpness", "gradient_norm", "width", "width_low", "width_high", "width_open")
DIMS = {
    **dict.fromkeys(AROUND, (MEMBER, STEP)),
    **dict.fromkeys(("trace", "trace_error", "smallest"), (MATRIX, MEMBER, STEP)),
    "top": (MATRIX, MEMBER, STEP, EIGENVALUE),
    **dict.fromkeys(("density", "density_at"), (MATRIX, MEMBER, BIN)),
}


def _work(context: StudyContext) -> dict[str, xr.Dataset | None]:
    """Look at one checkpoint after the other; what was found at each is kept."""
    pieces, examples = Pieces(context, curvature), _examples(context)
    jobs = [
        (place, matrix, name, make)
        for member in context.trained
        for step in steps_of(context, member)
        for place in [_Checkpoint(context, examples, member, step)]
        for matrix, name, make in place.jobs()
    ]
    context.progress.start(TASK, len(jobs))
    dataset = _empty(context)
    try:
        for place, matrix, name, make in jobs:
            _put(dataset, place, matrix, pieces.piece(name, make))
            context.progress.advance(TASK, note=f"member {place.member}, epoch {place.step}")
    except MissingDependencyError as error:
        raise LeftOutError(str(error)) from None
    return {"results/curvature": dataset}


def steps_of(context: StudyContext, member: int) -> list[int]:
    """Return the checkpoints of a member that are looked at: spread over its trajectory, and its solution.

    Args:
        context: The run.
        member: A trained member; of one without a trajectory, its solution is all there is.
    """
    last, number = context.solution_step(member), context.settings.curvature.curvature_steps
    if member not in context.trajectories or number == 1:
        return [last]
    return np.unique(np.linspace(0, last, number).round().astype(int)).tolist()


@dataclass
class _Checkpoint:
    """One network, and all that is measured around it.

    Args:
        context: The run.
        examples: What everything is measured on.
        member: Whose checkpoint it is.
        step: After how many epochs.
    """

    context: StudyContext
    examples: Examples
    member: int
    step: int

    def jobs(self) -> Iterator[tuple[Matrix | None, str, Callable[[], Piece]]]:
        """Yield what is to be done, each with the matrix that it is about and a name."""
        name = f"member-{self.member}-epoch-{self.step}"
        for matrix in MATRICES:
            yield matrix, f"{name}-{matrix}", partial(self.bent, matrix)
        yield None, f"{name}-around", self.around
        if self.step == self.context.solution_step(self.member):
            for matrix in MATRICES:
                yield matrix, f"{name}-{matrix}-density", partial(self.spectrum, matrix)

    @cached_property
    def network(self) -> nn.Module:
        """The network with the weights of the checkpoint."""
        network = copy.deepcopy(self.context.network)
        load_weights(network, self.context.run.read_weights(self.member, self.step))
        return network

    @cached_property
    def batches(self) -> list[tuple[Tensor, Tensor]]:
        """The examples as the network sees them."""
        device, prepare = self.context.task.device, self.context.dataset.prepare
        pieces = zip(self.examples.inputs.split(BATCH_SIZE), self.examples.labels.split(BATCH_SIZE), strict=True)
        return [(prepare(inputs.to(device)), labels.to(device)) for inputs, labels in pieces]

    def around(self) -> Piece:
        """Measure loss, sharpness and width.

        Directions are the same for all checkpoints but for the norms of their filters: differences are paired.
        """
        settings, seen = self.context.settings, (self.network, nn.CrossEntropyLoss(), self.batches)
        chosen = settings.curvature
        wide = width(
            *seen,
            rise=chosen.width_rise,
            num_directions=chosen.width_directions,
            seed=settings.seed,
            confidence=settings.compare.confidence,
        )
        predicted = examples_of([self._probabilities()], self.examples.labels.numpy())
        values = (
            predicted.losses.mean(),
            predicted.correct.mean(),
            sharpness(*seen, radius=chosen.sharpness_radius),
            gradient_norm(*seen),
            wide.value,
            wide.low,
            wide.high,
            wide.open_share,
        )
        return {name: np.array(value) for name, value in zip(AROUND, values, strict=True)}

    def bent(self, matrix: Matrix) -> Piece:
        """Measure the largest eigenvalues and the trace of a matrix; NaN for more eigenvalues than there are."""
        settings, seen = self.context.settings, (self.network, nn.CrossEntropyLoss(), self.batches)
        wanted = settings.curvature.eigenvalues
        number = min(wanted, sum(parameter.numel() for parameter in self.network.parameters()))
        top = np.full(wanted, np.nan)
        top[:number] = top_eigenvalues(*seen, matrix=matrix, num=number, seed=settings.seed)
        sum_of_all = trace(*seen, matrix=matrix, num_samples=settings.curvature.trace_samples, seed=settings.seed)
        return {"top": top, "trace": np.array(sum_of_all.value), "trace_error": np.array(sum_of_all.error)}

    def spectrum(self, matrix: Matrix) -> Piece:
        """Measure the spectral density of a matrix."""
        settings = self.context.settings.curvature
        found = spectral_density(
            self.network,
            nn.CrossEntropyLoss(),
            self.batches,
            matrix=matrix,
            num_samples=settings.density_samples,
            rank=settings.density_rank,
            num_bins=NUM_BINS,
            seed=self.context.settings.seed,
        )
        return {"density": found.density, "density_at": found.at, "smallest": np.array(found.smallest)}

    def _probabilities(self) -> Tensor:
        """Predict the examples."""
        weights = self.context.run.read_weights(self.member, self.step)
        (found,) = self.context.predictor(self.examples).each([weights])
        return found


def _examples(context: StudyContext) -> Examples:
    """Return the training examples that everything is measured on, the same for all checkpoints."""
    return context.sample_of(context.dataset.train, context.settings.curvature.curvature_examples)


def _empty(context: StudyContext) -> xr.Dataset:
    """Return a table in which nothing was measured yet: NaN everywhere."""
    members = context.trained
    coords = {
        MEMBER: members,
        STEP: sorted({step for member in members for step in steps_of(context, member)}),
        MATRIX: list(MATRICES),
        EIGENVALUE: list(range(context.settings.curvature.eigenvalues)),
    }
    sizes = {**{name: len(labels) for name, labels in coords.items()}, BIN: NUM_BINS}
    columns = {name: (dims, np.full([sizes[dim] for dim in dims], np.nan)) for name, dims in DIMS.items()}
    return xr.Dataset(columns, coords=coords, attrs=_attributes(context))


def _put(dataset: xr.Dataset, place: _Checkpoint, matrix: str | None, piece: Piece) -> None:
    """Write what was found at a checkpoint to its place."""
    labels = {MEMBER: place.member, STEP: place.step, MATRIX: matrix}
    for name, values in piece.items():
        dataset[name].loc[{dim: labels[dim] for dim in DIMS[name] if dim in labels}] = values


def _attributes(context: StudyContext) -> dict[str, object]:
    """Return what a reader needs to know of the numbers."""
    settings, available = context.settings.curvature, len(context.dataset.train)
    return {
        "num_examples": min(settings.curvature_examples or available, available),
        "radius": settings.sharpness_radius,
        "rise": settings.width_rise,
        "confidence": context.settings.compare.confidence,
    }


curvature = Step(
    "curvature",
    "curvature and width of minima",
    ("results/curvature",),
    _work,
    options=(
        "curvature_examples",
        "curvature_steps",
        "eigenvalues",
        "trace_samples",
        "density_samples",
        "density_rank",
        "sharpness_radius",
        "width_rise",
        "width_directions",
        "confidence",
    ),
)
