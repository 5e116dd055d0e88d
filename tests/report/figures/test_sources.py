import numpy as np
import pytest

from modescape.report.figures import sources
from report import study_samples as samples


def compute(dataset):
    return sources.compute({"sources": dataset})


def test_each_cell_has_a_row_under_its_noise():
    dataset = samples.sources()
    disagreement, cosine = compute(dataset).panels
    assert [row.group for row in disagreement.rows] == ["without dropout"] * 4 + ["with dropout"] * 4
    row = disagreement.rows[1]
    assert row.name == "same start, new order"
    place = {"initialisation": "same", "order": "different", "noise": "off"}
    expected = [100 * float(dataset[f"disagreement{end}"].sel(place)) for end in ("", "_low", "_high")]
    assert (row.value, row.low, row.high) == pytest.approx(expected)
    assert cosine.rows[1].value == float(dataset.cosine.sel(place))
    assert not cosine.rows[1].has_interval


def test_each_source_alone_is_told():
    [told] = compute(samples.sources()).found
    assert told == (
        "Disagreement by another order of the data alone 23.5 [22.7, 24.3] %, another start alone 24.5 [23.7, 25.3] %, "
        "dropout alone 19.0 [18.2, 19.8] %, all together 25.2 [24.4, 26.0] %."
    )


def test_networks_without_dropout_have_one_group():
    drawing = compute(samples.sources().sel(noise=["off"]))
    assert {row.group for row in drawing.panels[0].rows} == {"without dropout"}
    assert "dropout alone" not in drawing.found[0]


def test_cells_that_were_not_measured_are_left_out():
    dataset = samples.sources()
    dataset["disagreement"] = dataset.disagreement.where(dataset.noise == "on")
    dataset["cosine"] = np.nan * dataset.cosine
    drawing = compute(dataset)
    assert [panel.title for panel in drawing.panels] == ["Disagreement"]
    assert len(drawing.panels[0].rows) == 4
    only = dataset.assign(disagreement=dataset.disagreement.where(dataset.order == "nothing"))
    assert compute(only).found == ()


def test_the_table_holds_everything():
    columns = compute(samples.sources()).table.columns
    assert set(columns) >= {"initialisation", "order", "noise", "disagreement", "cosine", "num_pairs", "accuracy"}
    assert len(columns["noise"]) == 8
