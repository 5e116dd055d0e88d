import pytest

from modescape.core.errors import ArgumentError
from modescape.studies import STUDIES
from modescape.studies.catalogue import steps_of


def test_every_step_comes_after_those_it_needs_and_names_are_unique():
    for steps in STUDIES.values():
        names = [step.name for step in steps]
        assert len(set(names)) == len(names)
        for index, step in enumerate(steps):
            assert set(step.needs) <= set(names[:index])


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        (None, ["training", "predictions", "solutions", "null", "trajectories", "embedding", "ensemble"]),
        ("training", ["training"]),
        ("solutions", ["predictions", "solutions"]),
    ],
)
def test_one_step_comes_with_what_it_needs(only, expected):
    assert [step.name for step in steps_of("overview", only)] == expected


def test_unknown_names_are_refused():
    with pytest.raises(
        ArgumentError,
        match=r"`study` must be one of overview, fort2019, landscapes, shapes, differences, three-class, compare, "
        "frontier; got 'overviw'",
    ):
        steps_of("overviw")
    with pytest.raises(ArgumentError, match=r"`only` must be one of training, .*, ensemble; got 'ensembel'"):
        steps_of("overview", "ensembel")
