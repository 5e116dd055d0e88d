import numpy as np
import pytest
import xarray as xr

from modescape.report.figures import layers, solution_cosine, trajectory_cosine
from modescape.report.figures.null import (
    layer_ranges,
    null_found,
    null_left_out,
    null_panel,
    null_ranges,
    null_words,
)
from report.chance_samples import null
from report.landscape_samples import LAYERS as LANDSCAPE_LAYERS
from report.landscape_samples import layers as layer_results
from report.samples import HOSTILE, solutions, trajectories


def test_without_results_nothing_is_said():
    assert null_ranges({}) == layer_ranges({}) == {}
    assert null_words({}) == null_left_out({}) == ""
    assert null_panel({}, np.array([0.1])) is None
    assert null_found({}) == []


def test_pairs_stand_above_the_ranges_of_chance():
    pairs = np.array([0.04, 0.06])
    panel = null_panel({"null": null()}, pairs)
    members, *others = panel.rows
    assert (members.value, members.low, members.high) == (0.05, 0.04, 0.06)
    np.testing.assert_array_equal(members.dots, pairs)
    assert [row.name for row in others] == ["independent directions", "before training", "neurons permuted"]
    assert [row.chance for row in others] == [(-0.01, 0.01), (-0.012, 0.012), (0.0, 0.03)]
    assert all(not row.has_interval for row in others)
    assert "neurons permuted 0.0000 to 0.0300" in panel.alt


def test_what_was_not_found_has_no_row_and_its_reason_is_told():
    dataset = null(permutations_left_out="`network` must be understood; got gru. Take another.")
    dataset["mean"][2] = dataset["low"][2] = dataset["high"][2] = np.nan
    results = {"null": dataset}
    assert list(null_ranges(results)) == ["independent", "initialisations"]
    assert null_left_out(results) == "No permuted copies: `network` must be understood; got gru. Take another."
    [told] = null_found(results)
    assert "above the range of networks before training" in told


@pytest.mark.parametrize(
    ("ends", "word", "meaning"),
    [
        ((0.05, 0.04, 0.06), "above", "have more in common than chance"),
        ((0.02, 0.01, 0.03), "within", "have no more in common than chance"),
        ((0.035, 0.02, 0.05), "within", "have no more in common than chance"),
        ((-0.05, -0.06, -0.04), "below", "have less in common than chance"),
        ((0.05, np.nan, np.nan), "above", "have more in common than chance"),
    ],
)
def test_the_verdict_heeds_the_interval(ends, word, meaning):
    dataset = null().assign(dict(zip(("members_mean", "members_low", "members_high"), ends, strict=True)))
    [told] = null_found({"null": dataset})
    assert f", {word} the range of a member and copies of it with permuted neurons (0.0000 to 0.0300)" in told
    assert meaning in told
    assert ("[" in told) == bool(np.isfinite(ends[1]))


def test_words_name_the_confidence():
    told = null_words({"null": null(confidence=0.9)})
    assert told.startswith(
        "By chance, 90 % of cosines are from -0.010 to 0.010 for independent directions; from -0.012"
    )
    assert told.endswith("which compute the same function.")


def test_the_matrix_of_cosines_has_chance_beside_it():
    dataset = solutions(4)
    drawing = solution_cosine.compute({"solutions": dataset, "null": null()})
    matrix, beside = drawing.panels
    assert np.isnan(matrix.values.diagonal()).all()
    assert len(beside.rows[0].dots) == 6
    np.testing.assert_allclose(np.sort(beside.rows[0].dots), np.sort(dataset.cosine.values[np.triu_indices(4, 1)]))
    assert "By chance, 95 % of cosines" in drawing.shows
    assert "above the range" in drawing.found[0]
    assert len(solution_cosine.compute({"solutions": dataset}).panels) == 1


def test_names_of_members_label_the_matrix():
    names = ("member", [HOSTILE, "b", "c"])
    drawing = solution_cosine.compute({"solutions": solutions(3).assign_coords(member_name=names)})
    assert drawing.panels[0].rows == (HOSTILE, "b", "c")
    assert drawing.panels[0].word == ""


def test_trajectories_say_what_chance_gives():
    drawing = trajectory_cosine.compute({"trajectories": trajectories(1), "null": null()})
    assert "By chance, 95 % of cosines" in drawing.shows
    assert "range of chance" in drawing.look_for
    assert "hance" not in trajectory_cosine.compute({"trajectories": trajectories(1)}).shows


def test_layers_lie_before_the_range_of_permuted_copies():
    dataset, chance = layer_results(4), null(layers=LANDSCAPE_LAYERS)
    drawing = layers.compute({"layers": dataset, "null": chance})
    for index, row in enumerate(drawing.panels[0].rows):
        assert row.chance == pytest.approx((0.0, 0.03 * (1 + index)))
    assert "95 % of permuted copies of a member" in drawing.shows
    assert "permuted copies" in drawing.found[0]


def test_a_layer_that_no_permutation_changes_keeps_the_band_of_independent_directions():
    dataset, chance = layer_results(4), null(layers=LANDSCAPE_LAYERS)
    for name in ("layer_low", "layer_high"):
        chance[name].loc[{"layer": "head"}] = 1.0
    chance["layer_low"].loc[{"layer": "conv1"}] = np.nan
    rows = {row.name: row for row in layers.compute({"layers": dataset, "null": chance}).panels[0].rows}
    for name in ("head", "conv1"):
        half = 2 / float(dataset["num_params"].sel(layer=name)) ** 0.5
        assert rows[name].chance == pytest.approx((-half, half))
    refused = xr.Dataset(attrs={"permutations_left_out": "no."})
    assert "No permuted copies: no." in layers.compute({"layers": dataset, "null": refused}).shows
