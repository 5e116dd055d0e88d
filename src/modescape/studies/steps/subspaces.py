"""Subspaces around every solution: their samples, and what the samples of each predict together."""

from collections import deque
from collections.abc import Iterator

import numpy as np
import xarray as xr
from jaxtyping import Float
from torch import Tensor

from modescape.core.axes import CLASS, EXAMPLE, MEMBER, METHOD, SAMPLE
from modescape.data import Examples
from modescape.studies.context import StudyContext
from modescape.studies.pieces import Piece, Pieces
from modescape.studies.step import Step
from modescape.studies.steps.predictions import decided
from modescape.studies.surroundings import SUBSPACES, Surroundings

METHODS = ("weight-average", *SUBSPACES)
TASK = "subspaces"


def _work(context: StudyContext) -> dict[str, xr.Dataset | None]:
    """Sample around each member in turn; what is done for a member is kept."""
    pieces = Pieces(context, subspaces)
    context.progress.start(TASK, len(context.trained))
    found = []
    for member in context.trained:
        found.append(pieces.piece(f"member-{member}", lambda member=member: _around(context, member)))
        context.progress.advance(TASK, note=f"member {member}")
    _say_what_is_left_out(context, found)
    return {
        "predictions/methods-test": _predictions(context, found, "test"),
        "predictions/methods-validation": _predictions(context, found, "validation"),
        "results/subspaces": _results(context, found),
    }


def _around(context: StudyContext, member: int) -> Piece:
    """Predict with all samples around one member; NaN for what can't be had."""
    surroundings, dataset = Surroundings(context, member), context.dataset
    shape = (len(METHODS), context.settings.subspaces.samples)
    single = {name: np.full(shape, np.nan) for name in ("accuracy", "disagreement", "distance")}
    own, labels = decided(context, member)
    test = _Means(dataset.test, dataset.num_classes)
    for (method, sample), vector, probabilities in _predicted(surroundings, dataset.test):
        chosen = probabilities.argmax(axis=1)
        single["accuracy"][method, sample] = (chosen == labels).mean()
        single["disagreement"][method, sample] = (chosen != own).mean()
        single["distance"][method, sample] = float((vector - surroundings.solution).double().norm())
        test.add(method, probabilities)
    validation = _Means(dataset.validation, dataset.num_classes)
    for (method, _), _, probabilities in _predicted(surroundings, dataset.validation):
        validation.add(method, probabilities)
    tries = np.array(surroundings.tries)
    rank = np.array(surroundings.rank)
    return {**single, "test": test.means, "validation": validation.means, "tries": tries, "rank": rank}


class _Means:
    """The mean prediction of each method, with NaN for a method without samples."""

    def __init__(self, examples: Examples, num_classes: int) -> None:
        self._sums = np.zeros((len(METHODS), len(examples), num_classes))
        self._counts = np.zeros((len(METHODS), 1, 1))

    def add(self, method: int, probabilities: Float[np.ndarray, "example class"]) -> None:
        """Add the prediction of one sample."""
        self._sums[method] += probabilities
        self._counts[method] += 1

    @property
    def means(self) -> Float[np.ndarray, "method example class"]:
        """The means so far."""
        return (self._sums / np.where(self._counts > 0, self._counts, np.nan)).astype(np.float32)


def _predicted(
    surroundings: Surroundings, examples: Examples
) -> Iterator[tuple[tuple[int, int], Tensor, Float[np.ndarray, "example class"]]]:
    """Yield the method, number, vector and prediction of every sample around a member."""
    if not len(examples):
        return
    drawn: deque[tuple[tuple[int, int], Tensor]] = deque()

    def vectors() -> Iterator[Tensor]:
        for method, sample, vector in _drawn(surroundings):
            drawn.append(((method, sample), vector))
            yield vector

    for probabilities in surroundings.predictions(vectors(), examples):
        yield *drawn.popleft(), probabilities


def _drawn(surroundings: Surroundings) -> Iterator[tuple[int, int, Tensor]]:
    """Draw every sample around a member; the average of its last checkpoints is a method with one sample."""
    if len(surroundings.late) > 1:
        yield 0, 0, surroundings.average
    for method, name in enumerate(METHODS[1:], start=1):
        if name not in surroundings.subspaces:
            continue
        for sample, vector in enumerate(surroundings.samples(name, surroundings.context.settings.subspaces.samples)):
            if vector is not None:
                yield method, sample, vector


def _results(context: StudyContext, pieces: list[Piece]) -> xr.Dataset:
    """Lay the members side by side."""
    dims, settings = [METHOD, MEMBER, SAMPLE], context.settings.subspaces
    variables = {
        name: (dims, np.stack([piece[name] for piece in pieces], axis=1))
        for name in ("accuracy", "disagreement", "distance")
    }
    return xr.Dataset(
        {**variables, "tries": ([MEMBER, SAMPLE], np.stack([piece["tries"] for piece in pieces]))},
        coords={METHOD: list(METHODS), MEMBER: context.trained, SAMPLE: np.arange(settings.samples)},
        attrs={
            "num_examples": len(context.dataset.test),
            "confidence": context.settings.compare.confidence,
            "rank": int(pieces[0]["rank"]),
            "variance": settings.low_rank_variance,
            "num_checkpoints": len(context.late_steps),
        },
    )


def _predictions(context: StudyContext, pieces: list[Piece], split: str) -> xr.Dataset | None:
    """Return what each method predicts around each member: the mean over its samples."""
    examples: Examples = getattr(context.dataset, split)
    if not len(examples):
        return None
    return xr.Dataset(
        {
            "probability": ([METHOD, MEMBER, EXAMPLE, CLASS], np.stack([piece[split] for piece in pieces], axis=1)),
            "label": ([EXAMPLE], examples.labels.numpy()),
        },
        coords={METHOD: list(METHODS), MEMBER: context.trained},
        attrs={"classes": list(context.dataset.classes)},
    )


def _say_what_is_left_out(context: StudyContext, pieces: list[Piece]) -> None:
    """Say which samples could not be had."""
    settings, rank = context.settings.subspaces, int(pieces[0]["rank"])
    if rank < settings.rank:
        context.progress.say(
            f"low-rank Gaussians have rank {rank}, not {settings.rank}: {len(context.late_steps)} late "
            "checkpoints allow no more; train with a higher --late-fraction"
        )
    left_out = sum(int((piece["tries"] == 0).sum()) for piece in pieces)
    if left_out:
        context.progress.say(
            f"{left_out} of {len(pieces) * settings.samples} random samples lost too much accuracy and are left out"
        )


subspaces = Step(
    "subspaces",
    "samples of the subspaces around every solution",
    ("predictions/methods-test", "predictions/methods-validation", "results/subspaces"),
    _work,
    needs=("predictions",),
    options=(
        "samples",
        "rank",
        "low_rank_variance",
        "random_norm",
        "random_threshold",
        "dropout_rate",
        "renew_batch_norm",
        "batch_norm_examples",
        "confidence",
    ),
)
