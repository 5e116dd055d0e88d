import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from modescape.core.errors import ArgumentError
from modescape.functions import clusters, dendrogram, disagreement_matrix


def grouped(seed=0):
    """Seven members in groups of three, two and two, shuffled; those of a group differ on a few examples."""
    generator = np.random.default_rng(seed)
    centres = generator.integers(5, size=(3, 200))
    group = generator.permutation([0, 0, 0, 1, 1, 2, 2])
    noise = generator.integers(5, size=(7, 200))
    return disagreement_matrix(np.where(generator.random((7, 200)) < 0.05, noise, centres[group])), group


def average_linkage(matrix):
    """Merge the closest two clusters by the mean over pairs, again and again."""
    members = {place: [place] for place in range(len(matrix))}
    heights = []
    while len(members) > 1:
        pairs = [(np.mean(matrix[np.ix_(members[a], members[b])]), a, b) for a in members for b in members if a < b]
        height, a, b = min(pairs)
        heights.append(height)
        members[len(matrix) + len(heights)] = members.pop(a) + members.pop(b)
    return heights


def test_heights_are_means_over_pairs():
    matrix, _ = grouped()
    tree = dendrogram(matrix)
    np.testing.assert_allclose(tree.height, average_linkage(matrix))
    assert tree.size[-1] == 7
    assert sorted(tree.leaves.tolist()) == list(range(7))


@pytest.mark.parametrize("seed", range(4))
def test_groups_are_found_and_numbered_along_the_leaves(seed):
    matrix, group = grouped(seed)
    tree = dendrogram(matrix)
    found = clusters(tree, 0.3)
    for i in range(7):
        for j in range(7):
            assert (found[i] == found[j]) == (group[i] == group[j])
    along = found[tree.leaves]
    assert along[0] == 0
    assert (np.diff(along) >= 0).all()
    assert set(along) == {0, 1, 2}


@pytest.mark.parametrize("threshold", [0.0, 0.05, 0.5, 1.0])
def test_clusters_are_scipys(threshold):
    matrix, _ = grouped(1)
    found = clusters(dendrogram(matrix), threshold)
    expected = fcluster(linkage(squareform(matrix), "average"), threshold, criterion="distance")
    np.testing.assert_array_equal(found[:, None] == found, expected[:, None] == expected)


def test_one_member_is_one_cluster():
    tree = dendrogram([[0.0]])
    assert tree.height.size == 0
    assert clusters(tree, 0.1).tolist() == [0]


def test_bad_input():
    with pytest.raises(ArgumentError, match=r"`disagreement` must have the shape \(member, member_other\); got shape"):
        dendrogram(np.zeros((2, 3)))
    rule = r"`disagreement` must be symmetric, at least 0, and 0 on the diagonal"
    with pytest.raises(ArgumentError, match=rf"{rule}; got 0.5 for the pair \(0, 1\)"):
        dendrogram([[0.0, 0.5], [0.25, 0.0]])
    with pytest.raises(ArgumentError, match=rf"{rule}; got 1 for the pair \(1, 1\)"):
        dendrogram([[0.0, 0.5], [0.5, 1.0]])
    with pytest.raises(ArgumentError, match=rf"{rule}; got nan"):
        dendrogram([[0.0, np.nan], [np.nan, 0.0]])
    with pytest.raises(ArgumentError, match=r"`threshold` must be at least 0; got -0.1"):
        clusters(dendrogram([[0.0]]), -0.1)
