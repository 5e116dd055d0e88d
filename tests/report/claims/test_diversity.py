import numpy as np
import pytest

from modescape.report.claims.diversity import AROUND_ONE_RUN_LOW, INDEPENDENT
from report.geometry_samples import plane


def with_diversity(**values):
    """Return plane results with a method's (value, low, high) changed; underscores stand for hyphens."""
    dataset = plane()
    for name, numbers in values.items():
        for end, number in zip(("", "_low", "_high"), numbers, strict=True):
            array = dataset[f"relative_diversity{end}"].copy()
            array.loc[name.replace("_", "-")] = number
            dataset[f"relative_diversity{end}"] = array
    return {"plane": dataset}


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ((0.97, 0.9, 1.0), "holds"),
        ((0.52, 0.48, 0.56), "undecided"),
        ((0.3, 0.2, 0.4), "does not hold"),
        ((0.3, np.nan, np.nan), "undecided"),
        ((np.nan, np.nan, np.nan), "not measured"),
    ],
)
def test_independent_solutions_are_held_against_halfway(numbers, words):
    claim = INDEPENDENT.judged(with_diversity(independent=numbers))
    assert claim.words == words


def test_the_numbers_of_independent_solutions_are_told():
    claim = INDEPENDENT.judged(with_diversity(independent=(0.97, 0.94, 1.0)))
    assert claim.told == "Holds: 0.97 [0.94, 1.00], mark: above 0.5."


def test_the_largest_of_checkpoints_and_subspaces_is_named():
    claim = AROUND_ONE_RUN_LOW.judged(with_diversity())
    assert claim.words == "holds"
    [evidence] = claim.evidence
    assert evidence.statistic.endswith(": checkpoints of one run")
    assert str(evidence.number) == "0.35 [0.32, 0.38]"


@pytest.mark.parametrize(
    ("numbers", "words"),
    [((0.45, 0.4, 0.55), "undecided"), ((0.7, 0.6, 0.8), "does not hold"), ((0.4, 0.38, 0.42), "holds")],
)
def test_one_subspace_is_enough_against_the_claim(numbers, words):
    claim = AROUND_ONE_RUN_LOW.judged(with_diversity(dropout=numbers))
    assert claim.words == words
    assert claim.evidence[0].statistic.endswith(": dropout subspace")


def test_a_wide_interval_of_another_subspace_leaves_it_undecided():
    claim = AROUND_ONE_RUN_LOW.judged(with_diversity(random=(0.1, 0.0, 0.6)))
    assert claim.words == "undecided"
    assert str(claim.evidence[0].number) == "0.35 [0.32, 0.60]"


def test_independent_solutions_and_chains_are_not_of_one_run():
    changed = with_diversity(independent=(0.99, 0.98, 1.0), cyclical_sgmcmc=(0.9, 0.8, 1.0))
    assert AROUND_ONE_RUN_LOW.judged(changed).words == "holds"


def test_methods_that_were_not_measured_are_left_out():
    only = {"plane": plane(("independent", "random"))}
    assert AROUND_ONE_RUN_LOW.judged(only).evidence[0].statistic.endswith(": random subspace")
    alone = {"plane": plane(("independent",))}
    assert AROUND_ONE_RUN_LOW.judged(alone).words == "not measured"
    assert INDEPENDENT.judged({"plane": plane(("random",))}).words == "not measured"
    assert INDEPENDENT.judged({"plane": plane().drop_vars("relative_diversity")}).words == "not measured"
