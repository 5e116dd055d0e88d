"""The same network at another width."""

import pytest

from modescape.methods.widths import widened
from modescape.models import Recipe, recipe


def whole(*, width=12):
    """Stand for a builder whose width counts units."""
    return width


def narrow(*, width=True, hidden=()):
    """Stand for a builder without a width."""
    return width, hidden


@pytest.mark.parametrize(
    ("base", "factor", "options"),
    [
        (recipe("small-cnn", {"dropout": 0.3}), 1.25, {"dropout": 0.3, "width": 1.25}),
        (recipe("resnet20", {"width": 0.5}), 0.5, {"width": 0.25}),
        (recipe("mlp"), 0.8, {"hidden": [102, 102]}),
        (recipe("mlp", {"hidden": [1, 40]}), 0.25, {"hidden": [1, 10]}),
        (Recipe("whole", whole), 1.5, {"width": 18}),
    ],
)
def test_the_width_is_that_of_the_options_or_the_default_times_the_factor(base, factor, options):
    found = widened(base, factor)
    assert found is not None
    assert dict(found.options) == options
    assert found.builder is base.builder


def test_other_networks_have_no_width():
    assert widened(Recipe("narrow", narrow), 2.0) is None
    assert widened(recipe("mlp", {"hidden": []}), 2.0) is None
