"""Losses of several answers against sums written out in float64."""

import numpy as np
import pytest
import torch

from modescape.methods.heads import head_losses, mean_prediction_loss

LOGITS = torch.randn(7, 3, 5, generator=torch.Generator().manual_seed(2)) * 2
LABELS = torch.tensor([0, 4, 2, 2, 1, 3, 0])


def smoothed(label, smoothing):
    target = np.full(5, smoothing / 5)
    target[label] += 1 - smoothing
    return target


def probabilities():
    exponents = np.exp(LOGITS.double().numpy())
    return exponents / exponents.sum(axis=2, keepdims=True)


@pytest.mark.parametrize("smoothing", [0.0, 0.15])
def test_the_loss_of_a_head_is_the_cross_entropy_with_the_smoothed_target(smoothing):
    expected = [
        [-(smoothed(label, smoothing) * np.log(heads[head])).sum() for head in range(3)]
        for heads, label in zip(probabilities(), LABELS.tolist(), strict=True)
    ]
    np.testing.assert_allclose(head_losses(LOGITS, LABELS, smoothing=smoothing), expected, rtol=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.15])
def test_the_loss_of_the_mean_prediction_is_that_of_averaged_probabilities(smoothing):
    expected = [
        -(smoothed(label, smoothing) * np.log(heads.mean(axis=0))).sum()
        for heads, label in zip(probabilities(), LABELS.tolist(), strict=True)
    ]
    np.testing.assert_allclose(mean_prediction_loss(LOGITS, LABELS, smoothing=smoothing), expected, rtol=1e-5)


def test_the_mean_prediction_is_at_least_as_good_as_the_heads_are_on_average():
    assert (mean_prediction_loss(LOGITS, LABELS) <= head_losses(LOGITS, LABELS).mean(dim=1) + 1e-6).all()


def test_both_stay_finite_for_logits_far_apart():
    extreme = torch.tensor([[[500.0, -500.0], [400.0, -400.0]]])
    labels = torch.tensor([1])
    assert head_losses(extreme, labels).tolist() == [[1000.0, 800.0]]
    assert mean_prediction_loss(extreme, labels).item() == pytest.approx(800.0 + np.log(2))
