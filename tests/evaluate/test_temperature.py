"""Temperature scaling."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from modescape.core.errors import ArgumentError
from modescape.evaluate import accuracy, fitted_temperature, nll, with_temperature
from modescape.evaluate.temperature import fitted_temperatures, tempered

FLOOR = 2.0**-126


def slow_scaled(probabilities, temperature):
    rows = []
    for row in probabilities.tolist():
        powers = [max(p, FLOOR) ** (1 / temperature) for p in row]
        rows.append([power / sum(powers) for power in powers])
    return np.array(rows)


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.7])
def test_scaling_agrees_with_powers_and_softmax(make_members, temperature):
    (probabilities, *_), _ = make_members(1, num_classes=5)
    found = with_temperature(probabilities, temperature)
    np.testing.assert_allclose(found, slow_scaled(probabilities, temperature), rtol=1e-12)
    logits = torch.from_numpy(probabilities).log()
    np.testing.assert_allclose(found, torch.softmax(logits / temperature, dim=1).numpy(), rtol=1e-12)


def test_zeros_and_extremes_stay_probabilities():
    sure = np.array([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]])
    np.testing.assert_allclose(with_temperature(sure, 20.0), slow_scaled(sure, 20.0), rtol=1e-12)
    for temperature in (1e-4, 0.05, 1e6):
        found = with_temperature(sure, temperature)
        np.testing.assert_allclose(found.sum(axis=1), 1.0)
        assert np.isfinite(found).all()
        assert found[1, 0] == found[1, 1]
    assert with_temperature(sure, 1e-4).tolist() == sure.tolist()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("power", [0.4, 1.0, 3.0])
def test_fit_agrees_with_a_fine_grid_and_with_lbfgs(make_members, power, dtype):
    (probabilities, *_), labels = make_members(2, num_examples=300, num_classes=4)
    probabilities = with_temperature(probabilities, 1 / power).astype(dtype)
    found = fitted_temperature(probabilities, labels)
    grid = np.exp(np.linspace(np.log(0.05), np.log(20), 1501))
    losses = [nll(with_temperature(probabilities, temperature), labels) for temperature in grid]
    assert found == pytest.approx(grid[np.argmin(losses)], rel=5e-3)

    logits, target = torch.from_numpy(probabilities).double().log(), torch.from_numpy(labels)
    log_temperature = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS(
        [log_temperature], max_iter=100, tolerance_grad=1e-12, tolerance_change=1e-15, line_search_fn="strong_wolfe"
    )

    def closure():
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(logits / log_temperature.exp(), target)
        loss.backward()
        return loss

    optimiser.step(closure)
    assert found == pytest.approx(log_temperature.exp().item(), rel=1e-6)


def test_closed_form():
    # Two thirds are right, so the best confidence is 2/3: (9^b) = 2, T = ln 9 / ln 2.
    found = fitted_temperature(np.array([[0.9, 0.1]] * 3), np.array([0, 0, 1]))
    assert found == pytest.approx(np.log(9) / np.log(2), rel=1e-9)


def test_finds_the_temperature_that_predictions_were_distorted_by():
    generator = np.random.default_rng(3)
    logits = 2 * generator.standard_normal((100_000, 4))
    labels = (logits + generator.gumbel(size=logits.shape)).argmax(axis=1)
    odds = np.exp(logits * 1.7)
    assert fitted_temperature(odds / odds.sum(axis=1, keepdims=True), labels) == pytest.approx(1.7, rel=0.02)


def test_where_no_minimum_lies_inside():
    right, labels = np.array([[0.9, 0.1], [0.3, 0.7]]), np.array([0, 1])
    assert fitted_temperature(right, labels) == pytest.approx(0.05)
    assert fitted_temperature(right, 1 - labels) == pytest.approx(20)
    assert fitted_temperature(np.eye(2), labels) == pytest.approx(0.05)
    assert fitted_temperature(np.eye(2), 1 - labels) == pytest.approx(20)
    assert fitted_temperature(np.full((7, 10), 0.1), np.arange(7)) == 1.0


def test_a_sure_mistake_is_softened():
    found = fitted_temperature(np.eye(2)[[0, 0, 0, 0]], np.array([0, 0, 0, 1]))
    # The best confidence is 3/4: 126 ln 2 / T = ln 3, which lies beyond the bounds; with 1 in 10**5 it does not.
    assert found == pytest.approx(20)
    sure = np.eye(2)[np.zeros(10**5, dtype=int)]
    expected = 126 * np.log(2) / np.log(10**5 - 1)
    assert fitted_temperature(sure, (np.arange(10**5) == 7).astype(int)) == pytest.approx(expected, rel=1e-9)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), power=st.floats(0.3, 3))
def test_laws(make_members, seed, power):
    (probabilities, *_), labels = make_members(seed, num_examples=40)
    found = fitted_temperature(probabilities, labels)
    best = nll(with_temperature(probabilities, found), labels)
    for other in (found * 0.97, found * 1.03, 1.0):
        assert not 0.05 <= other <= 20 or best <= nll(with_temperature(probabilities, other), labels) + 1e-12
    assert accuracy(with_temperature(probabilities, found), labels) == accuracy(probabilities, labels)
    twice = with_temperature(with_temperature(probabilities, 0.5), 1 / (0.5 * power))
    np.testing.assert_allclose(twice, with_temperature(probabilities, 1 / power), rtol=1e-9)
    if 0.2 < found < 5:
        sharpened = fitted_temperature(with_temperature(probabilities, 1 / power), labels)
        assert sharpened == pytest.approx(found * power, rel=1e-6)


def test_several_at_once_agree_with_one_after_the_other(make_members):
    members, labels = make_members(4, num_members=6)
    members = np.concatenate([members, np.eye(3)[labels][None], np.full((1, 60, 3), 1 / 3)])
    found = fitted_temperatures(members, labels)
    np.testing.assert_allclose(found, [fitted_temperature(member, labels) for member in members], rtol=1e-8)
    scaled = tempered(members, found)
    for member, temperature, expected in zip(members, found, scaled, strict=True):
        np.testing.assert_allclose(with_temperature(member, temperature), expected)


def test_bad_input():
    probabilities, labels = np.array([[0.25, 0.75]]), np.array([0])
    before = probabilities.copy()
    for temperature in (0.0, -1.0, np.inf, np.nan):
        with pytest.raises(ArgumentError, match=r"`temperature` must be above 0 and finite; got .*fitted_temperature"):
            with_temperature(probabilities, temperature)
    with pytest.raises(ArgumentError, match=r"`probabilities` must have the shape \(example, class\)"):
        with_temperature(probabilities[0], 1.0)
    with pytest.raises(ArgumentError, match=r"`probabilities` must be at least 0 and sum to 1"):
        fitted_temperature(np.array([[0.2, 0.3]]), labels)
    with pytest.raises(ArgumentError, match=r"`labels` must lie in \[0, 2\)"):
        fitted_temperature(probabilities, np.array([2]))
    fitted_temperature(probabilities, labels)
    assert np.array_equal(probabilities, before)
