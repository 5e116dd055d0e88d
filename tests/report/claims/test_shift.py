import numpy as np
import pytest

from modescape.report.claims.shift import GAIN_GROWS
from report.study_samples import shift


def with_slope(metric, numbers):
    dataset = shift(num_corruptions=2)
    for end, number in zip(("", "_low", "_high"), numbers, strict=True):
        array = dataset[f"slope{end}"].copy()
        array.loc[metric] = number
        dataset[f"slope{end}"] = array
    return {"shift": dataset}


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ((0.01, 0.005, 0.015), "holds"),
        ((0.01, -0.005, 0.025), "undecided"),
        ((-0.01, -0.02, -0.005), "does not hold"),
        ((np.nan, np.nan, np.nan), "not measured"),
    ],
)
def test_accuracy_decides(numbers, words):
    claim = GAIN_GROWS.judged(with_slope("accuracy", numbers))
    assert claim.words == words


def test_the_slope_is_told_in_percentage_points():
    claim = GAIN_GROWS.judged(with_slope("accuracy", (0.01, 0.005, 0.015)))
    assert str(claim.evidence[0].number) == "+1.00 percentage points [+0.50, +1.50]"


def test_the_brier_score_is_shown_beside_it():
    claim = GAIN_GROWS.judged(with_slope("brier", (0.01, 0.005, 0.015)))
    _, brier = claim.evidence
    assert (claim.words, brier.words, brier.decides) == ("holds", "does not hold", False)
    assert str(brier.number) == "+0.0100 [+0.0050, +0.0150]"
    assert "0.0100" not in claim.told


def test_without_slopes_nothing_is_known():
    dataset = shift(num_corruptions=2).drop_vars("slope")
    assert GAIN_GROWS.judged({"shift": dataset}).words == "not measured"
