import pytest

from modescape.core.errors import ArgumentError
from modescape.methods import METHODS
from modescape.studies.ensembles.ways import chosen_methods


def names(*asked):
    return [method.name for method in chosen_methods(*asked)]


def test_all_means_the_whole_catalogue_in_its_order():
    assert names("all", {}) == list(METHODS)


def test_independent_members_come_first_whoever_is_asked_for():
    assert names("swag, snapshot", {}) == ["independent", "snapshot", "swag"]


def test_options_reach_their_methods():
    (_, swag) = chosen_methods("swag", {"swag.samples": 7})
    assert swag == METHODS["swag"](samples=7)  # pyright: ignore[reportCallIssue]


@pytest.mark.parametrize(
    ("asked", "options", "said"),
    [
        ("swagger", {}, r"`methods` must be one of all, independent, .*; got 'swagger'. Choose one of them"),
        ("swag", {"samples": 7}, r"`method_options` must be method.option=value; got 'samples'"),
        ("swag", {"swag.size": 7}, r"`method_options` must be an option of swag, .*samples.*; got swag.size"),
        ("swag", {"mimo.size": 7}, r"`method_options` must be of a method that is asked for, .*Name it in --methods"),
        ("swag", {"swagger.size": 7}, r"`method_options` must be of a method that is asked for, .*Change it"),
        ("swag", {"swag.samples": 2.5}, r"`method_options` must give swag.samples as int; got 2.5. Correct it."),
        ("swag", {"swag.samples": "x"}, r"`method_options` must give swag.samples as int; got 'x'. Correct it."),
        ("all", {"independent.x": 7}, r"`method_options` must be left out, as independent has none; got independent.x"),
    ],
)
def test_what_is_not_known_is_refused(asked, options, said):
    with pytest.raises(ArgumentError, match=said):
        chosen_methods(asked, options)
