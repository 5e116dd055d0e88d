"""The paths that trajectories take through function space, drawn in the plane by t-SNE of their predictions."""

import xarray as xr

from modescape.core.axes import AXIS, MEMBER, STEP
from modescape.functions.embedding import MIN_POINTS, chosen_perplexity, tsne
from modescape.studies.context import StudyContext
from modescape.studies.step import Step


def _work(context: StudyContext) -> dict[str, xr.Dataset | None]:
    """Embed all checkpoints of all trajectories together; too few of them make no picture."""
    num_points = len(context.trajectories) * len(context.trajectory_steps)
    if num_points < MIN_POINTS:
        return {}
    predicted = context.run.arrays("predictions/trajectories")["probability"]
    num_members, num_steps, num_examples, num_classes = predicted.shape
    points = predicted.to_numpy().reshape(num_members * num_steps, num_examples, num_classes)
    perplexity = context.settings.compare.perplexity
    positions = tsne(points, seed=context.settings.seed, perplexity=perplexity)
    dataset = xr.Dataset(
        {"position": ([MEMBER, STEP, AXIS], positions.reshape(num_members, num_steps, 2))},
        coords={MEMBER: predicted[MEMBER].to_numpy(), STEP: predicted[STEP].to_numpy()},
        attrs={
            "seed": context.settings.seed,
            "perplexity": chosen_perplexity(perplexity, len(points)),
            "num_examples": num_examples,
        },
    )
    return {"results/embedding": dataset}


embedding = Step(
    "embedding",
    "t-SNE of the predictions of trajectories",
    ("results/embedding",),
    _work,
    needs=("predictions",),
    options=("perplexity",),
)
