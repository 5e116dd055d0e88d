"""Losses and metrics by example."""

import functools
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from modescape.core.errors import ArgumentError
from modescape.landscapes.scores import Part, score_of, value_and_error

GENERATOR = torch.Generator().manual_seed(0)
LOGITS = torch.randn(10, 4, generator=GENERATOR, dtype=torch.float64)
LABELS = torch.randint(0, 4, (10,), generator=GENERATOR)
WEIGHT = torch.tensor([0.5, 1.0, 2.0, 4.0], dtype=torch.float64)
VALUES = torch.randn(10, 4, generator=GENERATOR, dtype=torch.float64)
SEQUENCES = torch.randn(10, 4, 3, generator=GENERATOR, dtype=torch.float64)
WORDS = torch.randint(0, 4, (10, 3), generator=GENERATOR)


class Own(nn.CrossEntropyLoss):
    """A class derived from torch's, which does something else."""

    def forward(self, *args):
        return 2 * super().forward(*args)


@pytest.mark.parametrize(
    ("loss", "outputs", "targets"),
    [
        (F.cross_entropy, LOGITS, LABELS),
        (nn.CrossEntropyLoss(weight=WEIGHT, ignore_index=1), LOGITS, LABELS),
        (nn.CrossEntropyLoss(weight=WEIGHT, label_smoothing=0.2), LOGITS, LABELS),
        (nn.CrossEntropyLoss(ignore_index=2), SEQUENCES, WORDS),
        (nn.CrossEntropyLoss(weight=WEIGHT), LOGITS, VALUES.softmax(1)),
        (functools.partial(F.cross_entropy, weight=WEIGHT, ignore_index=0), LOGITS, LABELS),
        (nn.NLLLoss(weight=WEIGHT), LOGITS.log_softmax(1), LABELS),
        (nn.MSELoss(), LOGITS, VALUES),
        (F.l1_loss, LOGITS, VALUES),
        (nn.HuberLoss(delta=0.3), LOGITS, VALUES),
        (nn.MultiMarginLoss(weight=WEIGHT), LOGITS, LABELS),
        (nn.BCEWithLogitsLoss(pos_weight=WEIGHT), LOGITS, (VALUES > 0).double()),
        (lambda outputs, _: outputs.mean(dim=1), LOGITS, LABELS),
    ],
)
def test_sums_over_parts_give_the_mean_over_all(loss, outputs, targets):
    score = score_of(loss, "loss")
    parts = [score(outputs[rows], targets[rows], len(targets[rows])) for rows in (slice(0, 3), slice(3, 10))]
    assert all(part.by_example and len(part.sums) == number for part, number in zip(parts, (3, 7), strict=True))
    assert value_and_error(parts, 10, 10) == (pytest.approx(loss(outputs, targets).mean().item(), rel=1e-12), 0.0)


@pytest.mark.parametrize(
    "loss",
    [
        Own(),
        lambda outputs, targets: F.cross_entropy(2 * outputs, targets),
        nn.MSELoss(reduction="sum"),
        functools.partial(F.mse_loss, reduction="sum"),
    ],
)
def test_means_of_others_are_weighted_by_the_number_of_examples(loss):
    score, targets = score_of(loss, "loss"), VALUES.softmax(1)
    parts = [score(LOGITS[rows], targets[rows], len(targets[rows])) for rows in (slice(0, 3), slice(3, 10))]
    expected = 0.3 * loss(LOGITS[:3], targets[:3]) + 0.7 * loss(LOGITS[3:], targets[3:])
    assert value_and_error(parts, 10, 10) == (pytest.approx(expected.item(), rel=1e-12), 0.0)
    value, error = value_and_error(parts, 10, 50)
    assert value == pytest.approx(expected.item())
    assert math.isnan(error)


def test_terms_that_are_not_those_of_examples_count_as_one_sum():
    part = score_of(F.mse_loss, "loss")(torch.zeros(5), torch.full((5,), 2.0), 3)
    assert not part.by_example
    assert value_and_error([part], 3, 3) == (4.0, 0.0)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_standard_error_is_the_spread_over_samples(weighted):
    """Samples without replacement from a small population: mean error against the spread of what is estimated."""
    generator = np.random.default_rng(0)
    sums = generator.gamma(2.0, size=60)
    shares = generator.uniform(0.5, 2.0, 60) if weighted else np.ones(60)
    found = []
    for _ in range(2000):
        rows = generator.choice(60, 20, replace=False)
        part = Part(torch.tensor(sums[rows] * shares[rows]), torch.tensor(shares[rows]), by_example=True)
        found.append(value_and_error([part], 20, 60))
    values, errors = np.array(found).T
    assert values.mean() == pytest.approx((sums * shares).sum() / shares.sum(), rel=0.02)
    assert np.sqrt((errors**2).mean()) == pytest.approx(values.std(), rel=0.08)


def test_what_is_not_finite_stays_so():
    nan = Part(torch.tensor([1.0, math.nan]), torch.ones(2), by_example=True)
    assert all(math.isnan(number) for number in value_and_error([nan], 2, 5))
    infinite = Part(torch.tensor([1.0, math.inf]), torch.ones(2), by_example=True)
    assert value_and_error([infinite], 2, 2) == (math.inf, 0.0)
    one = Part(torch.tensor([1.0]), torch.ones(1), by_example=True)
    assert math.isnan(value_and_error([one], 1, 5)[1])


def test_a_metric_must_return_one_number_or_one_an_example():
    with pytest.raises(
        ArgumentError, match=r"`metrics` must return one number for a batch, or one for each example; got"
    ):
        score_of(lambda outputs, _: outputs, "metrics")(LOGITS, LABELS, 10)
