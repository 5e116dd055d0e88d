import numpy as np
import pytest

from modescape.report.figures import trajectory_cosine, trajectory_disagreement
from modescape.report.figures.trajectories import MAX_PANELS, trained_range
from report.samples import trajectories


def test_each_member_has_a_panel_with_the_same_colours():
    dataset = trajectories(3, num_epochs=6)
    drawing = trajectory_disagreement.compute({"trajectories": dataset})
    assert [panel.title for panel in drawing.panels] == ["Member 0", "Member 1", "Member 3"]
    assert len({panel.color_range for panel in drawing.panels}) == 1
    for index, panel in enumerate(drawing.panels):
        np.testing.assert_allclose(panel.values, 100 * dataset.disagreement.values[index])
        assert panel.rows == tuple(str(step) for step in range(7))


def test_the_untrained_network_does_not_set_the_colours():
    dataset = trajectories(2, num_epochs=6)
    trained = dataset.cosine.values[:, 1:, 1:][:, ~np.eye(6, dtype=bool)]
    panel = trajectory_cosine.compute({"trajectories": dataset}).panels[0]
    assert panel.color_range == (pytest.approx(trained.min()), pytest.approx(trained.max()))
    assert dataset.cosine.values.min() < panel.color_range[0]


def test_short_runs_use_all_checkpoints_for_the_colours():
    dataset = trajectories(1, num_epochs=2)
    low, high = trained_range(dataset.disagreement, 0.01)
    assert high == pytest.approx(0.9)
    assert low == pytest.approx(float(dataset.disagreement[0, 1, 2]))


def test_a_selected_pair_of_checkpoints_shows_both_measures():
    dataset = trajectories(2, num_epochs=4)
    panel = trajectory_cosine.compute({"trajectories": dataset}).panels[1]
    disagreement, cosine = panel.details
    np.testing.assert_allclose(disagreement.values, 100 * dataset.disagreement.values[1])
    np.testing.assert_allclose(cosine.values, dataset.cosine.values[1])
    assert panel.word == "epoch"


def test_one_measure_is_enough():
    drawing = trajectory_cosine.compute({"trajectories": trajectories(1)[["cosine"]]})
    assert [detail.label for detail in drawing.panels[0].details] == ["weight cosine"]


def test_too_many_trajectories_are_named_and_kept_in_the_data():
    dataset = trajectories(9, num_epochs=3)
    drawing = trajectory_disagreement.compute({"trajectories": dataset})
    assert len(drawing.panels) == MAX_PANELS
    assert "The first 6 of 9 are drawn" in drawing.shows
    assert len(np.unique(drawing.table.columns["member"])) == 9


def test_missing_checkpoints_are_gaps():
    dataset = trajectories(1, num_epochs=3)
    dataset["cosine"] = dataset.cosine.where((dataset.step != 2) & (dataset.step_other != 2))
    panel = trajectory_cosine.compute({"trajectories": dataset}).panels[0]
    assert np.isnan(panel.values[2]).all()
    assert np.isfinite(panel.color_range).all()
