"""Budgets: sizes that are made and left out, notes, and shares."""

import pytest

from methods.tiny import tiny_task
from modescape.core.errors import ArgumentError, TrainingError
from modescape.methods import Cost, Ensemble
from modescape.methods.budgets import check_share, each_size, epoch_passes, lost_notes


def test_sizes_that_are_not_there_or_diverge_are_left_out():
    def make(size):
        if size == 2:
            raise TrainingError("diverged")
        return None if size == 3 else Ensemble("single", size, (), Cost(0, 0, 0, 0))

    found = each_size((1, 2, 3, 4), make)
    assert {size: ensemble.size for size, ensemble in found.items()} == {1: 1, 4: 4}
    with pytest.raises(TrainingError, match="diverged"):
        each_size((2, 3), make)


def test_an_epoch_passes_whole_batches():
    assert epoch_passes(tiny_task(batch_size=48)) == 96


def test_notes_count_those_that_are_lost():
    assert lost_notes(3, 3) == ()
    assert lost_notes(3, 1) == ("2 of 3 members diverged and are left out.",)


@pytest.mark.parametrize("value", [0.0, 1.0, -0.1, float("nan")])
def test_a_share_is_inside_its_bounds(value):
    with pytest.raises(ArgumentError, match=r"`pretraining` must be above 0 and below 1; got .*\. Pass 0.75\."):
        check_share(value, "pretraining", "Pass 0.75")
