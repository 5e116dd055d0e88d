"""Similarity of weights and of functions: between solutions, and along trajectories."""

import numpy as np
import torch
import xarray as xr

from modescape.core.axes import MEMBER, MEMBER_OTHER, STEP, STEP_OTHER
from modescape.evaluate import proportion_interval
from modescape.functions import decisions, disagreement_matrix
from modescape.studies.context import StudyContext
from modescape.studies.step import Step
from modescape.weights import cosine_matrix


def _solutions(context: StudyContext) -> dict[str, xr.Dataset | None]:
    """Compare the solutions pair by pair."""
    predicted = context.run.arrays("predictions/test")
    members = [int(member) for member in predicted[MEMBER]]
    chosen = decisions(predicted["probability"].to_numpy())
    differ = disagreement_matrix(chosen)
    num_examples, confidence = chosen.shape[1], context.settings.compare.confidence
    differ_low, differ_high = proportion_interval(differ * num_examples, num_examples, confidence=confidence)
    num_right = (chosen == predicted["label"].to_numpy()).sum(axis=1)
    right_low, right_high = proportion_interval(num_right, num_examples, confidence=confidence)
    pair, single = [MEMBER, MEMBER_OTHER], [MEMBER]
    cosines = _cosines(context, [(member, context.solution_step(member)) for member in members])
    dataset = xr.Dataset(
        {
            "cosine": (pair, cosines),
            "disagreement": (pair, differ),
            "disagreement_low": (pair, np.where(np.eye(len(members), dtype=bool), 0.0, differ_low)),
            "disagreement_high": (pair, np.where(np.eye(len(members), dtype=bool), 0.0, differ_high)),
            "accuracy": (single, num_right / num_examples),
            "accuracy_low": (single, right_low),
            "accuracy_high": (single, right_high),
        },
        coords={MEMBER: members, MEMBER_OTHER: members},
        attrs={"num_examples": num_examples, "confidence": confidence},
    )
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
