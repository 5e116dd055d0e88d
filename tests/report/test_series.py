from itertools import combinations, product

import numpy as np
import pytest

from modescape.report.colors import DARK, LIGHT, NUM_COLORS, NUM_SERIES, series_role
from modescape.report.methods import METHODS
from modescape.report.series import series_dash, series_symbol

DEUTERANOPIA = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)
PROTANOPIA = np.array(
    [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
)
"""Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB."""


def seen(color, sight):
    """Return a colour in CIELAB (D65) as a person with this sight sees it."""
    parts = np.array([int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    linear = np.clip(sight @ linear, 0, 1)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    relative = to_xyz @ linear / np.array([0.95047, 1.0, 1.08883])
    root = np.where(relative > 0.008856, np.cbrt(relative), 7.787 * relative + 16 / 116)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


@pytest.mark.parametrize("roles", [LIGHT, DARK])
@pytest.mark.parametrize("sight", [np.eye(3), DEUTERANOPIA, PROTANOPIA])
def test_series_are_told_apart_by_colour_with_any_sight(roles, sight):
    colors = [seen(roles[series_role(series)], sight) for series in range(NUM_COLORS)]
    for first, second in combinations(range(NUM_COLORS), 2):
        least = 10.0 if max(first, second) < NUM_SERIES else 6.0
        assert np.linalg.norm(colors[first] - colors[second]) > least, (first, second)


def test_colour_symbol_and_dashes_of_methods_differ():
    methods = [method for method in METHODS.values() if method.series is not None]
    assert len(methods) == 9
    assert len({series_role(method.series) for method in methods}) == 9
    assert len({method.symbol for method in methods}) == 9
    assert len({(method.series % NUM_SERIES, series_dash(method.series)) for method in methods}) == 9


def test_dashes_with_a_reason_stay_dashes():
    for series, dashed in product((None, 0, 5, 6, 8), (True, False)):
        assert (series_dash(series, dashed=dashed) == "dash") is dashed


def test_symbols_repeat_after_the_last():
    symbols = [series_symbol(series) for series in range(20)]
    assert len(set(symbols)) == 10
    assert symbols[10:] == symbols[:10]
