import pytest

from modescape.core.errors import ArgumentError
from modescape.studies import PRESETS, StudySettings
from modescape.studies.presets import preset


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_a_valid_configuration(name):
    settings = StudySettings(**preset(name))
    for section, values in preset(name).items():
        for field, value in values.items():
            assert getattr(getattr(settings, section), field) == value


def test_paper_is_the_default_with_ten_members():
    assert StudySettings(**preset("paper")) == StudySettings(train={"members": 10})


def test_an_unknown_preset_is_refused():
    with pytest.raises(ArgumentError, match=r"`preset` must be one of paper, quick, demo; got 'papre'"):
        preset("papre")
