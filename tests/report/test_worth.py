import numpy as np
import pytest

from modescape.report.verdicts import Verdict
from modescape.report.worth import ensemble_gains, full_size, worth
from report.samples import ensemble


@pytest.mark.parametrize(
    ("gains", "verdict", "headline"),
    [
        ((0.02, -0.1, -0.02, -0.01), Verdict.YES, "Yes: accuracy and NLL are better than with one member."),
        ((0.0, -0.1, 0.0, 0.0), Verdict.YES, "Yes: NLL is better"),
        ((0.02, 0.0, 0.0, 0.0), Verdict.YES, "Yes: accuracy is better"),
        ((0.0, 0.0, -0.02, -0.01), Verdict.UNCLEAR, "No evidence on this data"),
        ((-0.02, 0.1, 0.02, 0.01), Verdict.NO, "No: accuracy and NLL are worse"),
        ((-0.02, 0.0, 0.0, 0.0), Verdict.NO, "No: accuracy is worse"),
        ((0.02, 0.1, 0.0, 0.0), Verdict.UNCLEAR, "Mixed: one of accuracy and NLL is better, the other worse."),
    ],
)
def test_the_verdict_of_known_cases(gains, verdict, headline):
    answer = worth({"ensemble": ensemble(5, gains)})
    assert answer.verdict is verdict
    assert answer.headline.startswith(headline)


def test_an_interval_that_holds_0_is_no_evidence():
    answer = worth({"ensemble": ensemble(5, (0.02, -0.1, 0.0, 0.0), half_width=1.5)})
    assert answer.verdict is Verdict.UNCLEAR
    assert "no evidence of a difference on this data" in answer.sentences[0]


def test_sentences_say_values_change_cost_and_the_last_step():
    accuracy, nll, cost, last = worth({"ensemble": ensemble(3, (0.03, -0.12, 0.0, 0.0), half_width=0.5)}).sentences
    assert "92.00 % with one member, 95.00 % with 3; +3.00 percentage points" in accuracy
    assert "(paired 95 % interval [+1.50, +4.50]), better." in accuracy
    assert "NLL: 0.310 nats with one member, 0.190 nats with 3; -0.120 nats" in nll
    assert "3 times the compute" in cost
    # Sizes 1, 2, 3 reach 0, 3/4 and all of the gain, so the last step is a quarter of it.
    assert "from 2 to 3 members changes accuracy by +0.75 percentage points and NLL by -0.030 nats" in last


def test_the_last_step_of_two_members_is_the_whole_gain_and_not_repeated():
    answer = worth({"ensemble": ensemble(2)})
    assert len(answer.sentences) == 3
    assert ensemble_gains({"ensemble": ensemble(2)}, 2)[0].last_step == pytest.approx(2.1)


def test_numbers_hold_all_metrics_with_intervals():
    answer = worth({"ensemble": ensemble(4)})
    assert [number.name for number in answer.numbers][:5] == [
        "accuracy",
        "NLL",
        "Brier score",
        "ECE",
        "compute, in units of one member",
    ]
    accuracy = answer.numbers[0]
    assert (accuracy.value, accuracy.low, accuracy.high) == (
        pytest.approx(2.1),
        pytest.approx(2.1 * 0.6),
        pytest.approx(2.1 * 1.4),
    )


def test_the_largest_size_that_was_measured_counts():
    dataset = ensemble(5)
    gain = dataset.gain.values.copy()
    gain[:, 3:] = np.nan
    dataset["gain"] = (dataset.gain.dims, gain)
    assert full_size({"ensemble": dataset}) == 3
    assert "3 times the compute" in " ".join(worth({"ensemble": dataset}).sentences)


def test_a_gap_between_sizes_leaves_the_last_step_out():
    dataset = ensemble(5).sel(size=[1, 2, 5])
    answer = worth({"ensemble": dataset})
    assert answer.verdict is Verdict.YES
    assert not any("The step from" in sentence for sentence in answer.sentences)


def test_one_metric_alone_can_decide():
    assert worth({"ensemble": ensemble(5).sel(metric=["nll"])}).headline == "Yes: NLL is better than with one member."


def test_without_intervals_nothing_is_decided():
    answer = worth({"ensemble": ensemble(5).drop_vars(["gain_low", "gain_high"])})
    assert answer.verdict is Verdict.UNKNOWN
    assert answer.headline.startswith("Not measured: neither accuracy nor NLL has a gain with an interval")


def test_metrics_we_do_not_know_are_shown_and_decide_nothing():
    dataset = ensemble(5).assign_coords(metric=["spread", "nll", "brier", "ece"])
    answer = worth({"ensemble": dataset})
    assert answer.numbers[0].name == "spread"
    assert answer.headline.startswith("Yes: NLL")


@pytest.mark.parametrize(
    ("results", "headline"),
    [
        ({}, "Not measured: this run has no `ensemble` results."),
        ({"ensemble": ensemble(1)}, "An ensemble needs at least 2 members."),
        ({"ensemble": ensemble(3).drop_vars("gain")}, "Not measured: no gain over one member is stored."),
    ],
)
def test_what_is_missing_is_named(results, headline):
    answer = worth(results)
    assert answer.verdict is Verdict.UNKNOWN
    assert answer.headline == headline
