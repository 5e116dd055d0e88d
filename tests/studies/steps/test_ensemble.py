from itertools import combinations

import numpy as np
import pytest


def scores(probabilities, labels):
    """Accuracy, NLL and Brier score by their definitions, one example after the other."""
    right, nll, brier = [], [], []
    for row, label in zip(probabilities, labels, strict=True):
        right.append(max(range(10), key=lambda index: row[index]) == label)
        nll.append(-np.log(row[label]))
        brier.append(sum((row[index] - (index == label)) ** 2 for index in range(10)))
    return {"accuracy": np.mean(right), "nll": np.mean(nll), "brier": np.mean(brier)}


def test_each_size_is_the_mean_over_all_subsets(finished):
    found, predicted = finished.arrays("results/ensemble"), finished.arrays("predictions/test")
    probabilities, labels = predicted["probability"].values.astype(np.float64), predicted["label"].values
    assert found["value"].dims == ("metric", "size")
    assert found["size"].values.tolist() == [1, 2, 3]
    assert found["num_subsets"].values.tolist() == [3, 3, 1]
    assert not found["sampled"].values.any()
    for size in (1, 2, 3):
        every = [scores(probabilities[list(chosen)].mean(axis=0), labels) for chosen in combinations(range(3), size)]
        for metric in ("accuracy", "nll", "brier"):
            expected = np.mean([one[metric] for one in every])
            assert float(found["value"].sel(metric=metric, size=size)) == pytest.approx(expected, rel=1e-5)


def test_intervals_hold_the_values_and_the_settings_are_kept(finished):
    found = finished.arrays("results/ensemble")
    scored = found.sel(metric=["accuracy", "nll", "brier"])
    assert (scored["low"] <= scored["value"]).all()
    assert (scored["value"] <= scored["high"]).all()
    assert (scored["low"] < scored["high"]).all()
    assert found.attrs["confidence"] == 0.95
    assert found.attrs["num_resamples"] == 100
    assert found.attrs["num_examples"] == 150
