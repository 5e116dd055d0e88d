"""Gating by input."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import softmax

from combine.samples import informed, members, truth
from modescape.combine import Gating, LearnedWeights, checked_validation
from modescape.combine.gating import PENALTIES
from modescape.core.errors import ArgumentError


def experts(seed, examples=200):
    """Two members, each right where the first input is below or above 0 and at chance elsewhere."""
    generator = np.random.default_rng(seed)
    inputs, labels = generator.normal(size=(examples, 2)), generator.integers(3, size=examples)
    right = 0.85 * np.eye(3)[labels] + 0.05
    wrong = 0.85 * np.eye(3)[generator.integers(3, size=examples)] + 0.05
    is_first = inputs[:, :1] < 0
    return np.stack([np.where(is_first, right, wrong), np.where(is_first, wrong, right)]), labels, inputs


def fitted(probabilities, labels, inputs=None, **options):
    return Gating(**options).fit(checked_validation(probabilities, labels, inputs), seed=0)


def test_finds_two_experts_in_two_halves_of_the_input_space():
    gate = fitted(*experts(1))
    probabilities, labels, inputs = experts(2)
    weights = gate.member_weights(probabilities, inputs)
    far = np.abs(inputs[:, 0]) > 0.5
    assert ((weights[:, 0] > 0.5) == (inputs[:, 0] < 0))[far].all()
    found = gate(probabilities, inputs)
    assert (found.argmax(axis=1) == labels).mean() > 0.95 > (probabilities.mean(axis=0).argmax(axis=1) == labels).mean()
    np.testing.assert_allclose(found, np.einsum("nm,mnc->nc", weights, probabilities), rtol=1e-12)


def test_agrees_with_another_optimiser():
    probabilities, labels, inputs = experts(3, 80)
    inputs = inputs * [3.0, 0.1] + 5.0
    scaled = (inputs - inputs.mean(axis=0)) / inputs.std(axis=0)
    of_label = np.stack([member[np.arange(80), labels] for member in probabilities], axis=1)

    def objective(flat):
        gates = softmax(scaled @ flat[:4].reshape(2, 2) + flat[4:], axis=1)
        return -np.log((gates * of_label).sum(axis=1)).mean() + 2.5 / 160 * (flat[:4] ** 2).sum()

    reference = minimize(objective, np.zeros(6), method="BFGS").x
    expected = softmax(scaled @ reference[:4].reshape(2, 2) + reference[4:], axis=1)
    found = fitted(probabilities, labels, inputs, penalty=2.5).member_weights(probabilities, inputs)
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_without_a_pattern_weights_are_those_of_learned_weights():
    probabilities, labels = informed(4, [0.2, 1.0, 0.6])
    noise = np.random.default_rng(5).normal(size=(300, 4))
    gate = fitted(probabilities, labels, noise, penalty=1e6)
    validation = checked_validation(probabilities, labels)
    expected = LearnedWeights().fit(validation, seed=0).weights
    np.testing.assert_allclose(gate.member_weights(probabilities, noise), np.tile(expected, (300, 1)), atol=0.01)
    assert fitted(probabilities, labels, noise).penalty in PENALTIES[:4]


def test_members_answers_stand_in_for_inputs():
    # Each member is right where it is sure.
    generator = np.random.default_rng(6)
    labels = generator.integers(2, size=300)
    is_sure = generator.random((2, 300)) < 0.5
    said = np.where(is_sure, np.where(labels == 0, 0.95, 0.05), np.where(labels == 0, 0.35, 0.65))
    probabilities = np.stack([said, 1 - said], axis=2)
    gate = fitted(probabilities, labels)
    only_first = is_sure[0] & ~is_sure[1]
    assert gate.num_inputs is None
    assert gate.member_weights(probabilities)[only_first, 0].mean() > 0.8
    # Inputs are not looked at where the gate has never seen any.
    assert np.array_equal(gate(probabilities, np.ones((300, 1))), gate(probabilities))


def test_many_inputs_are_reduced_to_components():
    probabilities, labels, inputs = experts(7)
    images = np.concatenate([np.repeat(inputs, 20, axis=1), np.ones((200, 8))], axis=1).reshape(200, 6, 8)
    gate = fitted(probabilities, labels, images, components=2)
    assert gate.slopes.shape == (2, 2)
    weights = gate.member_weights(probabilities, images)
    far = np.abs(inputs[:, 0]) > 0.7
    assert ((weights[:, 0] > 0.5) == (inputs[:, 0] < 0))[far].mean() > 0.95


def test_like_members_zeros_and_constant_inputs_are_no_problem():
    one, labels = np.eye(3)[truth(8)][None], truth(9)
    alike = np.repeat(one, 3, axis=0)
    np.testing.assert_allclose(fitted(alike, labels)(alike), one[0], atol=1e-12)
    constant = np.ones((40, 30))
    probabilities = members(10)
    assert np.isfinite(fitted(probabilities, labels, constant)(probabilities, constant)).all()
    single = fitted(probabilities[:, :1], labels[:1], penalty=1.0)
    assert np.isfinite(single(probabilities)).all()


def test_refuses_missing_and_other_inputs():
    probabilities, labels, inputs = experts(11)
    gate = fitted(probabilities, labels, inputs, penalty=1.0)
    with pytest.raises(
        ArgumentError, match="`inputs` must hold 2 numbers an example, as the gate was fitted; got none"
    ):
        gate(probabilities)
    with pytest.raises(ArgumentError, match=r"got 3 numbers an example\. Pass inputs like those of validation"):
        gate(probabilities, np.ones((200, 3)))


def test_refuses_options_out_of_range():
    with pytest.raises(ArgumentError, match="`penalty` must be at least 0; got -1"):
        Gating(penalty=-1)
    with pytest.raises(ArgumentError, match="`components` must be at least 1; got 0"):
        Gating(components=0)
