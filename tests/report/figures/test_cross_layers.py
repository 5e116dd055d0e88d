import numpy as np
import pytest

from modescape.report.figures.cross_layers import FIGURE, compute
from modescape.report.figures.kind import drawn
from report.chance_samples import LAYERS, representations


def test_the_alternative_text_tells_the_same_layer_from_others():
    dataset = representations(2)
    [matrix] = compute({"representations": dataset}).panels
    values = dataset["cross"].values
    away = ~np.eye(3, dtype=bool)
    assert matrix.alt == (
        "Matrix of linear CKA between 3 layers of member 0 and 3 layers of member 1: same layer "
        f"{values.diagonal().mean():.2f} on average, other layers {values[away].mean():.2f} on average."
    )


def test_what_was_not_measured_is_a_gap_and_does_not_count():
    dataset = representations(2)
    dataset["cross"][2] = np.nan
    drawing = compute({"representations": dataset})
    assert np.isnan(drawing.panels[0].values[2]).all()
    assert drawing.found[0].startswith("For 2 of 3 layers")
    low, high = drawing.panels[0].color_range
    known = dataset["cross"].values[:2]
    assert low <= known.min() < known.max() <= high


def test_colours_span_at_least_a_tenth():
    dataset = representations(2)
    dataset["cross"][:] = 0.9
    low, high = compute({"representations": dataset}).panels[0].color_range
    assert high - low == pytest.approx(0.1)


def test_without_intervals_the_values_stand_alone():
    dataset = representations(2).drop_vars(["cross_low", "cross_high"])
    [detail] = compute({"representations": dataset}).panels[0].details
    assert detail.low is None
    assert detail.high is None


def test_the_table_names_both_layers():
    columns = compute({"representations": representations(2)}).table.columns
    assert columns["layer"].tolist() == np.repeat(LAYERS, 3).tolist()
    assert columns["layer_other"].tolist() == LAYERS * 3


def test_one_layer_alone_is_left_out():
    _, [left] = drawn([FIGURE], {"representations": representations(2).isel(layer=[0], layer_other=[0])})
    assert left.reason == "needs at least 2 layers"
