import numpy as np
import pytest

from modescape.report.figures import lines
from report import landscape_samples as samples


def compute(dataset):
    return lines.compute({"lines": dataset})


def test_each_member_is_the_median_of_its_directions_between_the_lowest_and_the_highest():
    dataset = samples.lines(3, num_directions=4)
    loss, accuracy = compute(dataset).panels
    assert [line.name for line in loss.lines] == ["member 0", "member 1", "member 2"]
    for index, line in enumerate(loss.lines):
        values = dataset.loss.values[index]
        np.testing.assert_allclose(line.y, np.median(values, axis=0))
        np.testing.assert_allclose(line.low, values.min(axis=0))
        np.testing.assert_allclose(line.high, values.max(axis=0))
        np.testing.assert_allclose(line.x, dataset.alpha)
    np.testing.assert_allclose(accuracy.lines[1].y, 100 * np.median(dataset.accuracy.values[1], axis=0))


def test_many_members_are_grey_lines_with_their_median():
    dataset = samples.lines(8)
    panel = compute(dataset).panels[0]
    assert len(panel.lines) == 9
    assert panel.lines[-1].name == "median of members"
    np.testing.assert_allclose(panel.lines[-1].y, np.median(np.median(dataset.loss.values, axis=1), axis=0))
    assert "lowest" not in compute(dataset).shows


@pytest.mark.parametrize(("floor", "log"), [(0.1, True), (1.0, False), (0.0, False)])
def test_the_loss_is_logarithmic_where_it_spans_much(floor, log):
    dataset = samples.lines(2)
    dataset["loss"] = floor + 9.9 * dataset.alpha**2 + 0 * dataset.loss
    first, second = compute(dataset).panels
    assert (first.log_y, second.log_y) == (log, False)


def test_the_middle_and_the_ends_are_told():
    dataset = samples.lines(2)
    loss, accuracy = compute(dataset).found
    ends = dataset.loss.values[..., [0, -1]]
    assert loss == (
        f"The loss is 0.080 nats at the members and {ends.min():.3f} to {ends.max():.3f} nats at a distance of 1 "
        "(filter norms)."
    )
    assert accuracy.startswith("The accuracy is 65.0 % at the members and ")


def test_what_is_not_finite_is_left_out_of_medians_and_bands():
    dataset = samples.lines(2, num_directions=3)
    dataset["loss"] = dataset.loss.where((dataset.direction != 1) | (dataset.alpha < 0))
    line = compute(dataset).panels[0].lines[0]
    values = dataset.loss.values[0]
    np.testing.assert_allclose(line.y, np.nanmedian(values, axis=0))
    np.testing.assert_allclose(line.high, np.nanmax(values, axis=0))
    nowhere = samples.lines(2)
    nowhere["loss"] = nowhere.loss.where(nowhere.alpha < 0.5)
    line = compute(nowhere).panels[0].lines[0]
    assert np.isnan(line.y[-1])
    assert np.isnan(line.low[-1])


def test_accuracy_that_was_not_measured_is_left_out():
    drawing = compute(samples.lines()[["loss"]])
    assert [panel.title for panel in drawing.panels] == ["Loss"]
    assert len(drawing.found) == 1
