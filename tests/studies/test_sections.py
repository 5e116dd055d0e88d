import pytest

from modescape.core.errors import ArgumentError
from modescape.studies.sections import ChainSettings, LandscapeSettings, SubspaceSettings


def test_pairs_are_read_with_spaces_too():
    assert LandscapeSettings(pairs="0-1, 12-3").member_pairs == [(0, 1), (12, 3)]


@pytest.mark.parametrize("text", ["", "0", "0-", "-1", "0-1,", "a-b", "1-1", "0-1-2", "0--1", "0-1;0-2"])
def test_pairs_that_are_none_are_refused(text):
    with pytest.raises(ArgumentError, match=r"`pairs` must be like 0-1 or 0-1,0-2; got .*. Write two members with"):
        LandscapeSettings(pairs=text)


def test_a_pair_is_named_once():
    with pytest.raises(ArgumentError, match=r"`pairs` must be different from one another; got '0-1, 0-1'. Write each"):
        LandscapeSettings(pairs="0-1, 0-1")


def test_a_chain_ends_with_a_cycle():
    assert ChainSettings(chain_epochs=6, chain_cycles=3).chain_epochs == 6
    with pytest.raises(ArgumentError, match=r"`chain_epochs` must be a multiple of the 4 cycles; got 6. Change it or"):
        ChainSettings(chain_epochs=6)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"samples": 1}, "`samples` must be greater than or equal to 2; got 1"),
        ({"dropout_rate": 1.0}, "`dropout_rate` must be less than 1; got 1.0"),
        ({"low_rank_variance": "one"}, "`low_rank_variance` must be .*'fitted' or 'unit'; got 'one'"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ArgumentError, match=message):
        SubspaceSettings(**settings)
