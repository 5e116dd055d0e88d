"""Bagging: what each member sees, and what it learns from it."""

import math
from dataclasses import replace

import pytest
import torch

from methods.descent import RATE, Losing, Recording, check_close, descended, linear_task
from methods.tiny import digits
from modescape.methods import Bagging, MemoryTrainer
from modescape.methods.bagging import bootstrap_rows
from modescape.train import weights_of


def test_members_see_as_many_examples_drawn_with_replacement():
    rows = bootstrap_rows(linear_task(epochs=1, members=400))
    num_examples = len(digits().train)
    assert rows.shape == (400, num_examples)
    counts = torch.stack([row.bincount(minlength=num_examples) for row in rows]).double()
    # The counts of an example are binomial: N draws of chance 1 / N.
    missing = (1 - 1 / num_examples) ** num_examples
    assert (counts == 0).double().mean().item() == pytest.approx(missing, abs=4 * math.sqrt(missing / counts.numel()))
    assert counts.var().item() == pytest.approx(1 - 1 / num_examples, abs=0.03)
    assert counts.mean(dim=0).sub(1).abs().max() < 5 / math.sqrt(400)


def test_samples_depend_on_seed_and_member_alone():
    few, many, other = (
        bootstrap_rows(linear_task(epochs=e, members=m, seed=s)) for e, m, s in [(1, 2, 0), (3, 4, 0), (1, 2, 1)]
    )
    assert torch.equal(few, many[:2])
    assert not torch.equal(few, other)
    assert not torch.equal(few[0], few[1])
    later = bootstrap_rows(replace(linear_task(epochs=1, members=1), first_member=1))
    assert torch.equal(later[0], few[1])


def test_they_are_drawn_from_what_a_member_has():
    own = torch.stack([torch.arange(10), torch.arange(50, 60)])
    rows = bootstrap_rows(replace(linear_task(epochs=1, members=2), subsets=own))
    assert rows.shape == (2, 10)
    assert set(rows[0].tolist()) <= set(range(10))
    assert set(rows[1].tolist()) <= set(range(50, 60))


def test_each_member_descends_on_its_sample():
    task, trainer = linear_task(epochs=3, members=2), Recording()
    made = Bagging().ensembles(task, (1, 2), trainer)
    rows = trainer.only("bagging").subsets
    for member, weights in enumerate(made[2].parts[0].weights):
        start = weights_of(task.network(member))
        check_close(weights, descended(start, [RATE] * 3, rows=rows[member])[-1])
    assert made[1].parts[0].weights == made[2].parts[0].weights[:1]
    assert made[2].cost.training == 2 * 3 * len(digits().train)


def test_diverged_members_are_left_out_with_a_note():
    made = Bagging().ensembles(linear_task(epochs=1), (1, 3), Losing(members=(0,)))
    assert set(made) == {3}
    assert (made[3].num_members, made[3].cost.prediction) == (2, 2)
    assert made[3].notes == ("1 of 3 members diverged and are left out.",)
    assert made[3].cost.training == 3 * len(digits().train)
    assert not Bagging().ensembles(linear_task(epochs=1), (3,), MemoryTrainer())[3].notes
