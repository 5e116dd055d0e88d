"""Predict: class probabilities of solutions and of the checkpoints along trajectories."""

import numpy as np
import xarray as xr
from jaxtyping import Float, Int

from modescape.core.axes import CLASS, EXAMPLE, MEMBER, STEP
from modescape.data import Examples
from modescape.functions import decisions
from modescape.studies.compared.naming import member_coords
from modescape.studies.context import StudyContext
from modescape.studies.step import Step


def _work(context: StudyContext) -> dict[str, xr.Dataset | None]:
    """Predict test and validation examples with the solutions, and test examples along trajectories."""
    solutions = {member: [context.solution_step(member)] for member in context.trained}
    paths = dict.fromkeys(context.trajectories, context.trajectory_steps)
    passes = 2 * len(solutions) + sum(len(steps) for steps in paths.values())
    context.progress.start("predict", passes)
    test, validation = context.dataset.test, context.dataset.validation
    return {
        "predictions/test": _dataset(context, predicted(context, solutions, test)[:, 0], test, list(solutions)),
        "predictions/validation": (
            _dataset(context, predicted(context, solutions, validation)[:, 0], validation, list(solutions))
            if len(validation)
            else None
        ),
        "predictions/trajectories": (
            _dataset(context, predicted(context, paths, test), test, list(paths), context.trajectory_steps)
            if paths
            else None
        ),
    }


def predicted(
    context: StudyContext, steps: dict[int, list[int]], examples: Examples
) -> Float[np.ndarray, "member step example class"]:
    """Return what checkpoints of members predict; each member has as many of them."""
    wanted = [(member, step) for member, member_steps in steps.items() for step in member_steps]
    weights = (context.run.read_weights(member, step) for member, step in wanted)
    found = []
    for probabilities in context.predictor(examples).each(weights):
        found.append(probabilities.numpy())
        context.progress.advance("predict")
    return np.asarray(found, dtype=np.float32).reshape(len(steps), -1, *found[0].shape)


def decided(context: StudyContext, member: int) -> tuple[Int[np.ndarray, "example"], Int[np.ndarray, "example"]]:
    """Return what a member decides for the test examples, and their labels."""
    test = context.run.arrays("predictions/test")
    return decisions(test["probability"].sel({MEMBER: [member]}).to_numpy())[0], test["label"].to_numpy()


def _dataset(
    context: StudyContext,
    probabilities: np.ndarray,
    examples: Examples,
    members: list[int],
    steps: list[int] | None = None,
) -> xr.Dataset:
    """Name the dimensions and add the labels."""
    along = [STEP] if steps is not None else []
    names = member_coords(context.run.manifest, members)
    coords = {MEMBER: members, **names, **({STEP: steps} if steps is not None else {})}
    return xr.Dataset(
        {
            "probability": ([MEMBER, *along, EXAMPLE, CLASS], probabilities),
            "label": ([EXAMPLE], examples.labels.numpy()),
        },
        coords=coords,
        attrs={"classes": list(context.dataset.classes)},
    )


predictions = Step(
    "predictions",
    "predictions of every solution",
    ("predictions/test", "predictions/validation", "predictions/trajectories"),
    _work,
)
