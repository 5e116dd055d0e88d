"""What the cosine between weights would be by chance, to be shown beside every cosine."""

from collections.abc import Sequence

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float
from torch import Tensor

from modescape.core.axes import LAYER, NULL, SAMPLE
from modescape.core.errors import ModelError
from modescape.core.seeds import Stream, derived_seed, torch_generator
from modescape.core.trees import Tree, ravel
from modescape.evaluate import pair_mean_interval, percentile_interval
from modescape.studies.context import StudyContext
from modescape.studies.step import Step
from modescape.studies.steps.layers import parameters_of
from modescape.weights import cosine_matrix, layer_geometry, layers_of
from modescape.weights.null import NullCosines, independent_cosine_quantiles, permutation_cosines
from modescape.weights.symmetry import Symmetry, UnsupportedGraphError, symmetry_of

NULLS = ("independent", "initialisations", "permutations")
NUM_INITIALISATIONS = 20
"""Networks that are drawn and never trained: 190 pairs."""
NUM_QUANTILES = 199
"""Points at which the distribution of independent directions, which is known, is written down."""
TRACED_EXAMPLES = 4
TASK = "chance"
Cosines = tuple[Float[np.ndarray, "sample"], Float[np.ndarray, "layer sample"]]


def _work(context: StudyContext) -> dict[str, xr.Dataset | None]:
    """Draw what chance gives, and put the members beside it."""
    context.progress.start(TASK, 2)
    layers = layers_of({name: context.network.get_parameter(name) for name in context.parameter_names})
    sizes = [sum(context.network.get_parameter(name).numel() for name in names) for names in layers.values()]
    found: dict[str, Cosines | None] = {}
    found["initialisations"], reason = _initialisations(context)
    context.progress.advance(TASK, note="initialisations")
    found["permutations"], left_out = _permutations(context)
    context.progress.advance(TASK, note="permutations")
    dataset = _dataset(context, found, dict(zip(layers, sizes, strict=True)))
    dataset.attrs |= {"permutations_left_out": left_out, "initialisations_left_out": reason}
    return {"results/null": dataset}


def _independent(sizes: Sequence[int], shares: Sequence[float]) -> Float[np.ndarray, "layer share"]:
    """Return quantiles of the cosine of independent directions in each number of dimensions."""
    return np.stack(
        [
            # In one dimension there are two directions.
            np.sign(np.asarray(shares) - 0.5) if size < 2 else independent_cosine_quantiles(size, shares)
            for size in sizes
        ]
    )


def _initialisations(context: StudyContext) -> tuple[Cosines | None, str]:
    """Return the cosines between networks that are drawn as members are, and why there are none otherwise."""
    first = context.settings.train.members
    trees: list[Tree] = []
    try:
        for member in range(first, first + NUM_INITIALISATIONS):
            network = context.task.network(member)
            trees.append({name: tensor.detach() for name, tensor in network.named_parameters()})
    except ModelError as error:
        return None, str(error)
    pairs = np.triu_indices(len(trees), 1)
    by_layer = layer_geometry(trees).cosine[:, pairs[0], pairs[1]]
    whole = _square(trees)[pairs]
    reason = "Networks are built with the same weights each time." if (whole >= 1.0 - 1e-12).all() else ""
    return (None, reason) if reason else ((whole, by_layer), "")


def _square(trees: Sequence[Tree]) -> Float[np.ndarray, "member member_other"]:
    """Return the cosine of all weights between each two networks."""
    return cosine_matrix(torch.stack([ravel(tree) for tree in trees])).numpy()


def _permutations(context: StudyContext) -> tuple[Cosines | None, str]:
    """Return the cosines between members and permuted copies of them, and why there are none otherwise."""
    try:
        symmetry = traced_symmetry(context)
    except UnsupportedGraphError as error:
        return None, str(error)
    if not symmetry.groups:
        return None, "The network has no units that can be exchanged."
    number, members = (
        context.settings.differences.null_samples,
        context.trained[: context.settings.differences.null_samples],
    )
    found: list[NullCosines] = []
    for index, member in enumerate(members):
        weights = context.run.read_weights(member, context.solution_step(member))
        seed = derived_seed(context.settings.seed, Stream.PERMUTATION, member)
        found.append(
            permutation_cosines(
                {name: weights[name] for name in context.parameter_names},
                symmetry,
                buffers={name: tensor for name, tensor in weights.items() if name not in set(context.parameter_names)},
                num_samples=len(range(index, number, len(members))),
                generator=torch_generator(seed),
            )
        )
    whole = np.concatenate([one.cosine for one in found])
    return (whole, np.concatenate([one.layer_cosine for one in found], axis=1)), ""


def traced_symmetry(context: StudyContext) -> Symmetry:
    """Return what can be exchanged in the networks of a run.

    Raises:
        UnsupportedGraphError: If the network holds an operation that is not understood; it is named.
    """
    examples: Tensor = context.dataset.prepare(context.dataset.train.inputs[:TRACED_EXAMPLES])
    return symmetry_of(context.network, examples.to(context.task.device))


def _dataset(context: StudyContext, found: dict[str, Cosines | None], layers: dict[str, int]) -> xr.Dataset:
    """Return means, central ranges and samples by name, with what members give."""
    confidence = context.settings.compare.confidence
    sizes, ends = [sum(layers.values()), *layers.values()], [(1 - confidence) / 2, (1 + confidence) / 2]
    known = np.insert(_independent(sizes, ends), 0, 0.0, axis=1)
    shares = (np.arange(NUM_QUANTILES) + 0.5) / NUM_QUANTILES
    samples, ranges, number = [_independent(sizes[:1], shares.tolist())[0]], [known], [NUM_QUANTILES]
    for name in NULLS[1:]:
        whole, by_layer = found[name] or (np.full(1, np.nan), np.full((len(layers), 1), np.nan))
        samples.append(np.sort(whole))
        ranges.append(_range(np.concatenate([whole[None], by_layer]), confidence))
        number.append(0 if found[name] is None else len(whole))
    padded = [np.pad(one, (0, max(map(len, samples)) - len(one)), constant_values=np.nan) for one in samples]
    parts = list(zip(("mean", "low", "high"), np.moveaxis(np.stack(ranges), -1, 0), strict=True))
    return xr.Dataset(
        {
            **{part: ([NULL], values[:, 0]) for part, values in parts},
            **{f"layer_{part}": ([NULL, LAYER], values[:, 1:]) for part, values in parts},
            "num": ([NULL], np.array(number)),
            "cosine": ([NULL, SAMPLE], np.stack(padded)),
            **{f"members_{part}": ([], value) for part, value in _members(context, confidence).items()},
        },
        coords={NULL: list(NULLS), LAYER: list(layers)},
        attrs={"confidence": confidence, "num_params": sizes[0], "num_members": len(context.trained)},
    )


def _members(context: StudyContext, confidence: float) -> dict[str, float]:
    """Return the mean cosine over pairs of members, with its interval."""
    trees = [parameters_of(context, member, context.solution_step(member)) for member in context.trained]
    return dict(zip(("mean", "low", "high"), pair_mean_interval(_square(trees), confidence=confidence), strict=True))


def _range(samples: Float[np.ndarray, "... sample"], confidence: float) -> Float[np.ndarray, "... 3"]:
    """Return the mean and the central range of samples."""
    low, high = percentile_interval(samples, confidence)
    return np.stack([samples.mean(axis=-1), low, high], axis=-1)


null = Step(
    "null",
    "what a cosine is by chance",
    ("results/null",),
    _work,
    options=("confidence", "null_samples"),
)
