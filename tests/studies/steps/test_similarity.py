import numpy as np
import pytest
from safetensors.numpy import load_file
from scipy.stats import binomtest


def weights(run, member, step):
    """All parameters in one vector of float64, read by another library; an mlp has no buffers."""
    tensors = load_file(run.path / f"weights/member-{member:03d}/step-{step:04d}.safetensors")
    return np.concatenate([tensors[name].astype(np.float64).ravel() for name in sorted(tensors)])


def cosine(first, second):
    return float(first @ second / np.sqrt((first @ first) * (second @ second)))


def test_solutions_are_compared_as_an_obvious_reference_does(finished):
    found, predicted = finished.arrays("results/solutions"), finished.arrays("predictions/test")
    vectors = [weights(finished, member, 2) for member in range(3)]
    decided, labels = predicted["probability"].values.argmax(axis=2), predicted["label"].values
    assert found["cosine"].dims == found["disagreement"].dims == ("member", "member_other")
    for one in range(3):
        assert found["accuracy"].values[one] == pytest.approx(np.mean(decided[one] == labels), abs=1e-12)
        for other in range(3):
            assert found["cosine"].values[one, other] == pytest.approx(cosine(vectors[one], vectors[other]), abs=1e-6)
            differ = sum(a != b for a, b in zip(decided[one], decided[other], strict=True)) / len(labels)
            assert found["disagreement"].values[one, other] == pytest.approx(differ, abs=1e-12)
    assert 0 < found["disagreement"].values[0, 1] < 1


def test_intervals_are_those_of_wilson_and_the_diagonal_is_certain(finished):
    found = finished.arrays("results/solutions")
    differ = found["disagreement"].values
    interval = binomtest(round(differ[0, 2] * 150), 150).proportion_ci(0.95, method="wilson")
    assert found["disagreement_low"].values[0, 2] == pytest.approx(interval.low)
    assert found["disagreement_high"].values[0, 2] == pytest.approx(interval.high)
    right = binomtest(round(found["accuracy"].values[1] * 150), 150).proportion_ci(0.95, method="wilson")
    assert found["accuracy_low"].values[1] == pytest.approx(right.low)
    assert found["accuracy_high"].values[1] == pytest.approx(right.high)
    for name in ("disagreement", "disagreement_low", "disagreement_high"):
        assert np.diag(found[name].values).tolist() == [0, 0, 0]
    assert found.attrs["confidence"] == 0.95
    assert found.attrs["num_examples"] == 150


def test_trajectories_are_compared_step_by_step(finished):
    found, predicted = finished.arrays("results/trajectories"), finished.arrays("predictions/trajectories")
    assert found["cosine"].dims == ("member", "step", "step_other")
    assert found["step"].values.tolist() == found["step_other"].values.tolist() == [0, 1, 2]
    decided = predicted["probability"].values.argmax(axis=3)
    for member in (0, 1):
        for one in range(3):
            for other in range(3):
                pair = {"member": member, "step": one, "step_other": other}
                expected = cosine(weights(finished, member, one), weights(finished, member, other))
                assert float(found["cosine"].sel(pair)) == pytest.approx(expected, abs=1e-6)
                differ = np.mean(decided[member, one] != decided[member, other])
                assert float(found["disagreement"].sel(pair)) == pytest.approx(differ, abs=1e-12)
