"""t-SNE of predictions."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from sklearn.decomposition import PCA

from modescape.core.errors import ArgumentError
from modescape.functions import chosen_perplexity, embedding, tsne


def trajectories(points=6, groups=3, examples=20, classes=4, seed=0):
    """Groups of predictors: near within a group, far between groups."""
    generator = np.random.default_rng(seed)
    centres = 3 * generator.standard_normal((groups, 1, examples, classes))
    logits = (centres + 0.1 * generator.standard_normal((groups, points, examples, classes))).reshape(
        -1, examples, classes
    )
    probabilities = np.exp(logits)
    return probabilities / probabilities.sum(axis=-1, keepdims=True)


def test_same_seed_same_map():
    assert np.array_equal(tsne(trajectories(), seed=3), tsne(trajectories(), seed=3))


def test_groups_stay_together():
    found = tsne(trajectories(), seed=1, perplexity=4.0)
    assert found.shape == (18, 2)
    for point in range(18):
        distances = np.linalg.norm(found - found[point], axis=1)
        nearest = np.argsort(distances)[1:6]
        assert set(nearest // 6) == {point // 6}


def test_many_points_use_the_approximation(monkeypatch):
    monkeypatch.setattr(embedding, "EXACT_POINTS", 10)
    found = tsne(trajectories(), seed=1, perplexity=4.0)
    assert np.array_equal(found, tsne(trajectories(), seed=1, perplexity=4.0))
    assert set(np.argsort(np.linalg.norm(found - found[0], axis=1))[1:6] // 6) == {0}


def test_perplexity_is_passed_on():
    near, far = (tsne(trajectories(), seed=1, perplexity=perplexity) for perplexity in (2.0, 17.0))
    assert not np.allclose(near, far)


@pytest.mark.parametrize(("points", "perplexity"), [(4, 1.0), (33, 32 / 3), (91, 30.0), (5000, 30.0)])
def test_default_perplexity_leaves_three_neighbours_for_each(points, perplexity):
    assert chosen_perplexity(None, points) == pytest.approx(perplexity)


def test_default_is_what_is_used():
    points = trajectories(points=4)
    assert np.array_equal(tsne(points, seed=1), tsne(points, seed=1, perplexity=11 / 3))


@pytest.mark.parametrize("chunk", [1, 50, 2**22])
def test_principal_coordinates_keep_all_distances(monkeypatch, chunk):
    monkeypatch.setattr(embedding, "CHUNK_ENTRIES", chunk)
    points = trajectories().reshape(18, -1).astype(np.float32)
    found = embedding._principal_coordinates(points)
    np.testing.assert_allclose(pdist(found), pdist(points.astype(np.float64)), rtol=1e-9)
    expected = PCA(n_components=4, svd_solver="full").fit_transform(points.astype(np.float64))
    np.testing.assert_allclose(np.abs(found[:, :4]), np.abs(expected), atol=1e-9)


def test_sign_of_axes_does_not_depend_on_the_order_of_points():
    points = trajectories().reshape(18, -1)
    order = np.random.default_rng(5).permutation(18)
    found = embedding._principal_coordinates(points)[:, :4]
    np.testing.assert_allclose(embedding._principal_coordinates(points[order])[:, :4], found[order], atol=1e-9)


def test_identical_points_lie_at_the_origin():
    points = np.repeat(trajectories(points=1, groups=1), 5, axis=0)
    assert np.array_equal(tsne(points, seed=0), np.zeros((5, 2)))


def test_some_identical_points_lie_together():
    points = trajectories()
    points[1] = points[0]
    found = tsne(points, seed=0)
    assert np.isfinite(found).all()
    assert np.linalg.norm(found[0] - found[1]) < 0.05 * pdist(found).max()


def test_points_along_a_line_do_not_crash():
    weights = np.linspace(0, 1, 12)[:, None, None]
    points = weights * np.array([[0.9, 0.1]]) + (1 - weights) * np.array([[0.2, 0.8]])
    assert np.isfinite(tsne(points, seed=0)).all()


def test_refuses_few_points():
    with pytest.raises(ArgumentError, match=r"`probabilities` must hold at least 4 points; got 3 points\. Map more"):
        tsne(trajectories(points=1), seed=0)


@pytest.mark.parametrize("perplexity", [18, 18.5, 0.9, -1, float("nan")])
def test_refuses_perplexities_out_of_range(perplexity):
    with pytest.raises(ArgumentError, match=r"`perplexity` must be at least 1 and less than 18, the number of points"):
        tsne(trajectories(), seed=0, perplexity=perplexity)


def test_refuses_nan_and_a_negative_seed():
    points = trajectories()
    with pytest.raises(ArgumentError, match=r"`seed` must be at least 0"):
        tsne(points, seed=-1)
    points[2, 3, 0] = np.nan
    with pytest.raises(ArgumentError, match=r"sum to 1 over classes; got .* member 2, example 3"):
        tsne(points, seed=0)
