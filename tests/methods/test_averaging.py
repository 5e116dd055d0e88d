"""Pretraining, the weights along the way after it, and statistics of batch norm."""

import pytest
import torch

from methods.descent import RATE, Recording, check_close, descended, linear_task, normalised_task
from methods.tiny import digits, tiny_task
from modescape.methods.averaging import Phases, phases, pretrained, renewal_passes, visited, with_statistics
from modescape.train import weights_of


@pytest.mark.parametrize(
    ("epochs", "share", "found"),
    [
        (20, 0.75, Phases(15, 5)),
        (20.9, 0.3, Phases(6, 14)),
        (4, 0.75, Phases(2, 2)),
        (3, 0.01, None),
        (300, 0.01, Phases(3, 297)),
        (3, 0.5, Phases(1, 2)),
        (2.9, 0.5, None),
    ],
)
def test_epochs_are_divided_by_the_share_with_two_at_least_for_averaging(epochs, share, found):
    assert phases(tiny_task(), epochs, share) == found


def test_pretraining_in_triangles_has_an_even_number_of_epochs():
    task = tiny_task(schedule="triangular", cycles=1)
    assert phases(task, 10, 0.7) == Phases(6, 4)
    assert phases(task, 3, 0.5) is None


def test_what_is_visited_are_the_ends_of_epochs_at_a_constant_rate():
    task, trainer = linear_task(epochs=4, schedule="step", step_epochs=1), Recording()
    start = weights_of(task.network(2))
    found = visited(task, start, trainer, epochs=3, rate=0.7, member=2)
    for weights, expected in zip(found, descended(start, [0.7 * RATE] * 3)[1:], strict=True):
        check_close(weights, expected)
    assert trainer.only("averaged").first_member == 2


def test_pretraining_has_the_whole_schedule():
    task, trainer = linear_task(epochs=4, schedule="step", step_epochs=2, step_factor=0.5), Recording()
    trained = pretrained(task, 6, trainer)
    rates = [RATE] * 3 + [RATE / 2] * 3
    check_close(trained.solution(0), descended(weights_of(task.network(0)), rates)[-1])


def test_statistics_of_batch_norm_are_those_of_the_examples_given():
    task = normalised_task()
    weights = weights_of(task.network(0))
    rows = torch.arange(20, 70)
    moved = [weights, {name: tensor + 1 for name, tensor in weights.items()}]
    found = list(with_statistics(task, moved, digits().train.inputs[rows]))
    pixels = digits().prepare(digits().train.inputs[rows]).flatten(1).double()
    for tree, before in zip(found, moved, strict=True):
        torch.testing.assert_close(tree["1.running_mean"].double(), pixels.mean(dim=0), atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(tree["1.running_var"].double(), pixels.var(dim=0), atol=1e-5, rtol=1e-4)
        assert torch.equal(tree["2.weight"], before["2.weight"])
    assert renewal_passes(task, 50) == 50


def test_networks_without_batch_norm_need_none():
    task = tiny_task()
    weights = weights_of(task.network(0))
    (found,) = with_statistics(task, [weights], digits().train.inputs)
    assert renewal_passes(task, 50) == 0
    assert all(torch.equal(found[name], weights[name]) for name in weights)
