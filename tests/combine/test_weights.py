"""Ways that give each member one weight."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from combine.samples import informed, members, truth
from modescape.combine import (
    Greedy,
    InverseVariance,
    LearnedWeights,
    SignalToNoise,
    checked_validation,
    likeliest_weights,
)
from modescape.core.errors import ArgumentError

FITTED = (InverseVariance(), SignalToNoise(), LearnedWeights(), Greedy())


def weights_of(way, probabilities, labels, seed=0):
    return way.fit(checked_validation(probabilities, labels), seed=seed).weights


@pytest.mark.parametrize("power", [1.0, 2.5, 0.0])
def test_inverse_variance_agrees_with_loops(power):
    probabilities, labels = members(1).astype(np.float32), truth(1)
    errors = []
    for member in probabilities.astype(np.float64):
        squares = [sum((p - (c == y)) ** 2 for c, p in enumerate(row)) for row, y in zip(member, labels, strict=True)]
        errors.append(sum(squares) / len(labels))
    slow = np.array(errors) ** -power
    found = weights_of(InverseVariance(power), probabilities, labels)
    np.testing.assert_allclose(found, slow / slow.sum(), rtol=1e-6)


def test_inverse_variance_recovers_the_precision_of_errors():
    generator = np.random.default_rng(2)
    spread = np.array([0.02, 0.04, 0.08])
    errors = np.abs(spread[:, None] * generator.normal(size=(3, 20_000)))
    labels = generator.integers(2, size=20_000)
    of_first = np.where(labels == 0, 1 - errors, errors)
    found = weights_of(InverseVariance(), np.stack([of_first, 1 - of_first], axis=2), labels)
    np.testing.assert_allclose(found, spread**-2 / (spread**-2).sum(), rtol=0.05)


def test_signal_to_noise_agrees_with_least_squares():
    probabilities, labels = informed(3, [0.5, 1.5, 3.0])
    ratios = []
    for member in probabilities:
        signal = (np.eye(3)[labels] - 1 / 3).ravel()
        received = (member - 1 / 3).ravel()
        amplitude = np.linalg.lstsq(signal[:, None], received, rcond=None)[0][0]
        ratios.append(amplitude / (((received - amplitude * signal) ** 2).sum() / len(labels)))
    found = weights_of(SignalToNoise(), probabilities, labels)
    np.testing.assert_allclose(found, np.array(ratios) / sum(ratios), rtol=1e-10)


def test_signal_to_noise_recovers_the_noise_it_was_given():
    generator = np.random.default_rng(4)
    amplitude, noise = np.array([0.8, 0.4, 0.6]), np.array([0.02, 0.01, 0.04])
    labels = generator.integers(2, size=20_000)
    first = (
        0.5
        + amplitude[:, None] * np.where(labels == 0, 0.5, -0.5)
        + noise[:, None] * generator.normal(size=(3, 20_000))
    )
    found = weights_of(SignalToNoise(), np.stack([first, 1 - first], axis=2), labels)
    expected = amplitude / noise**2
    np.testing.assert_allclose(found, expected / expected.sum(), rtol=0.05)


def test_members_below_chance_carry_no_signal():
    probabilities, labels = informed(5, [2.0, -2.0])
    assert weights_of(SignalToNoise(), probabilities, labels).tolist() == [1.0, 0.0]
    assert weights_of(SignalToNoise(), probabilities[[1, 1]], labels).tolist() == [0.5, 0.5]


@pytest.mark.parametrize("pseudo_examples", [0.0, 7.0])
def test_learned_weights_agree_with_another_optimiser(pseudo_examples):
    probabilities, labels = informed(6, [0.3, 1.0, 1.2, 0.0])
    likelihoods = checked_validation(probabilities, labels).of_label

    def objective(weights):
        prior = pseudo_examples * np.log(np.maximum(weights, 1e-12)).mean()
        return -(np.log(weights @ likelihoods).sum() + prior) / len(labels)

    simplex = {"type": "eq", "fun": lambda weights: weights.sum() - 1}
    reference = minimize(
        objective,
        np.full(4, 0.25),
        method="SLSQP",
        bounds=[(1e-9, 1)] * 4,
        constraints=[simplex],
        options={"ftol": 1e-12},
    )
    found = weights_of(LearnedWeights(pseudo_examples), probabilities, labels)
    assert objective(found) <= reference.fun + 1e-7
    np.testing.assert_allclose(found, reference.x, atol=2e-3)


def test_learned_weights_recover_a_planted_mixture():
    generator = np.random.default_rng(7)
    planted = np.array([0.6, 0.0, 0.3, 0.1])
    parts = generator.dirichlet(np.full(4, 0.5), size=(4, 20_000))
    mixture = np.einsum("m,mnc->nc", planted, parts)
    labels = (mixture.cumsum(axis=1) > generator.random((20_000, 1))).argmax(axis=1)
    np.testing.assert_allclose(weights_of(LearnedWeights(), parts, labels), planted, atol=0.03)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), number=st.integers(1, 6))
def test_learned_weights_meet_the_conditions_of_the_optimum(seed, number):
    likelihoods = np.random.default_rng(seed).random((number, 30)) ** 3
    found = likeliest_weights(likelihoods)
    gradient = (likelihoods / (found @ likelihoods)).mean(axis=1)
    assert gradient.max() <= 1 + 1e-5
    np.testing.assert_allclose(gradient[found > 1e-3], 1.0, atol=1e-3)


def test_zeros_of_all_members_are_floored():
    found = likeliest_weights(np.array([[0.0, 0.5, 0.9], [0.0, 0.6, 0.1]]))
    assert found.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(found, likeliest_weights(np.array([[0.5, 0.9], [0.6, 0.1]])), atol=1e-4)


def slow_greedy(probabilities, labels, score, rounds, initial):
    """Hill climbing with a loop for everything."""

    def loss(chosen):
        mean = sum(probabilities[m] for m in chosen) / len(chosen)
        if score == "nll":
            return -np.mean([np.log(row[y]) for row, y in zip(mean, labels, strict=True)])
        if score == "brier":
            return np.mean(
                [sum((p - (c == y)) ** 2 for c, p in enumerate(row)) for row, y in zip(mean, labels, strict=True)]
            )
        return np.mean([row.argmax() != y for row, y in zip(mean, labels, strict=True)])

    chosen = sorted(range(len(probabilities)), key=lambda m: (loss([m]), m))[:initial]
    path = [list(chosen)]
    while len(chosen) < rounds:
        losses = [loss([*chosen, m]) for m in range(len(probabilities))]
        chosen.append(next(m for m, one in enumerate(losses) if one <= min(losses) + 1e-12))
        path.append(list(chosen))
    best = path[0]
    for one in path[1:]:
        if loss(one) < loss(best) - 1e-12:
            best = one
    return np.bincount(best, minlength=len(probabilities)) / len(best)


@pytest.mark.parametrize("score", ["nll", "brier", "accuracy"])
@pytest.mark.parametrize("initial", [1, 3])
def test_greedy_agrees_with_loops(score, initial):
    probabilities, labels = informed(8, [0.5, 1.0, 1.1, 0.2, 0.9], examples=60)
    found = weights_of(Greedy(score=score, rounds=9, initial=initial), probabilities, labels)
    np.testing.assert_allclose(found, slow_greedy(probabilities, labels, score, 9, initial), rtol=1e-12)


@pytest.mark.parametrize("score", ["nll", "brier", "accuracy"])
def test_greedy_picks_the_planted_subset(score):
    labels = np.arange(300) % 3
    probabilities = members(9, 6, 300)
    good = np.full((2, 300, 3), 1 / 3)
    good[0, ::2], good[1, 1::2] = np.eye(3)[labels[::2]], np.eye(3)[labels[1::2]]
    probabilities[[1, 4]] = 0.98 * good + 0.02 / 3
    found = weights_of(Greedy(score=score, rounds=2), probabilities, labels)
    assert found.tolist() == [0.0, 0.5, 0.0, 0.0, 0.5, 0.0]


def test_bags_are_drawn_from_the_seed_and_see_a_share_of_the_members():
    probabilities, labels = informed(10, [1.0] * 8)
    way = Greedy(bags=6, share=0.25, rounds=1)
    found = weights_of(way, probabilities, labels, seed=3)
    assert found.tolist() == weights_of(way, probabilities, labels, seed=3).tolist()
    assert found.tolist() != weights_of(way, probabilities, labels, seed=4).tolist()
    # The best of all members is not in every bag.
    assert np.count_nonzero(found) > 1
    assert set(np.round(found * 6, 9)) <= set(range(7))
    whole = weights_of(Greedy(bags=3, share=1.0, rounds=5), probabilities, labels)
    np.testing.assert_allclose(whole, weights_of(Greedy(rounds=5), probabilities, labels))


@pytest.mark.parametrize("way", FITTED)
def test_like_members_and_one_member_are_their_own_mean(way):
    one, labels = members(11, 1), truth(11)
    alike = np.repeat(one, 4, axis=0)
    rule = way.fit(checked_validation(alike, labels), seed=0)
    np.testing.assert_allclose(rule(alike), one[0], rtol=1e-12)
    assert weights_of(way, one, labels).tolist() == [1.0]


@pytest.mark.parametrize("way", FITTED)
def test_a_perfect_member_has_all_weight(way):
    probabilities, labels = members(12), truth(12)
    probabilities[2] = np.eye(3)[labels]
    np.testing.assert_allclose(weights_of(way, probabilities, labels), np.eye(5)[2], atol=1e-6)


@pytest.mark.parametrize("way", FITTED)
def test_zeros_and_an_absent_class_are_no_problem(way):
    labels = np.array([0, 1, 0, 1])
    probabilities = np.stack([np.eye(3)[[2, 1, 0, 2]], np.eye(3)[[0, 2, 2, 2]], np.full((4, 3), 1 / 3)])
    found = way.fit(checked_validation(probabilities, labels), seed=0)
    assert np.isfinite(found.weights).all()
    assert found.weights.sum() == pytest.approx(1.0)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), order=st.permutations(range(4)), way=st.sampled_from(FITTED))
def test_weights_go_with_their_members(seed, order, way):
    probabilities, labels = informed(seed, [0.2, 0.6, 1.0, 1.4], examples=50)
    found = weights_of(way, probabilities, labels)
    np.testing.assert_allclose(weights_of(way, probabilities[order], labels), found[order], atol=2e-3)


@pytest.mark.parametrize(
    ("way", "options", "message"),
    [
        (InverseVariance, {"power": -1}, "`power` must be at least 0; got -1"),
        (LearnedWeights, {"pseudo_examples": -0.5}, "`pseudo_examples` must be at least 0; got -0.5"),
        (Greedy, {"score": "auc"}, "`score` must be one of nll, brier, accuracy; got 'auc'"),
        (Greedy, {"rounds": 0}, "`rounds` must be at least 1; got 0"),
        (Greedy, {"initial": 0}, "`initial` must be at least 1; got 0"),
        (Greedy, {"bags": -1}, "`bags` must be at least 0; got -1"),
        (Greedy, {"rounds": 3, "initial": 4}, "`initial` must be at most the 3 rounds; got 4"),
        (Greedy, {"share": 0.0}, r"`share` must lie in \(0, 1\]"),
    ],
)
def test_refuses_options_out_of_range(way, options, message):
    with pytest.raises(ArgumentError, match=message):
        way(**options)
