from math import comb

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar as reference
from statsmodels.stats.multitest import multipletests

from modescape.core.errors import ArgumentError
from modescape.evaluate import holm, mcnemar

COUNTS = [(3, 12), (12, 3), (6, 6), (0, 5), (40, 71), (1, 1)]


@pytest.mark.parametrize(("b", "c"), COUNTS)
def test_p_values_are_statsmodels(b, c):
    table = [[5, b], [c, 9]]
    assert mcnemar(b, c) == pytest.approx(reference(table, exact=True).pvalue)
    asymptotic = reference(table, exact=False, correction=False).pvalue
    assert mcnemar(b, c, method="asymptotic") == pytest.approx(asymptotic)


@pytest.mark.parametrize(("b", "c"), COUNTS)
def test_mid_p_counts_half_of_what_was_observed(b, c):
    n = b + c
    points = np.array([comb(n, k) / 2**n for k in range(n + 1)])
    distance = np.abs(np.arange(n + 1) - n / 2)
    observed = abs(b - n / 2)
    expected = points[distance > observed].sum() + points[distance == observed].sum() / 2
    assert mcnemar(b, c, method="mid-p") == pytest.approx(expected)


def test_matrices_are_tested_entry_by_entry():
    generator = np.random.default_rng(0)
    only = generator.integers(20, size=(5, 5))
    np.fill_diagonal(only, 0)
    for method in ("exact", "mid-p", "asymptotic"):
        found = mcnemar(only, only.T, method=method)
        np.testing.assert_allclose(found, found.T)
        assert (np.diagonal(found) == 1.0).all()
        assert found[1, 3] == mcnemar(only[1, 3], only[3, 1], method=method)


def test_mid_p_has_the_stated_level():
    generator = np.random.default_rng(1)
    b = generator.binomial(30, 0.5, size=4000)
    assert 0.02 < (mcnemar(b, 30 - b, method="mid-p") < 0.05).mean() < 0.06


def test_holm_is_statsmodels():
    p = np.random.default_rng(2).random((3, 5)) ** 3
    np.testing.assert_allclose(holm(p).ravel(), multipletests(p.ravel(), method="holm")[1])


def test_holm_leaves_nan_out():
    found = holm([0.01, np.nan, 0.3])
    np.testing.assert_allclose(found, [0.02, np.nan, 0.3])
    assert holm([]).size == 0


def test_bad_input():
    with pytest.raises(ArgumentError, match=r"`first_only` must be whole numbers at least 0; got -1"):
        mcnemar(-1, 2)
    with pytest.raises(ArgumentError, match=r"`second_only` must be whole numbers at least 0; got float64"):
        mcnemar(1, 2.5)
    with pytest.raises(ArgumentError, match=r"`method` must be one of exact, mid-p, asymptotic; got 'chi'"):
        mcnemar(1, 2, method="chi")
    with pytest.raises(ArgumentError, match=r"`p_values` must lie in \[0, 1\]; got 1.5"):
        holm([0.5, 1.5])
