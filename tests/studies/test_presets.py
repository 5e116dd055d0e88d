import pytest

from modescape.core.errors import ArgumentError
from modescape.studies import PRESETS, STUDIES, StudySettings
from modescape.studies.cells import layered, with_first_cell
from modescape.studies.presets import preset, study_preset

VARIED = {None: {"data", "skip", "width"}, "demo": {"skip", "width"}}
"""What the study of shapes varies."""


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_a_valid_configuration(name):
    settings = StudySettings(**preset(name))
    for section, values in preset(name).items():
        for field, value in values.items():
            assert getattr(getattr(settings, section), field) == value


def test_paper_is_the_default_with_ten_members():
    assert StudySettings(**preset("paper")) == StudySettings(train={"members": 10})


@pytest.mark.parametrize("study", STUDIES)
@pytest.mark.parametrize("name", [None, *PRESETS])
def test_every_study_has_a_valid_beginning(study, name):
    settings = with_first_cell(layered(*study_preset(study, name), {"study": study}))
    expected = VARIED.get(name, VARIED[None]) if study == "shapes" else set()
    assert set(StudySettings(**settings).shapes.vary) == expected


def test_a_preset_goes_over_the_defaults_of_a_study_and_its_own_part_over_both():
    below, middle, above = study_preset("shapes", "demo")
    assert below["data"]["source"] == "cifar10"
    assert middle == preset("demo")
    assert layered(below, middle, above)["data"]["source"] == "digits"
    assert layered(below, middle, above)["model"] == {"name": "resnet", "options": {"depth": 8}}
    assert study_preset("overview", None) == ({}, {}, {})


def test_an_unknown_preset_is_refused():
    with pytest.raises(ArgumentError, match=r"`preset` must be one of paper, quick, demo; got 'papre'"):
        preset("papre")
