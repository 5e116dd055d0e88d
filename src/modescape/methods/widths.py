"""The same network, wider or narrower."""

import inspect
from collections.abc import Sequence

from modescape.models import Recipe


def widened(recipe: Recipe, factor: float) -> Recipe | None:
    """Return the recipe of a network as wide as another, times a factor.

    A network has a width if its builder takes `width`, a number, or `hidden`, numbers of units, and either has a value.

    Args:
        recipe: How the network is built.
        factor: On its width; whole numbers stay whole, and at least 1.

    Returns:
        Nothing where the network has no width.

    >>> from modescape.models import recipe
    >>> widened(recipe("mlp", {"hidden": [32, 10]}), 1.25).options
    {'hidden': [40, 12]}
    >>> widened(recipe("small-cnn", {"width": 0.5}), 0.5).options
    {'width': 0.25}
    """
    parameters = inspect.signature(recipe.builder).parameters
    for name in ("width", "hidden"):
        value = recipe.options.get(name, parameters[name].default if name in parameters else None)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return Recipe(recipe.name, recipe.builder, {**recipe.options, name: _times(value, factor)})
        if isinstance(value, Sequence) and value and all(isinstance(units, int) for units in value):
            wide = [_times(units, factor) for units in value]
            return Recipe(recipe.name, recipe.builder, {**recipe.options, name: wide})
    return None


def _times(value: float, factor: float) -> float:
    """Return a number times a factor."""
    return max(1, round(value * factor)) if isinstance(value, int) else value * factor
