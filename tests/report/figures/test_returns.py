import numpy as np

from modescape.report.figures import drawn, returns
from report import frontier_samples as samples


def compute(dataset):
    return returns.compute({"returns": dataset})


def test_points_law_and_limit_are_drawn_in_the_unit_of_the_metric():
    dataset = samples.returns(6, 3)
    panels = compute(dataset).panels
    assert [panel.title for panel in panels] == ["Accuracy", "NLL", "Brier score"]
    for index, scale in enumerate((100, 1, 1)):
        limit, law, measured = panels[index].lines
        np.testing.assert_allclose(limit.y, scale * float(dataset.limit[index]))
        np.testing.assert_allclose(law.y, scale * dataset.fit.values[index])
        np.testing.assert_allclose(law.low, scale * dataset.fit_low.values[index])
        assert measured.x.tolist() == [1, 2, 3, 4, 5, 6]
        assert law.x.tolist() == list(range(1, 10))
        np.testing.assert_allclose(measured.y, scale * dataset.value.values[index, :6])


def test_the_gain_of_the_next_member_is_told_with_its_interval():
    dataset = samples.returns(6, sentence="Member 7 is not worth it.")
    dataset["gain"][1], dataset["gain_low"][1], dataset["gain_high"][1] = -0.0021, -0.003, -0.0012
    dataset["limit"][1], dataset["limit_low"][1], dataset["limit_high"][1] = 0.75, 0.73, 0.77
    drawing = compute(dataset)
    assert drawing.found[1] == (
        "NLL: member 7 would change it by -0.0021 nats [-0.0030, -0.0012]; infinitely many would reach 0.750 nats "
        "[0.730, 0.770]."
    )
    assert drawing.found[1] in drawing.panels[1].alt
    assert drawing.found[-1] == "Member 7 is not worth it."


def test_two_members_have_no_band_and_one_has_no_law():
    two = compute(samples.returns(2))
    assert [line.low for line in two.panels[0].lines] == [None, None, None]
    assert "(no interval: so few members don't say how much they vary)" in two.found[0]
    one = compute(samples.returns(1))
    assert [line.name for line in one.panels[0].lines] == ["measured"]
    assert one.found[0] == "Accuracy: what another member would bring is not known."


def test_the_table_holds_everything_and_the_confidence_is_that_of_the_results():
    dataset = samples.returns(4, 2)
    dataset.attrs["confidence"] = 0.9
    drawing = compute(dataset)
    assert {"value", "fit_high", "gain_low", "limit", "rate"} <= set(drawing.table.columns)
    assert len(drawing.table.columns["fit"]) == 18
    assert "90 % band" in drawing.shows


def test_without_results_there_is_no_figure():
    _, [left_out] = drawn([returns.FIGURE], {})
    assert left_out.reason == "no `returns` results"
