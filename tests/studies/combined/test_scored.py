import numpy as np
import pytest

from modescape.combine import fitted_combination
from modescape.evaluate import accuracy, bootstrap_weights, brier, ece, nll
from modescape.studies.combined.attempts import Result
from modescape.studies.combined.scored import METRICS, scores_of_ways
from studies.combined.predicted import predicted

SCORES = {"accuracy": accuracy, "nll": nll, "brier": brier, "ece": ece}


def test_scores_and_intervals_agree_with_resampling_examples():
    probabilities, labels = predicted(1, examples=50)
    results = {
        name: Result(fitted_combination("mean"), member.astype(np.float64), 1.5, 0.25)
        for name, member in zip(("mean", "mode"), probabilities, strict=False)
    }
    found = scores_of_ways(results, labels, reference="mean", confidence=0.8, num_resamples=40, seed=3)
    weights = bootstrap_weights(50, num_resamples=40, seed=3)
    drawn = [np.repeat(np.arange(50), row.astype(int)) for row in weights]
    for metric in METRICS:
        slow = {
            way: np.array([SCORES[metric](one.probabilities[index], labels[index]) for index in drawn])
            for way, one in results.items()
        }
        score = getattr(found[1], metric)
        whole = {way: SCORES[metric](one.probabilities, labels) for way, one in results.items()}
        ends = np.quantile(slow["mode"], [0.1, 0.9])
        differences = np.quantile(slow["mode"] - slow["mean"], [0.1, 0.9])
        assert score.value == pytest.approx(whole["mode"])
        assert score.difference == pytest.approx(whole["mode"] - whole["mean"])
        np.testing.assert_allclose([score.low, score.high], ends, atol=1e-6)
        np.testing.assert_allclose([score.difference_low, score.difference_high], differences, atol=1e-6)
        assert getattr(found[0], metric).difference_high == 0.0
    assert (found[1].how, found[1].temperature, found[1].validation_nll) == ("mode", 1.5, 0.25)
    assert found[1].as_dict()["nll"]["value"] == found[1].nll.value
