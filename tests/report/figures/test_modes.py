import numpy as np
import pytest

from modescape.report.figures import modes
from report.difference_samples import modes as sample


def compute(dataset):
    drawing = modes.compute({"modes": dataset})
    return drawing, *drawing.panels


def by_name(curves):
    return {line.name: line for line in curves.lines}


def test_the_tree_is_drawn_in_percent_with_the_modes_of_the_threshold():
    dataset = sample(5)
    drawing, tree, _ = compute(dataset)
    np.testing.assert_allclose(tree.merges[:, 2], 100 * dataset.height)
    assert tree.threshold == pytest.approx(5.0)
    assert tree.leaves == ("member 0", "member 1", "member 3", "member 4", "member 5")
    assert [len(cluster) for cluster in tree.clusters].count(2) == 1
    assert "Tree of 5 members" in drawing.alt
    assert "at most 5.0 % make 4 modes" in drawing.alt
    assert drawing.found == ("More than can be seen.",)
    assert "made up" in drawing.shows


def test_an_estimate_has_a_band_and_where_there_is_none_a_bound_is_drawn():
    dataset = sample(5)
    _, _, curves = compute(dataset)
    lines, known = by_name(curves), np.isfinite(dataset.chao1.values)
    estimate, bound = lines["estimate of all"], lines["at least, where none is known"]
    np.testing.assert_allclose(estimate.y[known], dataset.chao1.values[known])
    np.testing.assert_allclose(estimate.high[known], dataset.chao1_high.values[known])
    assert np.isnan(estimate.low[~known]).all()
    np.testing.assert_allclose(bound.y[~known], dataset.chao1_low.values[~known])
    assert np.isnan(bound.y[known]).all()
    np.testing.assert_allclose(lines["seen"].x, 100 * dataset.threshold.values)
    assert lines["threshold"].y[1] == 12.0
    assert lines["threshold"].x.tolist() == [5.0, 5.0]


def test_infinite_estimates_are_none():
    dataset = sample(4)
    dataset["chao1"] = dataset.chao1.fillna(np.inf)
    _, _, curves = compute(dataset)
    assert not np.isinf(by_name(curves)["estimate of all"].y).any()
    dataset["chao1"] = dataset.chao1 * np.inf
    drawing, _, curves = compute(dataset)
    assert "estimate of all" not in by_name(curves)
    assert "first known" not in drawing.alt


def test_without_thresholds_the_tree_stands_alone_with_its_merges():
    dataset = sample(3, named=True)[["left", "right", "height", "size", "member_name"]]
    dataset.attrs.clear()
    drawing, tree = compute(dataset)
    assert tree.threshold is None
    assert tree.leaves[1] == "resnet-seed-1.npy"
    assert len(drawing.table.columns["height"]) == 2
    assert drawing.found == ()


def test_two_members_are_a_tree():
    dataset = sample(2)
    _, tree, _ = compute(dataset)
    assert len(tree.branches) == 1
