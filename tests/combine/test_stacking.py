"""Stacking."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import log_softmax

from combine.samples import informed, members, truth
from modescape.combine import Stacking, checked_validation
from modescape.combine.stacking import STRENGTHS, log_ratios
from modescape.core.errors import ArgumentError


def nll(probabilities, labels):
    return -np.log(probabilities[np.arange(len(labels)), labels]).mean()


def stacked(probabilities, labels, **options):
    return Stacking(**options).fit(checked_validation(probabilities, labels), seed=0)


def test_agrees_with_minimising_the_penalised_likelihood():
    probabilities, labels = informed(1, [1.0, 2.0], examples=60)
    logs = np.log(np.maximum(probabilities, 0.05))
    features = np.hstack([member - member.mean(axis=1, keepdims=True) for member in logs])
    features = (features - features.mean(axis=0)) / features.std(axis=0)

    def objective(flat):
        logits = features @ flat[3:].reshape(6, 3) + flat[:3]
        return -log_softmax(logits, axis=1)[np.arange(60), labels].sum() + (flat[3:] ** 2).sum() / (2 * 0.3)

    reference = minimize(objective, np.zeros(21), method="BFGS").x
    logits = features @ reference[3:].reshape(6, 3) + reference[:3]
    found = stacked(probabilities, labels, regularisation=0.3, lowest=0.05)(probabilities)
    np.testing.assert_allclose(found, np.exp(log_softmax(logits, axis=1)), atol=1e-3)


def test_learns_what_no_mean_can_say():
    # The member always names the class after the true one.
    labels = np.arange(200) % 4
    probabilities = (0.9 * np.eye(4)[(labels + 1) % 4] + 0.025)[None]
    rule = stacked(probabilities[:, :120], labels[:120])
    assert (rule(probabilities[:, 120:]).argmax(axis=1) == labels[120:]).all()


def test_regularisation_is_chosen_on_examples_that_were_not_seen():
    noise, labels = members(2, 4, 90), truth(2, 90)
    assert stacked(noise, labels).regularisation in STRENGTHS[:3]
    probabilities, labels = informed(3, [4.0, 4.0], examples=300)
    assert stacked(probabilities, labels).regularisation > STRENGTHS[2]


def test_an_absent_class_keeps_what_the_mean_gives_it():
    probabilities, labels = members(4, 3, 60, 4), truth(4, 60, 3)
    fresh = members(5, 3, 7, 4)
    found = stacked(probabilities, labels, regularisation=0.5)(fresh)
    np.testing.assert_allclose(found[:, 3], fresh.mean(axis=0)[:, 3], rtol=1e-12)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-12)


def test_zeros_and_perfect_members_are_no_problem():
    labels = truth(6)
    perfect = np.repeat(np.eye(3)[labels][None], 3, axis=0)
    found = stacked(perfect, labels)(perfect)
    assert np.isfinite(found).all()
    assert (found.argmax(axis=1) == labels).all()


def test_features_are_centred_logarithms():
    probabilities = members(7, 2, 5)
    found = log_ratios(probabilities, 1e-9).reshape(5, 2, 3)
    np.testing.assert_allclose(found.sum(axis=2), 0.0, atol=1e-12)
    np.testing.assert_allclose(found[:, 1, 0] - found[:, 1, 2], np.log(probabilities[1, :, 0] / probabilities[1, :, 2]))


def test_refuses_one_class_and_options_out_of_range():
    with pytest.raises(
        ArgumentError, match="`validation_labels` must hold at least two classes for stacking; got only"
    ):
        stacked(members(8), np.zeros(40, dtype=int))
    with pytest.raises(ArgumentError, match="`regularisation` must be above 0 and finite; got 0"):
        Stacking(regularisation=0)
    with pytest.raises(ArgumentError, match=r"`lowest` must lie strictly between 0 and 1; got 1\.0"):
        Stacking(lowest=1.0)


def test_is_better_than_its_members_where_they_are_miscalibrated():
    probabilities, labels = informed(9, [3.0, 3.0, 3.0], examples=600)
    sharp = probabilities**4
    sharp /= sharp.sum(axis=2, keepdims=True)
    found = stacked(sharp[:, :300], labels[:300])(sharp[:, 300:])
    assert nll(found, labels[300:]) < nll(sharp.mean(axis=0)[300:], labels[300:])
