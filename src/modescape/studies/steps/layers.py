"""Where members differ layer by layer, and how far each layer has moved in training."""

import numpy as np
import xarray as xr
from jaxtyping import Float

from modescape.core.axes import LAYER, MEMBER, MEMBER_OTHER
from modescape.core.trees import Tree
from modescape.studies.context import StudyContext
from modescape.studies.step import Step
from modescape.weights import expected_distance, layer_geometry

START = 0
"""The checkpoint of the initialisation."""


def _work(context: StudyContext) -> dict[str, xr.Dataset | None]:
    """Compare the solutions with one another, and with their starts where these were kept."""
    members = context.trained
    found = layer_geometry([parameters_of(context, member, context.solution_step(member)) for member in members])
    moves = [_moved(context, member, len(found.layers)) for member in members]
    pairs, single = [LAYER, MEMBER, MEMBER_OTHER], [LAYER, MEMBER]
    dataset = xr.Dataset(
        {
            "cosine": (pairs, found.cosine),
            "distance": (pairs, found.distance),
            "expected_distance": (pairs, expected_distance(found.norm[:, :, None], found.norm[:, None, :])),
            "norm": (single, found.norm),
            "moved": (single, np.stack([moved for moved, _ in moves], axis=1)),
            "cosine_with_start": (single, np.stack([cosine for _, cosine in moves], axis=1)),
            "num_params": ([LAYER], found.num_params),
        },
        coords={LAYER: list(found.layers), MEMBER: members, MEMBER_OTHER: members},
    )
    return {"results/layers": dataset}


def parameters_of(context: StudyContext, member: int, step: int) -> Tree:
    """Return the parameters of a checkpoint, without buffers, in the order of the network."""
    weights = context.run.read_weights(member, step)
    return {name: weights[name] for name in context.parameter_names}


def _moved(
    context: StudyContext, member: int, num_layers: int
) -> tuple[Float[np.ndarray, "layer"], Float[np.ndarray, "layer"]]:
    """Return how far each layer is from its start, as a share of its norm there, and the cosine with the start.

    NaN where the start was not kept, and the share also where the start was zero, as biases often are.
    """
    if START not in context.run.steps(member):
        return np.full(num_layers, np.nan), np.full(num_layers, np.nan)
    steps = (START, context.solution_step(member))
    found = layer_geometry([parameters_of(context, member, step) for step in steps])
    distance, norm = found.distance[:, 0, 1], found.norm[:, 0]
    moved = np.divide(distance, norm, out=np.full_like(norm, np.nan), where=norm > 0)
    return moved, found.cosine[:, 0, 1]


layers = Step("layers", "weights layer by layer", ("results/layers",), _work)
