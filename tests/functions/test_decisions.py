"""Decisions of predictors."""

import numpy as np
import pytest
import torch

from modescape.core.errors import ArgumentError
from modescape.functions import decisions


def test_agrees_with_a_loop_over_every_row():
    probabilities = np.random.default_rng(4).dirichlet(np.ones(5), size=(3, 7))
    expected = [[max(range(5), key=lambda c, row=row: row[c]) for row in member] for member in probabilities]
    assert decisions(probabilities).tolist() == expected


@pytest.mark.parametrize(("row", "decision"), [([0.4, 0.2, 0.4], 0), ([0.2, 0.4, 0.4], 1), ([1.0], 0)])
def test_ties_go_to_the_lowest_class(row, decision):
    assert decisions(np.array(row)) == decision


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.int64])
def test_takes_any_number_type(dtype):
    assert decisions(np.array([[3, 1], [1, 3]], dtype=dtype)).tolist() == [0, 1]


def test_takes_tensors():
    assert decisions(torch.tensor([[[0.1, 0.9]]])).tolist() == [[1]]


def test_names_the_row_with_nan():
    probabilities = np.full((2, 3, 4), 0.25)
    probabilities[1, 2, 0] = np.nan
    with pytest.raises(ArgumentError, match=r"`probabilities` must be free of NaN; got NaN in row \(1, 2\)\."):
        decisions(probabilities)


@pytest.mark.parametrize("shape", [(), (3, 0)])
def test_refuses_no_class(shape):
    with pytest.raises(ArgumentError, match=r"`probabilities` must have a last axis with at least one class"):
        decisions(np.zeros(shape))
