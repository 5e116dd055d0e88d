"""Clusters of functions: which members are the same up to a disagreement."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike
from scipy.cluster.hierarchy import fcluster, leaves_list, linkage
from scipy.spatial.distance import squareform

from modescape.core.errors import ArgumentError, Quoted


@dataclass(frozen=True, eq=False)
class Dendrogram:
    """The order in which members join, from each on its own to all in one cluster.

    Attributes:
        left: One of the two clusters of each merge; below M it is a member, M + i is what merge i has made.
        right: The other one.
        height: Mean disagreement between the two.
        size: Members of the merged cluster.
        leaves: The members in an order in which branches do not cross.
    """

    left: Int[np.ndarray, "merge"]
    right: Int[np.ndarray, "merge"]
    height: Float[np.ndarray, "merge"]
    size: Int[np.ndarray, "merge"]
    leaves: Int[np.ndarray, "member"]


def dendrogram(disagreement: Float[ArrayLike, "member member_other"]) -> Dendrogram:
    """Return the hierarchical clustering of members by their disagreement, with average linkage.

    The two clusters A and B with the smallest mean disagreement (1 / |A| |B|) sum_(a in A, b in B) d_ab are merged,
    again and again.

    Source: Sokal, Michener (1958), by SciPy's `linkage`, https://doi.org/10.1007/BF01908075

    Args:
        disagreement: Result of `disagreement_matrix`.

    Raises:
        ArgumentError: If it is not square, symmetric, at least 0 and 0 on the diagonal.

    >>> tree = dendrogram([[0.0, 0.1, 0.5], [0.1, 0.0, 0.3], [0.5, 0.3, 0.0]])
    >>> tree.height.round(3).tolist(), tree.size.tolist()
    ([0.1, 0.4], [2, 3])
    """
    matrix = np.asarray(disagreement, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not len(matrix):
        got = Quoted(f"shape {matrix.shape}")
        raise ArgumentError("disagreement", "have the shape (member, member_other)", got, "Use disagreement_matrix")
    wrong = ~(np.isclose(matrix, matrix.T) & (matrix >= 0)) | (np.eye(len(matrix), dtype=bool) & (matrix != 0))
    if wrong.any():
        first, second = (int(index) for index in np.argwhere(wrong)[0])
        rule = "be symmetric, at least 0, and 0 on the diagonal"
        got = Quoted(f"{matrix[first, second]:g} for the pair ({first}, {second})")
        raise ArgumentError("disagreement", rule, got, "Use disagreement_matrix")
    if len(matrix) == 1:
        nothing = np.zeros(0, dtype=np.int64)
        return Dendrogram(nothing, nothing, np.zeros(0), nothing, np.zeros(1, dtype=np.int64))
    tree = linkage(squareform(matrix, checks=False), method="average")
    left, right, size = (tree[:, column].astype(np.int64) for column in (0, 1, 3))
    return Dendrogram(left, right, tree[:, 2], size, leaves_list(tree).astype(np.int64))


def clusters(tree: Dendrogram, threshold: float) -> Int[np.ndarray, "member"]:
    """Return the cluster of each member when no merge above a disagreement is made, numbered from 0 along the leaves.

    Args:
        tree: Result of `dendrogram`.
        threshold: Mean disagreement up to which clusters are one.

    Raises:
        ArgumentError: If the threshold is negative or NaN.

    >>> clusters(dendrogram([[0.0, 0.1, 0.5], [0.1, 0.0, 0.3], [0.5, 0.3, 0.0]]), 0.2).tolist()
    [1, 1, 0]
    """
    if not threshold >= 0:
        raise ArgumentError("threshold", "be at least 0", threshold, "Pass a disagreement, such as 0.05")
    if len(tree.leaves) == 1:
        return np.zeros(1, dtype=np.int64)
    table = np.stack([tree.left, tree.right, tree.height, tree.size], axis=1).astype(np.float64)
    numbers = fcluster(table, threshold, criterion="distance")[tree.leaves]
    # Numbered by where each cluster first stands among the leaves.
    _, first, place = np.unique(numbers, return_index=True, return_inverse=True)
    found = np.empty(len(numbers), dtype=np.int64)
    found[tree.leaves] = np.argsort(np.argsort(first))[place]
    return found
