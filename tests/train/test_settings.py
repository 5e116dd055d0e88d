"""Settings of training: the paper's recipe by default, wrong values refused."""

import pytest

from modescape.core.errors import ArgumentError
from modescape.train import TrainSettings


def test_the_defaults_are_the_papers_recipe():
    settings = TrainSettings()
    recipe = (settings.optimizer, settings.learning_rate, settings.schedule, settings.step_epochs, settings.step_factor)
    assert recipe == ("adam", 1.6e-3, "step", 10, 0.5)
    assert (settings.epochs, settings.batch_size, settings.weight_decay) == (40, 128, 0.0)
    assert (settings.label_smoothing, settings.clip_norm, settings.keep_best) == (0.0, None, False)


WRONG = [
    ("members", 0), ("epochs", 0), ("batch_size", 0), ("learning_rate", 0.0), ("learning_rate", float("nan")),
    ("step_epochs", 0), ("step_factor", 0.0), ("step_factor", 1.5), ("momentum", 1.0), ("weight_decay", -0.1),
    ("label_smoothing", 1.0), ("clip_norm", 0.0), ("trajectories", -1), ("late_fraction", 1.1), ("group_size", 0),
    ("cycles", 0), ("exploration", 1.0), ("exploration", -0.1), ("temperature", -1.0), ("temperature", float("nan")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_numbers_out_of_range_are_refused(name, value):
    with pytest.raises(ArgumentError, match=rf"^`{name}` must be .*; got {value}\. Correct it on the command line"):
        TrainSettings(**{name: value})


def test_cycles_are_of_whole_epochs():
    line = (
        r"^`cycles` must divide the number of epochs, 10, so that each cycle ends with an epoch; got 4\. "
        r"Pass --cycles 2, or other --epochs\.$"
    )
    with pytest.raises(ArgumentError, match=line):
        TrainSettings(epochs=10, schedule="cyclical")
    with pytest.raises(ArgumentError, match=r"got 3\. Pass --cycles 1, or"):
        TrainSettings(epochs=1, schedule="cyclical", cycles=3)
    assert TrainSettings(epochs=10, schedule="cosine").cycles == 4
    assert TrainSettings(epochs=10, schedule="cyclical", cycles=5).cycles == 5


@pytest.mark.parametrize("name", ["optimizer", "schedule", "sampling", "engine"])
def test_unknown_words_are_refused_with_all_that_are_known(name):
    with pytest.raises(ArgumentError, match=rf"^`{name}` must be '.*' or '.*'; got 'other'\.") as caught:
        TrainSettings(**{name: "other"})
    known = TrainSettings.model_fields[name].annotation.__args__
    assert all(repr(word) in str(caught.value) for word in known)
