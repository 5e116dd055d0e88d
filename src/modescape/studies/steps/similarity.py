"""Similarity of weights and of functions: between solutions, and along trajectories."""

import numpy as np
import torch
import xarray as xr

from modescape.core.axes import MEMBER, MEMBER_OTHER, STEP, STEP_OTHER
from modescape.evaluate import proportion_interval
from modescape.functions import decisions, disagreement_matrix
from modescape.studies.context import StudyContext
from modescape.studies.step import Step
from modescape.studies.steps.answers import answers_of
from modescape.weights import cosine_matrix


def _solutions(context: StudyContext) -> dict[str, xr.Dataset | None]:
    """Compare the solutions pair by pair."""
    answers = answers_of(context.run)
    chosen, coords = answers.decisions, answers.coords(other=True)
    differ = disagreement_matrix(chosen)
    num_examples, confidence = chosen.shape[1], context.settings.compare.confidence
    differ_low, differ_high = proportion_interval(differ * num_examples, num_examples, confidence=confidence)
    pair, own = [MEMBER, MEMBER_OTHER], np.eye(len(chosen), dtype=bool)
    dataset = xr.Dataset(coords=coords, attrs={"num_examples": num_examples, "confidence": confidence})
    # Members that come as files of predictions have no weights.
    if context.run.members:
        members = [int(member) for member in coords[MEMBER]]
        cosines = _cosines(context, [(member, context.solution_step(member)) for member in members])
        dataset["cosine"] = (pair, cosines)
    dataset["disagreement"] = (pair, differ)
    dataset["disagreement_low"] = (pair, np.where(own, 0.0, differ_low))
    dataset["disagreement_high"] = (pair, np.where(own, 0.0, differ_high))
    if answers.labels is not None:
        num_right = (chosen == answers.labels).sum(axis=1)
        right_low, right_high = proportion_interval(num_right, num_examples, confidence=confidence)
        dataset["accuracy"] = (MEMBER, num_right / num_examples)
        dataset["accuracy_low"] = (MEMBER, right_low)
        dataset["accuracy_high"] = (MEMBER, right_high)
    return {"results/solutions": dataset}


def _trajectories(context: StudyContext) -> dict[str, xr.Dataset | None]:
    """Compare the checkpoints of each trajectory with one another."""
    if not context.trajectories:
        return {}
    predicted = context.run.arrays("predictions/trajectories")
    members, steps = context.trajectories, context.trajectory_steps
    chosen = decisions(predicted["probability"].to_numpy())
    cosines = [_cosines(context, [(member, step) for step in steps]) for member in members]
    dims = [MEMBER, STEP, STEP_OTHER]
    dataset = xr.Dataset(
        {
            "cosine": (dims, np.stack(cosines)),
            "disagreement": (dims, np.stack([disagreement_matrix(path) for path in chosen])),
        },
        coords={MEMBER: members, STEP: steps, STEP_OTHER: steps},
        attrs={"num_examples": chosen.shape[2]},
    )
    return {"results/trajectories": dataset}


def _cosines(context: StudyContext, checkpoints: list[tuple[int, int]]) -> np.ndarray:
    """Return the cosine of every pair of checkpoints, over all parameters and no buffers."""
    vectors = [context.vector(context.run.read_weights(member, step)) for member, step in checkpoints]
    return cosine_matrix(torch.stack(vectors)).numpy()


solutions = Step(
    "solutions",
    "cosine and disagreement between solutions",
    ("results/solutions",),
    _solutions,
    needs=("predictions",),
    options=("confidence",),
)
trajectories = Step(
    "trajectories",
    "cosine and disagreement along trajectories",
    ("results/trajectories",),
    _trajectories,
    needs=("predictions",),
)
