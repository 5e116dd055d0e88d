import numpy as np
import pytest

from modescape.report.figures import cross_layers, representations
from modescape.report.figures.kind import drawn
from report import chance_samples as samples
from report.landscape_samples import layers


def compute(dataset, **others):
    return representations.compute({"representations": dataset, **others})


def test_each_layer_has_its_pairs_its_interval_and_untrained_networks():
    dataset = samples.representations(4)
    [panel] = compute(dataset).panels
    assert [row.name for row in panel.rows] == samples.LAYERS
    for index, row in enumerate(panel.rows):
        pairs = dataset.cka.values[index][np.triu_indices(4, 1)]
        np.testing.assert_allclose(np.sort(row.dots), np.sort(pairs))
        assert row.value == pytest.approx(pairs.mean())
        assert (row.low, row.high) == pytest.approx((pairs.mean() - 0.02, pairs.mean() + 0.02))
        untrained = float(dataset.untrained[index])
        assert row.chance == pytest.approx((untrained - 0.1, untrained + 0.1))


def test_what_was_not_measured_is_left_out():
    [panel] = compute(samples.representations(2, untrained=False)).panels
    assert all(row.chance is None for row in panel.rows)
    plain = samples.representations(3)[["cka"]]
    [panel] = compute(plain).panels
    assert panel.rows[0].value == pytest.approx(plain.cka.values[0][np.triu_indices(3, 1)].mean())
    assert compute(plain).found == ()


def test_aligned_neurons_are_drawn_beside():
    dataset = samples.representations(3)
    _, along = compute(dataset, alignment=samples.alignment()).panels
    names = [line.name for line in along.lines]
    assert names == [
        "CKA",
        "weight cosine before aligning",
        "weight cosine after aligning",
        "correlation of neurons before aligning",
        "correlation of neurons after aligning",
    ]
    assert [line.dashed for line in along.lines] == [False, True, False, True, False]
    np.testing.assert_allclose(along.lines[2].y, samples.alignment().layer_cosine[:, :, 1].mean("pair"))
    assert np.isnan(along.lines[3].y).tolist() == [False, False, True]
    assert along.lines[0].x.tolist() == [1, 2, 3]


def test_without_alignment_the_cosines_of_layers_are_drawn():
    results = layers(3, names=("conv1", "head"))
    _, along = compute(samples.representations(3), layers=results).panels
    assert [line.name for line in along.lines] == ["CKA", "weight cosine"]
    pairs = results.cosine.values[:, [0, 0, 1], [1, 2, 2]].mean(axis=1)
    np.testing.assert_allclose(along.lines[1].y, [pairs[0], np.nan, pairs[1]])


def test_where_members_part_is_told():
    dataset = samples.representations(4)
    [told] = compute(dataset).found
    low = float(dataset.parting[2])
    assert told.startswith(f"Members are least alike in layer head, CKA {low:.3f} [{low - 0.02:.3f}, {low + 0.02:.3f}]")
    assert "most alike in layer conv1" in told


def test_of_very_many_layers_evenly_spread_ones_have_a_row():
    drawing = compute(samples.representations(2, num_layers=100))
    rows = [row.name for row in drawing.panels[0].rows]
    assert len(rows) == representations.MAX_ROWS
    assert rows[0] == "layer 0"
    assert rows[-1] == "layer 99"
    assert "40 of 100 layers have a row" in drawing.shows
    assert len(set(drawing.table.columns["layer"])) == 100


def test_members_that_are_left_out_are_told():
    dataset = samples.representations(2)
    dataset.attrs["members_left_out"] = 7
    assert "7 more members are left out" in compute(dataset).shows


def test_all_layers_meet_all_layers():
    dataset = samples.representations(3)
    drawing = cross_layers.compute({"representations": dataset})
    [matrix] = drawing.panels
    np.testing.assert_allclose(matrix.values, dataset.cross)
    assert matrix.rows == matrix.columns == tuple(samples.LAYERS)
    [detail] = matrix.details
    np.testing.assert_allclose(detail.low, dataset.cross_low)
    assert "For 3 of 3 layers" in drawing.found[0]
    assert "member 0 (rows)" in drawing.shows


def test_the_same_layer_need_not_be_the_most_alike():
    dataset = samples.representations(3)
    dataset["cross"][0, 2] = 0.99
    dataset["cross"][1] = np.nan
    drawing = cross_layers.compute({"representations": dataset})
    assert "For 1 of 3 layers" in drawing.found[0]


def test_names_of_members_are_told():
    dataset = samples.representations(2).assign_coords(member_name=("member", ["a.pt", "b.pt"]))
    assert "of a.pt (rows) with one layer of b.pt" in cross_layers.compute({"representations": dataset}).shows


def test_without_results_both_say_why():
    _, left = drawn([representations.FIGURE, cross_layers.FIGURE], {})
    assert [one.reason for one in left] == ["no `representations` results"] * 2
