"""The diversity-accuracy plane: how differently networks decide from a reference, at each accuracy down to chance."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from jaxtyping import Float, Int

from modescape.core.axes import MEMBER, METHOD, POINT, SAMPLE, STEP
from modescape.evaluate import RelativeDiversity, relative_diversity
from modescape.functions import decisions, lower_limit, upper_limit
from modescape.studies.context import StudyContext
from modescape.studies.pieces import Piece, Pieces
from modescape.studies.step import LeftOutError, Step
from modescape.studies.steps.predictions import decided
from modescape.studies.surroundings import SUBSPACES, Surroundings, tries_of
from modescape.weights import strengths_to_chance

NUM_LIMIT_POINTS = 101
SEARCHED = 4
"""Samples at each strength that is tried."""
TASK = "diversity plane"


@dataclass(frozen=True)
class _Group:
    """Networks of one method: what they decide, and how far they were pushed.

    Args:
        chosen: Their decisions.
        strengths: NaN where there is none.
        reached_chance: Whether the last of them knows nothing any more.
    """

    chosen: Int[np.ndarray, "sample example"]
    strengths: Float[np.ndarray, "sample"]
    reached_chance: bool = False


def _work(context: StudyContext) -> dict[str, xr.Dataset | None]:
    """Compare all with the first trained member."""
    reference = context.trained[0]
    _check_knowing(context, reference)
    pieces = Pieces(context, plane)
    groups = _trained_groups(context, reference)
    surroundings = Surroundings(context, reference, tries=tries_of(context, reference))
    available = [name for name in SUBSPACES if name in surroundings.subspaces]
    context.progress.start(TASK, len(available))
    for name in available:
        piece = pieces.piece(name, lambda name=name: _walked(surroundings, name))
        groups[name] = _Group(piece["chosen"], piece["strengths"], bool(piece["reached_chance"]))
        context.progress.advance(TASK, note=name)
    return {"results/plane": _dataset(context, reference, groups)}


def _check_knowing(context: StudyContext, reference: int) -> None:
    """Raise unless the reference decides better than by chance: there is no way down from there."""
    own, labels = decided(context, reference)
    accuracy, chance = float((own == labels).mean()), 1 / context.dataset.num_classes
    if accuracy <= chance:
        raise LeftOutError(f"Member {reference} has an accuracy of {accuracy:.3g}, which is chance.")


def _trained_groups(context: StudyContext, reference: int) -> dict[str, _Group]:
    """Return the other solutions, and the checkpoints of the reference's own trajectory after its first epoch."""
    solutions = context.run.arrays("predictions/test")["probability"]
    others = [member for member in context.trained if member != reference]
    groups = {}
    if others:
        groups["independent"] = _unpushed(decisions(solutions.sel({MEMBER: others}).to_numpy()))
    if reference in context.trajectories:
        path = context.run.arrays("predictions/trajectories")["probability"].sel({MEMBER: reference})
        steps = [step for step in path[STEP].to_numpy() if 0 < step != context.solution_step(reference)]
        if steps:
            groups["checkpoints"] = _unpushed(decisions(path.sel({STEP: steps}).to_numpy()))
    return groups


def _unpushed(chosen: Int[np.ndarray, "sample example"]) -> _Group:
    """Return networks that were trained, not sampled."""
    return _Group(chosen, np.full(len(chosen), np.nan))


def _walked(surroundings: Surroundings, name: str) -> Piece:
    """Push samples of a subspace from the solution's accuracy down to chance.

    Strengths are found on the validation examples where there are any, so that the test examples only tell the result.
    """
    context = surroundings.context
    dataset, settings = context.dataset, context.settings.subspaces
    searched = dataset.validation if len(dataset.validation) else dataset.test

    def accuracy_at(strength: float) -> float:
        # Several samples, the same at each strength: one alone may lead where accuracy hardly falls.
        vectors = (surroundings.at(name, strength, -sample) for sample in range(1, SEARCHED + 1))
        chosen = [found.argmax(axis=1) for found in surroundings.predictions(vectors, searched)]
        return float((np.stack(chosen) == searched.labels.numpy()).mean())

    walk = strengths_to_chance(
        accuracy_at,
        chance=_chance(searched.labels.numpy()),
        num=settings.plane_samples,
        largest=surroundings.subspaces[name].strongest,
    )
    vectors = (surroundings.at(name, strength, sample) for sample, strength in enumerate(walk.strengths))
    chosen = [found.argmax(axis=1) for found in surroundings.predictions(vectors, dataset.test)]
    reached = np.array(walk.reached_chance)
    return {"chosen": np.stack(chosen), "strengths": walk.strengths, "reached_chance": reached}


def _chance(labels: Int[np.ndarray, "example"]) -> float:
    """Return the accuracy of always naming the most common class."""
    return float(np.bincount(labels).max() / len(labels))


def _dataset(context: StudyContext, reference: int, groups: dict[str, _Group]) -> xr.Dataset:
    """Measure every group and name the dimensions; groups with fewer networks end in NaN."""
    own, labels = decided(context, reference)
    accuracy, num_classes = float((own == labels).mean()), context.dataset.num_classes
    dims, shape = [METHOD, SAMPLE], (len(groups), max((len(group.chosen) for group in groups.values()), default=0))
    columns = {name: np.full(shape, np.nan) for name in ("accuracy", "disagreement", "strength")}
    for row, group in enumerate(groups.values()):
        here = (row, slice(len(group.chosen)))
        columns["accuracy"][here] = (group.chosen == labels).mean(axis=1)
        columns["disagreement"][here] = (group.chosen != own).mean(axis=1)
        columns["strength"][here] = group.strengths
    found = [_relative(context, group, own, labels) for group in groups.values()]
    limits = np.linspace(1 / num_classes, accuracy, NUM_LIMIT_POINTS)
    known = {"reference_accuracy": accuracy, "num_classes": num_classes}
    return xr.Dataset(
        {
            **{name: (dims, column) for name, column in columns.items()},
            "relative_diversity": ([METHOD], np.array([one.value for one in found])),
            "relative_diversity_low": ([METHOD], np.array([one.low for one in found])),
            "relative_diversity_high": ([METHOD], np.array([one.high for one in found])),
            "reached_chance": ([METHOD], np.array([group.reached_chance for group in groups.values()])),
            "limit_accuracy": ([POINT], limits),
            "lower_limit": ([POINT], lower_limit(limits, **known)),
            "upper_limit": ([POINT], upper_limit(limits, **known)),
        },
        coords={METHOD: list(groups), SAMPLE: np.arange(shape[1]), POINT: np.arange(len(limits))},
        attrs={
            **known,
            "reference": reference,
            "num_examples": len(labels),
            "confidence": context.settings.compare.confidence,
        },
    )


def _relative(
    context: StudyContext, group: _Group, own: Int[np.ndarray, "example"], labels: Int[np.ndarray, "example"]
) -> RelativeDiversity:
    """Return where a group lies between the limits."""
    compare = context.settings.compare
    return relative_diversity(
        group.chosen,
        own,
        labels,
        num_classes=context.dataset.num_classes,
        num_resamples=compare.num_resamples,
        confidence=compare.confidence,
        seed=context.settings.seed,
    )


plane = Step(
    "plane",
    "the diversity-accuracy plane",
    ("results/plane",),
    _work,
    needs=("predictions", "subspaces"),
    options=("plane_samples", "confidence", "num_resamples"),
)
