"""Cross-validation ensembles: folds, budget, and what each member learns."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from methods.descent import RATE, Losing, Recording, check_close, descended, linear_task
from methods.tiny import digits, tiny_task
from modescape.core.errors import ArgumentError
from modescape.methods import KFold
from modescape.methods.k_fold import rows_without_folds
from modescape.train import weights_of


@given(st.integers(2, 40), st.integers(2, 40), st.integers(0, 5))
@settings(max_examples=40, deadline=None)
def test_each_example_is_left_out_at_most_once_and_all_folds_are_as_large(num_examples, num_folds, seed):
    if num_folds > num_examples:
        return
    rows = rows_without_folds(num_examples, num_folds, seed=seed)
    length = num_examples // num_folds
    assert rows.shape == (num_folds, num_examples - length)
    seen = torch.stack([row.bincount(minlength=num_examples) for row in rows])
    assert seen.max() == 1
    left_out = (seen == 0).sum(dim=0)
    assert left_out.max() == 1
    assert left_out.sum() == num_folds * length


def test_folds_are_drawn_by_the_seed():
    first, again, other = (rows_without_folds(30, 3, seed=seed) for seed in (4, 4, 5))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_members_descend_on_all_but_a_fold_in_so_many_more_epochs():
    task, trainer = linear_task(epochs=6, batch_size=64), Recording()
    made = KFold().ensembles(task, (1, 2), trainer)
    assert set(made) == {2}
    folded = trainer.only("k-fold")
    assert (folded.settings.members, folded.settings.epochs, folded.num_examples) == (2, 12, 64)
    assert folded.settings.step_epochs == 2 * task.settings.step_epochs
    for member, weights in enumerate(made[2].parts[0].weights):
        start = weights_of(task.network(member))
        check_close(weights, descended(start, [RATE] * 12, rows=folded.subsets[member])[-1])
    assert made[2].cost.training == 2 * 6 * len(digits().train)


def test_the_budget_is_that_of_independent_members_to_whole_epochs():
    made = KFold().ensembles(tiny_task(members=3, epochs=4), (3,), Recording())[3]
    # 86 of 128 examples are 5 batches of 16, and 4 epochs of 8 batches are 6 whole ones of 5.
    assert made.cost.training == 3 * 6 * 5 * 16 <= 3 * 4 * 128


def test_folds_are_of_what_a_member_has():
    own = torch.stack([torch.arange(10), torch.arange(50, 60), torch.arange(20, 30)])
    trainer = Recording()
    KFold().ensembles(replace(linear_task(epochs=1, members=3), subsets=own), (2,), trainer)
    rows = trainer.only("k-fold").subsets
    assert rows.shape == (2, 5)
    assert set(rows[1].tolist()) <= set(range(50, 60))


def test_sizes_that_diverge_are_left_out():
    made = KFold().ensembles(linear_task(epochs=1), (2, 3), Losing(members=(1,)))
    assert made[2].notes == ("1 of 2 members diverged and are left out.",)
    assert set(KFold().ensembles(linear_task(epochs=1), (2, 3), Losing(names=("k-fold",), calls=(1,)))) == {3}


@pytest.mark.parametrize("num_folds", [1, 6])
def test_too_few_or_too_many_folds_are_refused(num_folds):
    with pytest.raises(ArgumentError, match=rf"`num_folds` must be from 2 to 5, the examples; got {num_folds}"):
        rows_without_folds(5, num_folds, seed=0)
