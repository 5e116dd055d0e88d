import numpy as np
import pytest

from modescape.report.figures import layers
from report import landscape_samples as samples


def compute(dataset):
    return layers.compute({"layers": dataset})


def test_each_layer_has_its_pairs_and_the_band_of_independent_directions():
    dataset = samples.layers(4)
    cosine, moved = compute(dataset).panels
    assert [row.name for row in cosine.rows] == [row.name for row in moved.rows] == list(samples.LAYERS)
    for index, row in enumerate(cosine.rows):
        pairs = dataset.cosine.values[index][np.triu_indices(4, 1)]
        np.testing.assert_allclose(np.sort(row.dots), np.sort(pairs))
        assert row.value == pytest.approx(pairs.mean())
        half = 2 / np.sqrt(dataset.num_params.values[index])
        assert row.chance == pytest.approx((-half, half))
        assert not row.has_interval
    assert moved.rows[2].value == pytest.approx(float(dataset.moved[2].median()))
    np.testing.assert_allclose(moved.rows[2].dots, dataset.moved[2])


def test_where_the_start_was_not_kept_only_cosines_are_drawn():
    dataset = samples.layers()
    dataset["moved"] = np.nan * dataset.moved
    assert len(compute(dataset).panels) == 1
    assert len(compute(dataset.drop_vars("moved")).panels) == 1
    some = samples.layers()
    some["moved"] = some.moved.where(some.member < 1)
    assert compute(some).panels[1].rows[0].dots.tolist() == [float(some.moved[0, 0])]


def test_how_many_layers_have_something_in_common_is_told():
    [told] = compute(samples.layers()).found
    assert told.startswith("2 of 7 layers lie outside the band of independent directions; the largest cosine is that")
    plain = compute(samples.layers(names=("stages.1.0.conv1", "stages.2.0.conv1")))
    assert plain.found == ("None of 2 layers can be told from independent directions.",)
    assert compute(samples.layers().drop_vars("num_params")).found == ()


def test_of_very_many_layers_the_largest_are_drawn_in_their_order():
    names = tuple(f"layer {number}" for number in range(35))
    dataset = samples.layers(3, names=names)
    dataset["num_params"] = ("layer", np.where(np.arange(35) % 7 == 3, 1, 1000))
    drawing = compute(dataset)
    assert [row.name for row in drawing.panels[0].rows] == [
        name for number, name in enumerate(names) if number % 7 != 3
    ]
    assert "The 5 smallest layers are in the data only." in drawing.shows
    assert len(set(drawing.table.columns["layer"])) == 35
