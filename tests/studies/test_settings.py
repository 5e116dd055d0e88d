import pytest
import yaml

from modescape.core.errors import ArgumentError
from modescape.studies import StudySettings
from modescape.studies.settings import SECTIONS, flat_names, merged, nested, parsed_value, read_settings


@pytest.fixture
def read(tmp_path):
    def of(text):
        path = tmp_path / "settings.yaml"
        path.write_text(text)
        return read_settings(path)

    return of


def test_every_setting_has_one_flat_name():
    paths = list(flat_names().values())
    assert len(set(paths)) == len(paths)
    values = StudySettings().model_dump()
    leaves = {
        (name, inner) if isinstance(value, dict) else (name,)
        for name, value in values.items()
        for inner in (value if isinstance(value, dict) else [""])
    }
    assert set(paths) == leaves


def test_an_unknown_flat_name_is_refused_and_the_known_ones_are_listed():
    with pytest.raises(
        ArgumentError, match=r"`epohcs` must be a known setting; got an unknown name. Use one of study,"
    ):
        nested({"epohcs": 3})


def test_later_layers_lie_on_top_and_layers_are_left_as_they_were():
    below = {"seed": 1, "train": {"epochs": 3, "members": 2}}
    above = {"seed": 2, "train": {"epochs": 5}, "data": {"limit": 10}}
    assert merged(below, above) == {"seed": 2, "train": {"epochs": 5, "members": 2}, "data": {"limit": 10}}
    assert below == {"seed": 1, "train": {"epochs": 3, "members": 2}}
    assert above["train"] == {"epochs": 5}


def test_options_belong_to_their_network():
    demo = {"model": {"name": "mlp", "options": {"hidden": [64], "dropout": 0.5}}}
    assert merged(demo, {"model": {"options": {"dropout": 0.2}}})["model"] == {
        "name": "mlp",
        "options": {"hidden": [64], "dropout": 0.2},
    }
    assert merged(demo, {"model": {"name": "mlp"}}) == demo
    assert merged(demo, {"model": {"name": "resnet20"}})["model"] == {"name": "resnet20", "options": {}}
    other = {"model": {"name": "small-cnn", "options": {"dropout": 0.1}}}
    assert merged(demo, other) == other
    unnamed = {"model": {"options": {"hidden": [8]}}}
    assert merged(unnamed, {"model": {"name": "mlp"}})["model"] == {"name": "mlp", "options": {"hidden": [8]}}


def test_a_file_may_name_settings_in_sections_or_flat(read):
    assert read("train: {epochs: 3}\ndata: digits\nmembers: 4\nseed: 7\nmodel: small-cnn\n") == {
        "train": {"epochs": 3, "members": 4},
        "data": {"source": "digits"},
        "seed": 7,
        "model": {"name": "small-cnn"},
    }


def test_numbers_without_a_point_are_numbers(read):
    assert read("model: {options: {dropout: 1e-3, scale: -2E4}}")["model"]["options"] == {
        "dropout": 1e-3,
        "scale": -2e4,
    }
    # Other readers of YAML 1.1 still see what they saw.
    assert yaml.safe_load("1e-3") == "1e-3"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("1e-3", 1e-3),
        ("+.5e2", 50.0),
        ("true", True),
        ("null", None),
        ("relu", "relu"),
        ("[1, 2e1]", [1, 20.0]),
        ('"3"', "3"),
        ("1e", "1e"),
        ("e3", "e3"),
        ("{relu", "{relu"),
        ("", None),
    ],
)
def test_values_are_read_as_in_a_file(text, value):
    found = parsed_value(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1\n", r"`config` must be YAML \(while parsing .*\); got '.*'. Compare it with a run's settings.yaml."),
        ("- 1\n", r"`config` must hold settings by name; got"),
        ("", r"`config` must hold settings by name; got"),
        ("trian: {}\n", r"`trian` must be a known setting"),
        ("train: 3\n", r"`train` must be a known setting"),
        ("a: !!python/object:os.system {}\n", r"`config` must be YAML"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_one_line(read, text, message):
    with pytest.raises(ArgumentError, match=message) as caught:
        read(text)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_or_not_text_is_named(tmp_path):
    with pytest.raises(ArgumentError, match=r"`config` must be a readable file \(No such file or directory\); got"):
        read_settings(tmp_path / "nowhere.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ArgumentError, match=r"`config` must be YAML \("):
        read_settings(tmp_path / "binary.yaml")


def test_settings_survive_a_file(tmp_path):
    settings = StudySettings(seed=3, train={"learning_rate": 1e-5, "clip_norm": 2}, model={"options": {"hidden": [3]}})
    path = tmp_path / "settings.yaml"
    path.write_text(yaml.safe_dump(settings.model_dump(mode="json")))
    assert StudySettings(**read_settings(path)) == settings


def test_each_group_of_settings_is_a_section_of_its_own():
    fields = set(StudySettings.model_fields) - {"study", "seed"}
    assert fields == set(SECTIONS)
    for name, section in SECTIONS.items():
        assert isinstance(getattr(StudySettings(), name), section)


def test_settings_of_the_experiments_have_flat_names(read):
    found = read("foreign: mnist\npairs: 0-1,0-2\nchain: {chain_cycles: 2}\nsource_pairs: 3\n")
    assert found == {
        "foreign": {"foreign": "mnist"},
        "landscape": {"pairs": "0-1,0-2"},
        "chain": {"chain_cycles": 2},
        "sources": {"source_pairs": 3},
    }
    settings = StudySettings(**found)
    assert settings.landscape.member_pairs == [(0, 1), (0, 2)]
    assert settings.value("foreign") == "mnist"
    assert settings.value("chain_cycles") == 2
