from typing import Literal, get_args, get_origin

import pytest

from modescape.cli.options import DATA, MODEL, OPTIONS, SINGULAR, TRAINING, model_options, parsed_settings, varied
from modescape.core.errors import ArgumentError
from modescape.studies import StudySettings
from modescape.studies.settings import SECTIONS, flat_names

TABLE = {option.name: option for options in OPTIONS.values() for option in options}
WORDS = {
    "group_size": "as fit in memory",
    "workers": "measured by engine auto, else 1",
    "threads": "the cores shared out",
    "limit": "all",
    "test_limit": "all",
    "validation": "500, or a tenth",
    "image_size": "as they are",
    "label_column": "found by name",
    "held_out": "none",
    "only_classes": "all",
    "same_mode": "measured",
    "clip_norm": "no limit",
    "sizes": "1, doubled up to all members",
    "method_options": "none",
    "cost_per_member": "unknown",
    "worth": "unknown",
    "most_passes": "no limit",
    "perplexity": "a third of the points, at most 30",
    "keep_best": "the last epoch",
    "model_options": "none",
    "vary": "none",
    "corrupted": "corrupt on the fly",
    "source_epochs": "as many as the others",
    "chain_epochs": "as many as a member",
}
"""Defaults that are said in words; they must be nothing, false or empty in the settings."""
REPEATED = {"model_options", "method_options", "vary"}
"""Options that are typed again and again, and become a mapping."""


def field_of(name):
    """The field of the settings that a flat name stands for."""
    *section, field = flat_names()[name]
    return (SECTIONS[section[0]] if section else StudySettings).model_fields[field]


def test_every_setting_has_an_option_and_every_option_a_setting():
    assert set(TABLE) == set(flat_names()) - {"study"}
    assert sum(len(options) for options in OPTIONS.values()) == len(TABLE)


@pytest.mark.parametrize("name", [name for name in flat_names() if name != "study"])
def test_an_option_is_like_its_setting(name):
    option, field = TABLE[name], field_of(name)
    default = {} if name in REPEATED else field.get_default(call_default_factory=True)
    if name in WORDS:
        assert option.default == WORDS[name]
        assert not default
    else:
        assert option.default == (f"{default:g}" if isinstance(default, float) else str(default))
    kinds = {kind for kind in get_args(field.annotation) if kind is not type(None)} or {field.annotation}
    if get_origin(field.annotation) is Literal:
        assert get_args(option.kind) == get_args(field.annotation)
    elif name not in REPEATED:
        assert kinds == {option.kind}


@pytest.mark.parametrize("name", ["study", "train"])
def test_the_commands_take_the_options_of_the_table(command, name):
    lines = command(name, "--help").out
    wanted = OPTIONS if name == "study" else (DATA, MODEL, TRAINING)
    for heading, options in OPTIONS.items():
        for option in options:
            flag = SINGULAR.get(option.name, "--" + option.name.replace("_", "-"))
            assert (f"  {flag} " in lines or f"  {flag}/" in lines) == (heading in wanted)


def test_options_of_a_network_are_read_as_in_a_settings_file():
    pairs = ["hidden=[64, 32]", "dropout=1e-3", "norm=batch", "bias=false", "text=a=b", "dropout=2e-3"]
    expected = {"hidden": [64, 32], "dropout": 2e-3, "norm": "batch", "bias": False, "text": "a=b"}
    assert model_options(pairs) == expected


def test_options_of_methods_are_read_in_the_same_way():
    read = parsed_settings({"epochs": 3, "method_options": ["swag.samples=10", "mixed.models=[mlp]"]})
    assert read == {"epochs": 3, "method_options": {"swag.samples": 10, "mixed.models": ["mlp"]}}
    with pytest.raises(ArgumentError, match=r"`--method-option` must be name=value; got 'x'. Write for example --meth"):
        parsed_settings({"method_options": ["x"]})


def test_values_to_compare_are_read_one_by_one():
    pairs = [
        "width=0.5,1",
        "skip=true, false",
        "data=mnist,parquet:a b/c",
        'held_out="3,5",none',
        "hidden=[64, 32],[8]",
    ]
    assert varied(pairs) == {
        "width": [0.5, 1],
        "skip": [True, False],
        "data": ["mnist", "parquet:a b/c"],
        "held_out": ["3,5", "none"],
        "hidden": [[64, 32], [8]],
    }


@pytest.mark.parametrize("pair", ["width", "=3", ""])
def test_what_is_compared_needs_a_name_and_values(pair):
    with pytest.raises(ArgumentError, match=f"`--vary` must be name=values; got '{pair}'. Write for example"):
        varied([pair])


def test_what_is_compared_is_named_once():
    with pytest.raises(ArgumentError, match=r"`--vary` must name each setting once; got 'width=2'. Write all values"):
        varied(["width=1", "width=2"])


@pytest.mark.parametrize("pair", ["dropout", "=3", ""])
def test_an_option_of_a_network_needs_a_name_and_a_value(pair):
    with pytest.raises(ArgumentError, match=f"`--model-option` must be name=value; got '{pair}'. Write for example"):
        model_options([pair])
