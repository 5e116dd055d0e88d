import numpy as np
import pytest

from modescape.report.colors import NUM_SERIES
from modescape.report.figures import training_curves
from report.samples import training


def test_each_of_a_few_members_has_a_line_of_its_own():
    dataset = training(5, num_epochs=8)
    loss, accuracy = training_curves.compute({"training": dataset}).panels
    assert [line.name for line in loss.lines] == ["member 0", "member 1", "member 3", "member 4", "member 5"]
    np.testing.assert_array_equal(loss.lines[4].y, dataset.loss.values[4])
    np.testing.assert_array_equal(loss.lines[0].x, np.arange(1, 9))
    np.testing.assert_allclose(accuracy.lines[1].y, 100 * dataset.validation_accuracy.values[1])
    assert len({line.series for line in loss.lines}) == 5


def test_many_members_are_drawn_alike_under_their_median():
    dataset = training(NUM_SERIES + 1, num_epochs=5)
    loss = training_curves.compute({"training": dataset}).panels[0]
    assert {line.series for line in loss.lines[:-1]} == {None}
    assert loss.lines[-1].name == "median of members"
    np.testing.assert_allclose(loss.lines[-1].y, np.nanmedian(dataset.loss.values, axis=0))
    assert loss.lines[0].name == "member 0"


def test_a_step_without_any_member_has_no_median():
    dataset = training(NUM_SERIES + 1, num_epochs=4)
    dataset["loss"] = dataset.loss.where(dataset.step != 2)
    line = training_curves.compute({"training": dataset}).panels[0].lines[-1]
    assert np.isnan(line.y).tolist() == [False, True, False, False]


@pytest.mark.parametrize(("smallest", "log"), [(0.001, True), (0.1, False), (0.0, False)])
def test_the_axis_is_logarithmic_only_where_losses_span_much(smallest, log):
    dataset = training(2, num_epochs=3)
    dataset["loss"] = (("member", "step"), np.array([[2.0, 1.0, 0.5], [2.0, 1.0, smallest]]))
    loss, accuracy = training_curves.compute({"training": dataset}).panels
    assert loss.log_y is log
    assert accuracy.log_y is False


def test_words_tell_the_last_values_and_skip_members_without_any():
    dataset = training(3, num_epochs=3)
    dataset["loss"] = (("member", "step"), np.array([[2.0, 1.0, 0.5], [2.0, 0.75, np.nan], [np.nan] * 3]))
    loss = training_curves.compute({"training": dataset}).panels[0]
    assert "the last values lie between 0.5000 and 0.7500 nats" in loss.alt


def test_accuracy_that_was_not_measured_is_left_out():
    assert len(training_curves.compute({"training": training()[["loss"]]}).panels) == 1
    nothing = training().assign(validation_accuracy=np.nan * training().validation_accuracy)
    assert len(training_curves.compute({"training": nothing}).panels) == 1
