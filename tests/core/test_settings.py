"""Settings: wrong ones raise one clear line, also deep inside."""

from typing import Literal

import pytest
from pydantic import Field, field_validator

from modescape.core.errors import ArgumentError
from modescape.core.settings import Settings


class Oven(Settings):
    degrees: int = Field(default=180, ge=20, le=300)
    mode: Literal["fan", "grill", "both"] = "fan"
    clock: float | None = None

    @field_validator("clock")
    @classmethod
    def _known(cls, value):
        if value == 13:
            raise ArgumentError("clock", "not be 13", value, "Pass another hour")
        return value


class Kitchen(Settings):
    oven: Oven = Oven()
    ovens: tuple[Oven, ...] = ()
    name: str = "home"


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"degrees": -3.5}, r"`degrees` must be a valid integer; got -3\.5\. Correct it on the command line"),
        ({"degrees": 7}, r"`degrees` must be greater than or equal to 20; got 7\."),
        ({"degrees": "hot"}, r"`degrees` must be a valid integer; got 'hot'\."),
        ({"mode": "boil"}, r"`mode` must be 'fan', 'grill' or 'both'; got 'boil'\."),
        ({"clock": 13}, r"^`clock` must not be 13; got 13\.0\. Pass another hour\.$"),
        ({"degree": 180}, r"`degree` must be a known setting; got an unknown name\. Use one of degrees, mode, clock\."),
        ({"mode": "x" * 500}, r"got 'x{390,399}\.\.\.\."),
    ],
)
def test_wrong_values_raise_one_line(values, line):
    with pytest.raises(ArgumentError, match=line) as caught:
        Oven(**values)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"oven": {"degrees": 7}}, r"^`degrees` must be greater than or equal to 20; got 7\."),
        ({"oven": {"colour": 7}}, r"^`colour` must be a known setting; .* Use one of degrees, mode, clock\."),
        ({"ovens": [{}, {"mode": 1}]}, r"^`mode` must be 'fan', 'grill' or 'both'; got 1\."),
        ({"oven": 3}, r"`oven` must be a valid dictionary or instance of Oven; got 3\."),
        ({"name": ["a", "b"]}, r"`name` must be a valid string; got \['a', 'b'\]\."),
    ],
)
def test_nested_settings_raise_the_line_of_their_own(values, line):
    with pytest.raises(ArgumentError, match=line):
        Kitchen(**values)


def test_changed_copies_validate_anew():
    kitchen = Kitchen(oven=Oven(degrees=200))
    changed = kitchen.changed(name="away")
    assert (changed.name, changed.oven.degrees, kitchen.name) == ("away", 200, "home")
    assert kitchen.changed(oven={"mode": "grill"}).oven == Oven(mode="grill")
    with pytest.raises(ArgumentError, match=r"`title` must be a known setting"):
        kitchen.changed(title="x")
    with pytest.raises(ValueError, match="frozen"):
        kitchen.name = "other"


def test_they_survive_a_trip_through_plain_values():
    kitchen = Kitchen(oven=Oven(degrees=200, clock=7.5), ovens=(Oven(),))
    assert Kitchen(**kitchen.model_dump(mode="json")) == kitchen
