"""Folds of validation examples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modescape.combine import stratified_folds
from modescape.core.errors import ArgumentError


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), number=st.integers(2, 50), num_folds=st.integers(2, 7))
def test_every_example_is_held_once_and_classes_are_spread(seed, number, num_folds):
    labels = np.random.default_rng(seed).integers(3, size=number)
    folds = list(stratified_folds(labels, num_folds=num_folds, seed=seed))
    assert len(folds) == min(num_folds, number)
    assert sorted(np.concatenate([fold for _, fold in folds]).tolist()) == list(range(number))
    for rest, fold in folds:
        assert sorted([*rest, *fold]) == list(range(number))
    for label in range(3):
        counts = [int((labels[fold] == label).sum()) for _, fold in folds]
        assert max(counts) - min(counts) <= 1


def test_the_seed_draws_them():
    labels = np.arange(20) % 2
    first, again, other = ([fold.tolist() for _, fold in stratified_folds(labels, seed=seed)] for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_refuses_one_fold_and_one_example():
    with pytest.raises(ArgumentError, match="`num_folds` must be at least 2; got 1"):
        list(stratified_folds(np.array([0, 1]), num_folds=1, seed=0))
    with pytest.raises(ArgumentError, match="`validation` must hold at least two examples to choose by; got 1 example"):
        list(stratified_folds(np.array([0]), seed=0))
