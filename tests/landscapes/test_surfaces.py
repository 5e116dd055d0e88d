"""Loss, accuracy and agreement out of predictions."""

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, log_loss
from torch import nn

from modescape.core.errors import ArgumentError
from modescape.evaluate import accuracy, nll, nll_per_example
from modescape.functions import predict_each
from modescape.landscapes import examples_of, landscape_of

LABELS = np.random.default_rng(0).integers(4, size=30)


def predictions(num=3, seed=1):
    return list(np.random.default_rng(seed).dirichlet(np.full(4, 0.7), size=(num, 30)))


def test_agrees_with_scikit_learn_and_the_room_for_evaluation():
    points, references = predictions(), [LABELS, np.random.default_rng(2).integers(4, size=30)]
    found = landscape_of(iter(points), LABELS, references)
    for index, point in enumerate(points):
        assert found.loss[index] == pytest.approx(log_loss(LABELS, point, labels=range(4)), rel=1e-12)
        assert found.loss[index] == pytest.approx(nll(point, LABELS), rel=1e-12)
        assert found.accuracy[index] == accuracy_score(LABELS, point.argmax(axis=1)) == accuracy(point, LABELS)
        for number, reference in enumerate(references):
            slow = np.mean([int(a == b) for a, b in zip(point.argmax(axis=1), reference, strict=True)])
            assert found.agreement[number, index] == slow
    assert found.agreement.shape == (2, 3)


def test_floor_is_that_of_the_nll():
    wrong = np.array([[1.0, 0.0], [0.0, 1.0]])
    found = landscape_of([wrong], np.array([1, 1]))
    assert found.loss[0] == nll(wrong, np.array([1, 1])) == 126 * np.log(2) / 2


def test_networks_that_overflow_have_a_large_finite_loss():
    net = nn.Linear(2, 3)
    inputs = torch.tensor([[1.0, 2.0], [0.0, 0.0]])
    weights = [
        {"weight": torch.full((3, 2), 2e38), "bias": torch.tensor([1.0, 0.0, 0.0])},
        {"weight": torch.full((3, 2), torch.nan), "bias": torch.zeros(3)},
        {"weight": torch.zeros(3, 2), "bias": torch.tensor([torch.inf, torch.inf, 0.0])},
    ]
    probabilities = list(predict_each(net, weights, inputs, prepare=torch.clone))
    assert probabilities[0][0].isnan().all()
    found = landscape_of(probabilities, np.array([0, 0]), [np.array([0, 0])])
    floor = 126 * np.log(2)
    np.testing.assert_allclose(found.loss, [(floor - np.log(np.e / (np.e + 2))) / 2, floor, floor], rtol=1e-6)
    assert found.accuracy.tolist() == [0.5, 0.0, 0.0]
    assert found.agreement.tolist() == [[0.5, 0.0, 0.0]]
    assert examples_of(probabilities, np.array([0, 0])).decisions.tolist() == [[-1, 0], [-1, -1], [-1, -1]]


def test_predictions_are_taken_one_by_one():
    alive = []

    class Prediction(np.ndarray):
        def __del__(self):
            alive.remove(id(self))

    def lazily():
        for point in predictions(5):
            made = point.view(Prediction)
            alive.append(id(made))
            assert len(alive) <= 2
            yield made

    assert landscape_of(lazily(), LABELS).loss.shape == (5,)


def test_no_points_and_no_references():
    found = landscape_of([], LABELS, [LABELS])
    assert (found.loss.shape, found.accuracy.shape, found.agreement.shape) == ((0,), (0,), (1, 0))
    assert landscape_of(predictions(), LABELS).agreement.shape == (0, 3)
    with pytest.raises(ArgumentError, match=r"`probabilities` must hold at least one point; got 0\."):
        examples_of([], LABELS)


def test_examples_are_those_of_the_means():
    points = [torch.from_numpy(point).float() for point in predictions()]
    found, means = examples_of(points, LABELS), landscape_of(points, LABELS)
    np.testing.assert_allclose(found.losses.mean(axis=1), means.loss, rtol=1e-14)
    np.testing.assert_allclose(found.losses[1], nll_per_example(points[1].numpy(), LABELS), rtol=1e-14)
    np.testing.assert_array_equal(found.correct.mean(axis=1), means.accuracy)
    np.testing.assert_array_equal(found.correct, found.decisions == LABELS)


def test_refuses_what_does_not_fit():
    right = predictions(1)[0]
    for wrong, match in [
        (right[0], r"`probabilities` must have the shape \(example, class\).*got shape \(4,\) at point 1"),
        (right * 2, r"`probabilities` must be at least 0 and sum to 1; got a sum of 2 at point 1, example 0"),
        (right - [2, -2, 0, 0], r"must be at least 0 and sum to 1; got a sum of 1 at point 1, example 0\. Apply"),
        (right[1:], r"`labels` must hold one class index for each of the 29 examples"),
    ]:
        with pytest.raises(ArgumentError, match=match):
            landscape_of([right, wrong], LABELS)
    for reference in (LABELS[1:], LABELS.astype(float)):
        with pytest.raises(ArgumentError, match=r"`references` must hold one class .* 30 examples; got .* reference 1"):
            landscape_of([right], LABELS, [LABELS, reference])
