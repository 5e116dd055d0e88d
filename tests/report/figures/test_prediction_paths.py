import numpy as np

from modescape.report.figures import prediction_paths
from report.samples import embedding


def test_paths_skip_what_is_missing_and_keep_the_epochs():
    dataset = embedding(2, num_epochs=6)
    drawing = prediction_paths.compute({"embedding": dataset})
    first, second = drawing.panels[0].paths
    assert first.points == ("epoch 0", "epoch 1", "epoch 2", "epoch 3", "epoch 5", "epoch 6")
    assert len(second.x) == 7
    np.testing.assert_array_equal(second.x, dataset.position.values[1, :, 0])
    np.testing.assert_array_equal(second.y, dataset.position.values[1, :, 1])
    assert (first.series, second.series) == (0, 1)
    assert "perplexity 10, seed 0" in drawing.shows


def test_a_trajectory_without_a_position_is_not_drawn():
    dataset = embedding(2, num_epochs=3)
    position = dataset.position.values.copy()
    position[0] = np.nan
    dataset["position"] = (dataset.position.dims, position)
    [path] = prediction_paths.compute({"embedding": dataset}).panels[0].paths
    assert path.name == "member 1"


def test_settings_that_were_not_stored_are_not_named():
    dataset = embedding(2, num_epochs=3)
    dataset.attrs.clear()
    assert "(" not in prediction_paths.compute({"embedding": dataset}).shows
