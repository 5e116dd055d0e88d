"""A map of predictors in the plane: t-SNE of their predictions."""

import numpy as np
from jaxtyping import Float

from modescape.core.checks import checked_probabilities
from modescape.core.errors import ArgumentError, Quoted
from modescape.core.seeds import Stream, derived_seed

USUAL_PERPLEXITY = 30.0
"""scikit-learn's default, inside the range from 5 to 50 of van der Maaten and Hinton (2008), section 3."""
MIN_POINTS = 4
"""With fewer points the neighbourhood of one would be smaller than one other point."""
EXACT_POINTS = 200
"""Up to here the exact gradient takes about as long as the Barnes-Hut approximation."""
CHUNK_ENTRIES = 2**22
"""Entries that are held in double precision at a time: 32 MiB."""


def tsne(
    probabilities: Float[np.ndarray, "point example class"], *, seed: int, perplexity: float | None = None
) -> Float[np.ndarray, "point axis"]:
    """Return a map of predictors in the plane in which near points are predictors that answer alike.

    t-SNE with Euclidean distances between flattened probability vectors (example x class), started from the first two
    principal components. Distances between groups, and the size of a group, mean nothing in such a map.

    Source: van der Maaten, Hinton (2008), https://jmlr.org/papers/v9/vandermaaten08a.html; used on predictions by
    Fort, Hu, Lakshminarayanan (2019), section 4.1, https://arxiv.org/abs/1912.02757. Differs from it in the start,
    which is not random, and in the perplexity of small maps. More than 200 points use the Barnes-Hut approximation,
    van der Maaten (2014), https://jmlr.org/papers/v15/vandermaaten14a.html

    Args:
        probabilities: The predictions of each point (a checkpoint, a member) on the same examples.
        seed: Seed of the run; the same seed gives the same map on the same machine.
        perplexity: How many neighbours a point has, roughly; at least 1 and less than the number of points n. By
            default the smaller of 30 and (n - 1) / 3, because t-SNE looks at 3 x perplexity neighbours of each point.

    Returns:
        Two coordinates a point. If all points are identical, all lie at the origin.

    Raises:
        ArgumentError: If there are fewer than 4 points, the perplexity is outside [1, n), or the predictions are not
            probabilities.

    >>> first, second = np.array([[[0.9, 0.1]]] * 3), np.array([[[0.2, 0.8]]] * 3)
    >>> tsne(np.concatenate([first, second]), seed=0).shape
    (6, 2)
    """
    # Here and not above: scikit-learn takes more than a second to import, which training should not wait for.
    from sklearn.manifold import TSNE  # noqa: PLC0415

    points = checked_probabilities(probabilities)
    perplexity = chosen_perplexity(perplexity, len(points))
    random_state = derived_seed(seed, Stream.EMBEDDING) % 2**32
    coordinates = _principal_coordinates(points.reshape(len(points), -1))
    spread = coordinates[:, 0].std()
    if spread == 0:
        return np.zeros((len(points), 2), dtype=np.float32)
    model = TSNE(
        perplexity=perplexity,
        metric="euclidean",
        # A start this small is what scikit-learn's init="pca" uses.
        init=(coordinates[:, :2] / spread * 1e-4).astype(np.float32),
        method="exact" if len(points) <= EXACT_POINTS else "barnes_hut",
        random_state=random_state,
    )
    return model.fit_transform(coordinates)


def chosen_perplexity(perplexity: float | None, num_points: int) -> float:
    """Return the perplexity that `tsne` uses: the one asked for, or the smaller of 30 and (n - 1) / 3.

    Raises:
        ArgumentError: If there are fewer than 4 points, or the perplexity asked for is outside [1, n).

    >>> chosen_perplexity(None, 7), chosen_perplexity(None, 120), chosen_perplexity(5, 7)
    (2.0, 30.0, 5.0)
    """
    if num_points < MIN_POINTS:
        raise ArgumentError(
            "probabilities",
            f"hold at least {MIN_POINTS} points",
            Quoted(f"{num_points} points"),
            "Map more checkpoints or members",
        )
    if perplexity is None:
        return min(USUAL_PERPLEXITY, (num_points - 1) / 3)
    if not 1 <= perplexity < num_points:
        rule = f"be at least 1 and less than {num_points}, the number of points"
        raise ArgumentError("perplexity", rule, perplexity, "Leave it out to have it chosen")
    return float(perplexity)


def _principal_coordinates(points: Float[np.ndarray, "point feature"]) -> Float[np.ndarray, "point axis"]:
    """Return coordinates in at most as many dimensions as there are points, with the same distances between points.

    They come from the inner products of the centred points, so that a hundred thousand features cost one product
    and not a hundred thousand distances a neighbour. Columns are ordered by the variance they explain.
    """
    num_points, num_features = points.shape
    products = np.zeros((num_points, num_points))
    step = max(1, CHUNK_ENTRIES // num_points)
    for start in range(0, num_features, step):
        piece = points[:, start : start + step].astype(np.float64)
        # Taking one point off first leaves exact zeros where all points are equal.
        piece -= piece[0].copy()
        piece -= piece.mean(axis=0)
        products += piece @ piece.T
    variances, axes = np.linalg.eigh(products)
    # What is below rounding error is not a direction: equal points must stay equal.
    variances = np.where(variances > variances[-1] * num_points * np.finfo(np.float64).eps, variances, 0.0)
    coordinates = (axes * np.sqrt(variances))[:, ::-1]
    # The sign of an eigenvector is arbitrary: fix it.
    top = np.abs(coordinates).argmax(axis=0)
    return coordinates * np.where(coordinates[top, np.arange(num_points)] < 0, -1.0, 1.0)
