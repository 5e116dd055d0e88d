"""Settings of the network."""

import pytest

from modescape.core.errors import ArgumentError
from modescape.models import ModelSettings


def test_defaults_and_options():
    assert (ModelSettings().name, ModelSettings().options) == ("mlp", {})
    assert ModelSettings(name="resnet20", options={"width": 0.5}).options == {"width": 0.5}


def test_wrong_settings_are_refused():
    with pytest.raises(ArgumentError, match=r"^`options` must be a valid dictionary; got 3\. Correct it"):
        ModelSettings(options=3)
    with pytest.raises(
        ArgumentError, match=r"^`width` must be a known setting; got an unknown name\. Use one of name, opt"
    ):
        ModelSettings(width=3)
