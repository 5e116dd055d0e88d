import json

import numpy as np
import pytest

from modescape.report import ReportContents, summarise
from modescape.report.verdicts import Verdict
from modescape.report.which import which
from report import frontier_samples as samples


@pytest.mark.parametrize(
    ("shift", "verdict", "words"),
    [
        (-0.05, Verdict.YES, "MIMO, size 3: its NLL is better than that of one network."),
        (0.0, Verdict.UNCLEAR, "MIMO, size 3: though its NLL can't be told from that of one network."),
        (0.05, Verdict.NO, "MIMO, size 3: but its NLL is worse than that of one network."),
        (np.nan, Verdict.UNKNOWN, "MIMO, size 3: not compared with one network."),
    ],
)
def test_the_verdict_is_whether_the_recommended_one_beats_one_network(shift, verdict, words):
    dataset = samples.frontier(4)
    for end, half in (("", 0.0), ("_low", -0.01), ("_high", 0.01)):
        dataset[f"versus_one{end}"] = 0 * dataset.difference + shift + half
    answer = which({"frontier": dataset})
    assert (answer.verdict, answer.headline) == (verdict, words)


def test_reasons_and_test_numbers_are_told():
    dataset = samples.frontier(4)
    answer = which({"frontier": dataset})
    assert answer.sentences == (
        "Take MIMO (size 3), the cheapest that is not worse than the best.",
        "Chosen by NLL on 5,000 validation examples.",
        "Every other is worse or dearer.",
    )
    numbers = {number.name: number for number in answer.numbers}
    place = {"method": "mimo", "size": 3}
    value = dataset.value.sel({"scaling": "raw", "metric": "accuracy", **place})
    assert numbers["accuracy"].value == pytest.approx(100 * float(value))
    versus = dataset.versus_one_low.sel({"scaling": "scaled", "metric": "nll", **place})
    assert numbers["NLL, against one network"].low == pytest.approx(float(versus))
    assert numbers["training, in epochs of the base network"].value == 60
    assert numbers["passes in a prediction"].value == 1


def test_one_network_is_no_ensemble():
    dataset = samples.frontier(3)
    dataset.attrs |= {"recommended_method": "independent", "recommended_size": 1}
    answer = which({"frontier": dataset})
    assert (answer.verdict, answer.headline) == (Verdict.NO, "None: one network is recommended.")


@pytest.mark.parametrize(("name", "value"), [("method", "gone"), ("size", 9), ("size", None)])
def test_without_a_recommendation_it_is_not_known(name, value):
    dataset = samples.frontier(2)
    dataset.attrs[f"recommended_{name}"] = value
    assert which({"frontier": dataset}).verdict is Verdict.UNKNOWN


def test_raw_numbers_are_read_where_nothing_was_scaled():
    dataset = samples.frontier(3, scalings=("raw",)).drop_vars(["versus_one", "training"])
    numbers = {number.name: number.value for number in which({"frontier": dataset}).numbers}
    expected = float(dataset.value.sel({"scaling": "raw", "metric": "nll", "method": "mimo", "size": 3}))
    assert numbers["NLL"] == pytest.approx(expected)
    assert set(numbers) == {"accuracy", "NLL", "Brier score", "passes in a prediction"}


def test_it_is_part_of_the_summary_where_methods_were_compared():
    summary = summarise(ReportContents("x", results={"frontier": samples.frontier()}))
    assert summary.answers[-1].question == "Which ensemble is worth its compute?"
    read = json.loads(json.dumps(summary.as_dict(), allow_nan=False))
    assert read["which"]["verdict"] == "yes"
    assert any("Take MIMO (size 3)" in sentence for sentence in summary.sentences)
    plain = summarise(ReportContents("x"))
    assert len(plain.answers) == 2
    assert "which" not in plain.as_dict()
