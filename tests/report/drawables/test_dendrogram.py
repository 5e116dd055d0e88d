import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import dendrogram, fcluster, linkage

from modescape.core.errors import ArgumentError
from modescape.report.drawables import Dendrogram


def tree(merges, threshold=None):
    leaves = tuple(f"m{leaf}" for leaf in range(len(merges) + 1))
    return Dendrogram("", "", leaves, np.asarray(merges, dtype=float)[:, :3], "x", threshold)


def random_linkage(number, seed):
    distances = np.random.default_rng(seed).uniform(0.1, 1.0, number * (number - 1) // 2)
    return linkage(distances, "average")


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 12), st.integers(0, 1000), st.floats(0.05, 1.1))
def test_clusters_are_those_of_scipy(number, seed, threshold):
    merges = random_linkage(number, seed)
    expected = fcluster(merges, threshold, "distance")
    found = tree(merges, threshold).clusters
    assert sorted(map(sorted, found)) == sorted(
        sorted(np.flatnonzero(expected == one).tolist()) for one in set(expected)
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 12), st.integers(0, 1000))
def test_branches_are_those_of_scipy(number, seed):
    """SciPy puts leaf k of the order at 10 k + 5, and draws a branch as a bracket of four points."""
    merges = random_linkage(number, seed)
    drawn = dendrogram(merges, no_plot=True, distance_sort=False, count_sort=False)
    one = tree(merges)
    assert [int(leaf) for leaf in drawn["leaves"]] == one.order
    expected = sorted(
        (tuple(y), tuple((x - 5) / 10 for x in xs)) for y, xs in zip(drawn["dcoord"], drawn["icoord"], strict=True)
    )
    found = sorted((branch.x, branch.y) for branch in one.branches)
    np.testing.assert_allclose(np.array(found), np.array(expected))


def test_colours_belong_to_clusters_that_the_threshold_leaves_whole():
    merges = [[0, 1, 1.0], [2, 3, 2.0], [4, 5, 5.0]]
    first, second, last = tree(merges, 3.0).branches
    assert {first.series, second.series} == {0, 1}
    assert last.series is None
    assert last.sizes == (2, 2)
    assert [branch.series for branch in tree(merges).branches] == [0, 0, 0]


def test_a_height_at_the_threshold_is_one_cluster():
    assert len(tree([[0, 1, 1.0]], 1.0).clusters) == 1
    assert len(tree([[0, 1, 1.0]], 0.999).clusters) == 2


def test_names_are_thinned_where_there_are_many():
    assert tree(random_linkage(50, 0)).named == list(range(50))
    assert tree(random_linkage(120, 0)).named == list(range(0, 120, 3))


@pytest.mark.parametrize("merges", [[[0, 1, 1.0], [0, 2, 2.0]], [[0, 1, 1.0], [1, 3, 2.0]]])
def test_what_is_no_tree_is_refused(merges):
    with pytest.raises(ArgumentError, match=r"`merges` must join all leaves to one tree.*got 2 merges of 3 leaves"):
        tree(merges)
    with pytest.raises(ArgumentError, match="got 2 merges of 5 leaves"):
        Dendrogram("", "", tuple("abcde"), np.array([[0, 1, 1.0], [2, 3, 2.0]]), "")
