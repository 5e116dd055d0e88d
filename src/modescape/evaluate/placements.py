"""AUROCs of many scores at once, over resamples of both samples: by the places of each example in the other sample."""

import numpy as np
from jaxtyping import Float
from scipy.stats import rankdata

from modescape.evaluate.intervals import bootstrap_means


def bootstrap_aurocs(
    known: Float[np.ndarray, "score known"],
    foreign: Float[np.ndarray, "score foreign"],
    known_weights: Float[np.ndarray, "resample known"],
    foreign_weights: Float[np.ndarray, "resample foreign"],
) -> tuple[Float[np.ndarray, "score"], Float[np.ndarray, "score resample"]]:
    """Return the AUROC of several scores on all examples, and to first order on each resample, without checks.

    The place of a foreign example is the share of known ones that score below it, ties half; that of a known example
    the share of foreign ones above it. AUROC A is the mean of either. On a resample it is

        A + (weighted mean of foreign places - A) + (weighted mean of known places - A),

    up to a product of both deviations, smaller by the square root of the number of examples, and cut to [0, 1].
    `detection` keeps the product and costs a hundred times as much.

    Source: DeLong, DeLong, Clarke-Pearson (1988), https://doi.org/10.2307/2531595

    Args:
        known: Scores of known examples, meant to be lower.
        foreign: Scores of foreign examples.
        known_weights: The result of `bootstrap_weights` for the known examples.
        foreign_weights: The same for the foreign examples.

    >>> known, foreign = np.array([[0.1, 0.2, 0.3]]), np.array([[0.3, 0.8]])
    >>> weights = np.array([[1.0, 1.0, 1.0], [3.0, 0.0, 0.0]])
    >>> value, resampled = bootstrap_aurocs(known, foreign, weights, np.ones((2, 2)))
    >>> value.round(4).tolist(), resampled.round(4).tolist()
    ([0.9167], [[0.9167, 1.0]])
    """
    num_known, num_foreign = known.shape[1], foreign.shape[1]
    ranks = rankdata(np.concatenate([known, foreign], axis=1), axis=1)
    above_known = (ranks[:, num_known:] - rankdata(foreign, axis=1)) / num_known
    below_foreign = 1.0 - (ranks[:, :num_known] - rankdata(known, axis=1)) / num_foreign
    value = above_known.mean(axis=1)
    resampled = (
        bootstrap_means(above_known, foreign_weights) + bootstrap_means(below_foreign, known_weights) - value[:, None]
    )
    return value, np.clip(resampled, 0.0, 1.0)
