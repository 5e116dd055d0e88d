"""How deep and how wide minima are, and how far they lie from one another against the distance expected by chance."""

from collections.abc import Sequence
from math import isnan

import numpy as np
import xarray as xr
from jaxtyping import Float
from torch import Tensor

from modescape.core.axes import EIGENVALUE, MATRIX, MEMBER, MEMBER_OTHER, STEP
from modescape.evaluate import nll, rank_correlation
from modescape.functions import decisions
from modescape.studies.context import StudyContext
from modescape.studies.step import Step
from modescape.studies.steps.predictions import predicted
from modescape.weights import cosine_deviation, distance_matrix, expected_distance

START = 0
"""The checkpoint of the initialisation."""
CURVATURE = "results/curvature"
WIDTHS = ("width", "width_low", "width_high", "sharpness")


def _work(context: StudyContext) -> dict[str, xr.Dataset | None]:
    """Join loss, shape and place of every solution."""
    members = context.trained
    vectors = [_vector(context, member, context.solution_step(member)) for member in members]
    single = {**_losses(context, members), **_shapes(context, members), **_lengths(context, members, vectors)}
    dataset = xr.Dataset(
        {name: ([MEMBER], values) for name, values in single.items()},
        coords={MEMBER: members, MEMBER_OTHER: members},
        attrs={
            "num_examples": len(context.sample_of(context.dataset.train, _examples(context))),
            "num_params": len(vectors[0]),
            "cosine_deviation": cosine_deviation(len(vectors[0])),
            "confidence": context.settings.compare.confidence,
        },
    )
    apart, expected = distance_matrix(vectors), expected_distance(single["norm"][:, None], single["norm"])
    for name, values in (("distance", apart), ("expected_distance", expected), ("distance_ratio", apart / expected)):
        dataset[name] = ([MEMBER, MEMBER_OTHER], values)
    dataset.attrs |= _correlation(context, single["depth"], single["width"])
    return {"results/minima": dataset}


def _examples(context: StudyContext) -> int | None:
    """Return on how many training examples the loss is taken: as many as curvature is."""
    return context.settings.curvature.curvature_examples


def _vector(context: StudyContext, member: int, step: int) -> Tensor:
    """Return the parameters of a checkpoint."""
    return context.vector(context.run.read_weights(member, step))


def _losses(context: StudyContext, members: Sequence[int]) -> dict[str, Float[np.ndarray, "member"]]:
    """Return the loss of each solution on training examples (the depth of its minimum) and on test examples."""
    train = context.sample_of(context.dataset.train, _examples(context))
    context.progress.start("predict", len(members))
    at_train = predicted(context, {member: [context.solution_step(member)] for member in members}, train)[:, 0]
    test = context.run.arrays("predictions/test").sel({MEMBER: list(members)})
    at_test, labels = test["probability"].to_numpy(), test["label"].to_numpy()
    return {
        "depth": np.array([nll(own, train.labels.numpy()) for own in at_train]),
        "test_loss": np.array([nll(own, labels) for own in at_test]),
        "accuracy": (decisions(at_test) == labels).mean(axis=1),
    }


def _shapes(context: StudyContext, members: Sequence[int]) -> dict[str, Float[np.ndarray, "member"]]:
    """Return how wide and how sharp each minimum is; NaN where curvature was left out."""
    names = (*WIDTHS, "top_eigenvalue")
    record = context.run.manifest.get("steps", {}).get("curvature", {})
    if CURVATURE not in record.get("outputs", []):
        return {name: np.full(len(members), np.nan) for name in names}
    found = context.run.arrays(CURVATURE)
    largest = found["top"].sel({MATRIX: "hessian", EIGENVALUE: 0}, drop=True)
    arrays = {**{name: found[name] for name in WIDTHS}, "top_eigenvalue": largest}
    places = [{MEMBER: member, STEP: context.solution_step(member)} for member in members]
    return {name: np.array([float(array.sel(place)) for place in places]) for name, array in arrays.items()}


def _lengths(
    context: StudyContext, members: Sequence[int], vectors: Sequence[Tensor]
) -> dict[str, Float[np.ndarray, "member"]]:
    """Return the norm of each solution, and how far it is from its start; NaN where that was not kept."""
    moved = np.full(len(members), np.nan)
    for index, (member, vector) in enumerate(zip(members, vectors, strict=True)):
        if START in context.run.steps(member):
            moved[index] = distance_matrix([_vector(context, member, START), vector])[0, 1]
    norms = [vector.double().norm().item() for vector in vectors]
    return {"norm": np.array(norms), "distance_from_start": moved}


def _correlation(
    context: StudyContext, depth: Float[np.ndarray, "member"], width: Float[np.ndarray, "member"]
) -> dict[str, float]:
    """Return Spearman's correlation of depth and width over members, with its bootstrap interval, if there is one."""
    compare = context.settings.compare
    found = rank_correlation(
        depth,
        width,
        np.zeros(len(depth), dtype=int),
        scope="across",
        confidence=compare.confidence,
        num_resamples=compare.num_resamples,
        seed=context.settings.seed,
    )
    numbers = {"spearman": found.value, "spearman_low": found.low, "spearman_high": found.high}
    # Attributes are stored as JSON, which has no NaN.
    return {name: value for name, value in numbers.items() if not isnan(value)}


minima = Step(
    "minima",
    "depth and width of minima, and the distances between them",
    ("results/minima",),
    _work,
    needs=("predictions", "curvature"),
    options=("curvature_examples", "confidence", "num_resamples"),
)
