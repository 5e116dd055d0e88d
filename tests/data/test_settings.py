import pytest

from modescape.core.errors import ArgumentError
from modescape.data import DataSettings


@pytest.mark.parametrize("name", ["limit", "test_limit", "validation", "image_size"])
def test_counts_start_at_one(name):
    with pytest.raises(ArgumentError, match=rf"`{name}` must be greater than or equal to 1; got 0"):
        DataSettings(**{name: 0})


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.5])
def test_test_fraction_is_a_share(fraction):
    with pytest.raises(ArgumentError, match=r"`test_fraction` must be (greater|less) than"):
        DataSettings(test_fraction=fraction)


def test_unknown_scaling_is_refused():
    with pytest.raises(ArgumentError, match=r"`scaling` must be 'unit' or 'standard'"):
        DataSettings(scaling="minmax")


def test_every_setting_is_described():
    assert all(field.description for field in DataSettings.model_fields.values())
