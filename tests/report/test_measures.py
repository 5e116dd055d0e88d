from modescape.report.measures import MEASURES, axis_of, measure_named


def test_names_are_those_they_are_stored_under_and_labels_differ():
    assert all(name == measure.name for name, measure in MEASURES.items())
    assert len({measure.label for measure in MEASURES.values()}) == len(MEASURES)


def test_an_axis_does_not_say_which_way_is_better():
    assert axis_of(measure_named("test_accuracy")) == "test accuracy (%)"
    assert axis_of(measure_named("mine")) == "mine"
