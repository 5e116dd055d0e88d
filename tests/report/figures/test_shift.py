import numpy as np

from modescape.report.figures import corruptions, drawn, shift, shift_gain
from report import study_samples as samples


def results(dataset):
    return {"shift": dataset}


def test_the_ensemble_is_set_against_what_one_member_gives():
    dataset = samples.shift(num_corruptions=4)
    accuracy = shift.compute(results(dataset)).panels[0]
    lines = {line.name: line for line in accuracy.lines}
    assert len(lines) == 8
    value = dataset.value.sel(metric="accuracy")
    np.testing.assert_allclose(lines["one member"].y, 100 * value.sel({"method": "independent", "size": 1}))
    np.testing.assert_allclose(lines["independent solutions"].y, 100 * value.sel({"method": "independent", "size": 5}))
    np.testing.assert_allclose(lines["weight average"].y, 100 * value.sel({"method": "weight-average", "size": 1}))
    low = dataset.low.sel({"metric": "accuracy", "method": "independent", "size": 5})
    np.testing.assert_allclose(lines["independent solutions"].low, 100 * low)
    assert lines["one member"].dashed
    assert lines["dropout subspace"].low is None


def test_the_divergence_is_that_of_several_members():
    dataset = samples.shift(num_corruptions=4)
    panel = shift.compute(results(dataset)).panels[-1]
    assert panel.title == "Jensen-Shannon divergence"
    assert "one member" not in [line.name for line in panel.lines]
    expected = dataset.value.sel({"metric": "jensen_shannon", "method": "random", "size": 5})
    np.testing.assert_allclose(next(line for line in panel.lines if line.name == "random subspace").y, expected)


def test_where_corruptions_come_from_is_told():
    dataset = samples.shift(num_corruptions=3)
    assert "3 corruptions (made on the fly of 1,000 test examples)" in shift.compute(results(dataset)).shows
    dataset.attrs["source"] = "CIFAR-10-C"
    assert "3 corruptions (from CIFAR-10-C of 1,000 test examples)" in shift.compute(results(dataset)).shows
    dataset.attrs.clear()
    assert "a mean over 3 corruptions, by" in shift.compute(results(dataset)).shows


def test_the_strongest_corruption_is_told():
    dataset = samples.shift(num_corruptions=3)
    value = 100 * dataset.value.sel({"method": "independent", "metric": "accuracy", "intensity": 5})
    one, full = (float(value.sel(size=size)) for size in (1, 5))
    told = shift.compute(results(dataset)).found[0]
    assert told == f"Accuracy at intensity 5: {one:.2f} % with one member, {full:.2f} % with 5."


def test_predictors_without_numbers_are_not_drawn():
    dataset = samples.shift(num_corruptions=3).sel({"method": ["independent", "random"], "size": [5]})
    dataset["value"] = dataset.value.where(dataset.method != "random")
    drawing = shift.compute(results(dataset))
    assert [line.name for line in drawing.panels[0].lines] == ["independent solutions"]
    assert drawing.found == ()


def test_the_gain_is_drawn_with_its_paired_interval():
    dataset = samples.shift(num_corruptions=4)
    drawing = shift_gain.compute(results(dataset))
    assert [panel.title for panel in drawing.panels][:2] == ["Accuracy, higher is better", "NLL, lower is better"]
    assert len(drawing.panels) == 4
    none, gain = drawing.panels[0].lines
    assert set(none.y) == {0.0}
    np.testing.assert_allclose(gain.y, 100 * dataset.gain.sel(metric="accuracy"))
    np.testing.assert_allclose(gain.high, 100 * dataset.gain_high.sel(metric="accuracy"))


def test_slopes_are_told():
    dataset = samples.shift(num_corruptions=4)
    accuracy, brier = shift_gain.compute(results(dataset)).found
    slope = 100 * float(dataset.slope.sel(metric="accuracy"))
    assert f"The gain in accuracy changes by {slope:+.2f} percentage points [" in accuracy
    assert "can't be told from 0" not in accuracy
    assert brier.startswith("The gain in Brier score changes by -")
    assert shift_gain.compute(results(dataset.drop_vars("slope"))).found == ()


def test_a_gain_without_numbers_is_not_drawn():
    dataset = samples.shift(num_corruptions=3)
    dataset["gain"] = dataset.gain.where(dataset.metric != "nll")
    panels = shift_gain.compute(results(dataset)).panels
    assert [panel.title.split(",")[0] for panel in panels] == ["Accuracy", "Brier score", "ECE"]


def test_the_gain_under_each_corruption_stands_under_its_family():
    dataset = samples.shift()
    panels = corruptions.compute(results(dataset)).panels
    assert [panel.title for panel in panels] == ["Accuracy", "Brier score"]
    assert len(panels[0].rows) == 19
    assert [row.group for row in panels[0].rows] == ["noise"] * 4 + ["blur"] * 5 + ["weather"] * 5 + ["digital"] * 5
    fog = next(row for row in panels[1].rows if row.name == "fog")
    each = dataset.each.sel({"method": "independent", "metric": "brier", "corruption": "fog"})
    gain = (each.sel(size=5) - each.sel(size=1)).values
    np.testing.assert_allclose([*fog.dots, fog.value], gain[1:])


def test_the_mean_over_corruptions_is_marked():
    dataset = samples.shift()
    accuracy = corruptions.compute(results(dataset)).panels[0]
    none, mean = accuracy.marks
    assert none.x == 0.0
    np.testing.assert_allclose(mean.x, 100 * float(dataset.gain.sel(metric="accuracy", intensity=5)))


def test_corruptions_of_no_family_come_last():
    dataset = samples.shift(num_corruptions=3).assign_coords(corruption=["mine", "fog", "shot_noise"])
    rows = corruptions.compute(results(dataset)).panels[0].rows
    assert [(row.group, row.name) for row in rows] == [("noise", "shot noise"), ("weather", "fog"), ("other", "mine")]


def test_the_largest_and_the_smallest_gain_are_told():
    dataset = samples.shift(num_corruptions=5)
    drawing = corruptions.compute(results(dataset))
    values = {row.name: row.value for row in drawing.panels[0].rows}
    most, least = max(values, key=values.get), min(values, key=values.get)
    [told] = drawing.found
    assert f"under {most} ({values[most]:+.2f}), the smallest under {least} ({values[least]:+.2f})" in told


def test_corruptions_without_numbers_say_so():
    dataset = samples.shift(num_corruptions=2)
    dataset["each"] = dataset.each.where(dataset.method != "independent")
    assert corruptions.compute(results(dataset)).found == ("Accuracy: no numbers.",)


def test_one_member_has_no_gain():
    dataset = samples.shift(num_corruptions=2).sel(size=[1])
    _, [left_out] = drawn([corruptions.FIGURE], results(dataset))
    assert left_out.reason == "needs at least 2 sizes"
