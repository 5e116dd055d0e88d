import numpy as np
import pytest

from modescape.report.claims.curves import FUNCTION_CHANGES, LOW_LOSS
from report.geometry_samples import paths


def with_shares(name, pairs, numbers):
    """Return path results with (value, low, high) by pair and curve changed."""
    dataset = paths(pairs)
    for (pair, curve), row in numbers.items():
        for end, number in zip(("", "_low", "_high"), row, strict=True):
            array = dataset[f"{name}{end}"].copy()
            array.loc[{"pair": pair, "curve": curve}] = number
            dataset[f"{name}{end}"] = array
    return {"paths": dataset}


def test_the_best_curve_of_a_pair_counts():
    claim = LOW_LOSS.judged({"paths": paths(("0-1",))})
    [evidence] = claim.evidence
    assert evidence.statistic.endswith("worst pair: pair 0-1, bezier")
    assert claim.words == "holds"
    assert evidence.number.value == pytest.approx(0.045 / 1.15)


def test_the_worst_pair_counts():
    numbers = {
        ("0-1", "bezier"): (0.02, 0.01, 0.03),
        ("0-2", "bezier"): (0.5, 0.4, 0.6),
        ("0-2", "polyline"): (0.3, 0.2, 0.4),
    }
    claim = LOW_LOSS.judged(with_shares("barrier_share", ("0-1", "0-2"), numbers))
    assert claim.words == "does not hold"
    assert claim.evidence[0].statistic.endswith("pair 0-2, polyline")
    assert str(claim.evidence[0].number) == "0.30 [0.20, 0.40]"


@pytest.mark.parametrize(
    ("numbers", "words"),
    [((0.07, 0.03, 0.11), "undecided"), ((0.02, 0.01, 0.03), "holds"), ((0.02, np.nan, np.nan), "undecided")],
)
def test_intervals_decide(numbers, words):
    changed = with_shares("barrier_share", ("0-1",), {("0-1", "bezier"): numbers})
    assert LOW_LOSS.judged(changed).words == words


def test_the_function_is_held_on_the_curve_with_the_lowest_barrier():
    numbers = {("0-1", "bezier"): (0.1, 0.05, 0.15), ("0-1", "polyline"): (0.9, 0.8, 1.0)}
    claim = FUNCTION_CHANGES.judged(with_shares("function_share", ("0-1",), numbers))
    assert claim.words == "does not hold"
    assert claim.evidence[0].statistic.endswith("least pair: pair 0-1, bezier")


def test_the_pair_that_changes_least_counts():
    numbers = {("0-1", "bezier"): (0.9, 0.8, 1.0), ("0-2", "bezier"): (0.3, 0.2, 0.4)}
    claim = FUNCTION_CHANGES.judged(with_shares("function_share", ("0-1", "0-2"), numbers))
    assert claim.words == "undecided"
    assert str(claim.evidence[0].number) == "0.30 [0.20, 0.40]"


def test_the_straight_line_is_no_curve():
    numbers = {("0-1", "linear"): (0.0, 0.0, 0.0)}
    for kind, name in ((LOW_LOSS, "barrier_share"), (FUNCTION_CHANGES, "function_share")):
        changed = with_shares(name, ("0-1",), numbers)
        assert "linear" not in kind.judged(changed).evidence[0].statistic
    only = {"paths": paths(("0-1",), ("linear",))}
    assert LOW_LOSS.judged(only).words == FUNCTION_CHANGES.judged(only).words == "not measured"


def test_pairs_without_a_share_are_left_out():
    nothing = (np.nan, np.nan, np.nan)
    numbers = {("0-2", curve): nothing for curve in ("bezier", "polyline")}
    claim = LOW_LOSS.judged(with_shares("barrier_share", ("0-1", "0-2"), numbers))
    assert claim.evidence[0].statistic.endswith("pair 0-1, bezier")
    assert LOW_LOSS.judged({"paths": paths().drop_vars("barrier_share")}).words == "not measured"
