import numpy as np
import pytest
import xarray as xr

from modescape.report.difference import difference, mean_disagreement, mean_error, neighbour_disagreement
from modescape.report.verdicts import Verdict
from report.samples import solutions, trajectories


def pairs(values, half_width=0.01, accuracy=None, cosine=None):
    values = np.asarray(values, dtype=float)
    dims = ("member", "member_other")
    data = {
        "disagreement": (dims, values),
        "disagreement_low": (dims, values - half_width),
        "disagreement_high": (dims, values + half_width),
    }
    if accuracy is not None:
        data["accuracy"] = ("member", accuracy)
    if cosine is not None:
        data["cosine"] = (dims, cosine)
    numbers = [0, 1, 4][: len(values)]
    return xr.Dataset(data, coords={"member": numbers, "member_other": numbers}, attrs={"confidence": 0.9})


THREE = [[0.0, 0.1, 0.2], [0.1, 0.0, 0.3], [0.2, 0.3, 0.0]]


def test_the_mean_is_over_pairs_and_not_over_the_diagonal():
    number = mean_disagreement({"solutions": pairs(THREE)})
    assert number.value == pytest.approx(20.0)
    assert (number.low, number.high) == (pytest.approx(19.0), pytest.approx(21.0))


def test_a_missing_pair_is_left_out_of_the_mean():
    values = np.array(THREE)
    values[0, 1] = values[1, 0] = np.nan
    assert mean_disagreement({"solutions": pairs(values)}).value == pytest.approx(25.0)


def test_the_interval_of_the_mean_covers_the_truth_at_least_as_often_as_it_says():
    generator = np.random.default_rng(3)
    num_examples, covered = 400, []
    for _ in range(150):
        # Three networks guess one of three classes on 3 examples in 10 and agree on the others: 0.3 * 2/3 differ.
        hard = generator.random(num_examples) < 0.3
        classes = np.where(hard, generator.integers(0, 3, (3, num_examples)), 0)
        rate = (classes[:, None] != classes[None]).mean(axis=2)
        half = 1.96 * np.sqrt(rate * (1 - rate) / num_examples)
        number = mean_disagreement({"solutions": pairs(rate, half)})
        covered.append(number.low <= 20.0 <= number.high)
    assert np.mean(covered) >= 0.94


def test_neighbours_are_the_last_two_trained_checkpoints():
    one = trajectories(num_members=1, num_epochs=4, last=0.05)
    assert neighbour_disagreement({"trajectories": one}) == pytest.approx(5.0)
    two = trajectories(num_members=2, num_epochs=4, last=0.04)
    assert neighbour_disagreement({"trajectories": two}) == pytest.approx(4.0 * 1.025)


def test_the_untrained_network_is_no_neighbour():
    assert neighbour_disagreement({"trajectories": trajectories(num_epochs=1)}) is None
    assert neighbour_disagreement({}) is None


def test_a_trajectory_that_ends_early_gives_its_own_last_checkpoints():
    dataset = trajectories(num_members=1, num_epochs=4)
    values = dataset.disagreement.values.copy()
    values[0, 4, :] = values[0, :, 4] = np.nan
    dataset["disagreement"] = (dataset.disagreement.dims, values)
    assert neighbour_disagreement({"trajectories": dataset}) == pytest.approx(100 * values[0, 3, 2])


def test_the_error_rate_is_averaged_over_members_that_have_one():
    results = {"solutions": pairs(THREE, accuracy=[0.9, np.nan, 0.7])}
    assert mean_error(results) == pytest.approx(20.0)
    assert mean_error({"solutions": pairs(THREE)}) is None


@pytest.mark.parametrize(
    ("disagreement", "accuracy", "last", "verdict", "headline"),
    [
        (0.12, 0.92, 0.03, Verdict.YES, "Yes: they are different functions."),
        (0.12, 0.92, None, Verdict.YES, "Yes"),
        (0.01, 0.92, 0.02, Verdict.NO, "No: they answer almost alike."),
        (0.01, 0.92, None, Verdict.NO, "No"),
        (0.12, 0.92, 0.12, Verdict.UNCLEAR, "Partly: one comparison says yes, the other no."),
        (0.04, 0.92, None, Verdict.UNCLEAR, "Unclear: this many examples can't tell."),
    ],
)
def test_the_verdict_of_known_cases(disagreement, accuracy, last, verdict, headline):
    square = disagreement * (1 - np.eye(3))
    results = {"solutions": pairs(square, accuracy=[accuracy] * 3)}
    if last is not None:
        results["trajectories"] = trajectories(num_members=1, last=last)
    answer = difference(results)
    assert answer.verdict is verdict
    assert answer.headline.startswith(headline)


def test_a_clear_comparison_decides_over_an_unclear_one():
    results = {"solutions": pairs(0.04 * (1 - np.eye(3)), accuracy=[0.92] * 3)}
    results["trajectories"] = trajectories(num_members=1, last=0.001)
    assert difference(results).verdict is Verdict.YES


def test_sentences_say_the_numbers_that_were_compared():
    cosine = 0.3 * np.ones((3, 3)) + 0.7 * np.eye(3)
    results = {"solutions": pairs(THREE, accuracy=[0.9, 0.8, 0.7], cosine=cosine)}
    results["trajectories"] = trajectories(num_members=1, last=0.05)
    between, within, error, weights = difference(results).sentences
    assert "20.0 % of examples on average (90 % interval 19.0 to 21.0 %)" in between
    assert "differ on 5.0 %, so members differ 4.0 times as much" in within
    assert "wrong on 20.0 % of examples, so the disagreement is 1.00 times the error rate" in error
    assert "0.300, directions with something in common" in weights


def test_numbers_are_there_for_machines():
    answer = difference({"solutions": solutions(), "trajectories": trajectories()})
    names = [number.name for number in answer.numbers]
    assert names == [
        "mean disagreement between members",
        "disagreement of the last two checkpoints of one run",
        "mean error rate of members",
        "mean cosine between members",
    ]


def test_perfect_members_that_agree_need_no_division():
    results = {"solutions": pairs(np.zeros((2, 2)), half_width=0.0, accuracy=[1.0, 1.0])}
    results["trajectories"] = trajectories(num_members=1, last=0.0001)
    answer = difference(results)
    assert answer.verdict is Verdict.NO
    assert "times the error rate" not in " ".join(answer.sentences)


def test_without_an_interval_nothing_is_decided():
    dataset = pairs(THREE, accuracy=[0.9] * 3).drop_vars(["disagreement_low", "disagreement_high"])
    answer = difference({"solutions": dataset})
    assert answer.verdict is Verdict.UNKNOWN
    assert answer.headline.startswith("Measured, but without an interval")
    assert "interval" not in answer.sentences[0]


@pytest.mark.parametrize(
    ("results", "headline"),
    [
        ({}, "Not measured: this run has no `solutions` results."),
        ({"solutions": pairs(np.zeros((1, 1)))}, "It needs at least 2 members to compare."),
        ({"solutions": pairs(THREE).drop_vars("disagreement")}, "Not measured: the `solutions` results hold no"),
        ({"solutions": pairs(np.full((2, 2), np.nan))}, "Not measured: the `solutions` results hold no"),
    ],
)
def test_what_is_missing_is_named(results, headline):
    answer = difference(results)
    assert answer.verdict is Verdict.UNKNOWN
    assert answer.headline.startswith(headline)


def test_without_true_classes_and_checkpoints_there_is_nothing_to_compare_with():
    bare = solutions()[["disagreement", "disagreement_low", "disagreement_high"]]
    answer = difference({"solutions": bare})
    assert answer.headline.endswith("no true classes and no checkpoints of one run.")
    assert answer.sentences[0].startswith("Two members give different answers")
    assert difference({"solutions": bare[["disagreement"]]}).headline == "Measured, but without an interval."
