"""Averages of weights."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from modescape.core.errors import ArgumentError
from modescape.core.trees import ravel
from modescape.weights import average, averages


def vectors(seed, num=5, params=9, dtype=torch.float32):
    return torch.randn(num, params, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
@pytest.mark.parametrize("chunk", [1, 4, 2**17])
def test_agrees_with_exact_fractions_for_any_chunk(monkeypatch, dtype, chunk):
    monkeypatch.setattr(averages, "CHUNK_ENTRIES", chunk)
    rows = vectors(2, dtype=dtype)
    found = average(rows)
    assert found.dtype == dtype
    exact = [float(sum(Fraction(entry) for entry in column) / 5) for column in rows.double().T.tolist()]
    np.testing.assert_allclose(found.double().numpy(), exact, rtol=torch.finfo(dtype).eps, atol=1e-15)


def test_accumulates_in_double_precision():
    # In single precision the small weights vanish beside the sum of the large ones.
    rows = [torch.tensor([2.0**24]), *[torch.tensor([1.0])] * 3]
    assert average(rows).item() == np.float32((2.0**24 + 3) / 4)
    assert average([torch.tensor([2.0**24]), *[torch.tensor([1.0])] * 2, torch.tensor([-(2.0**24)])]).item() == 0.5


def test_takes_a_generator_and_counts_each_vector_once():
    assert average(torch.full((2,), float(number)) for number in [3, 0, 0]).tolist() == [1.0, 1.0]


def test_one_vector_is_its_own_average_but_not_the_same_memory():
    row = torch.tensor([0.1, 0.7])
    found = average([row])
    found += 1
    assert row.tolist() == torch.tensor([0.1, 0.7]).tolist()


@settings(max_examples=20, deadline=None)
@given(value=st.floats(-1e6, 1e6), num=st.integers(1, 12))
def test_average_of_equal_vectors_is_exact(value, num):
    row = torch.tensor([value, 1 / 3], dtype=torch.float64)
    assert torch.equal(average([row] * num), row)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), order=st.permutations(range(5)))
def test_order_does_not_matter(seed, order):
    rows = vectors(seed, dtype=torch.float64)
    torch.testing.assert_close(average(rows[order]), average(rows), rtol=0, atol=1e-14)


def test_averages_weights_that_are_being_trained():
    layer = torch.nn.Linear(3, 2)
    assert not average([ravel(dict(layer.named_parameters()))] * 2).requires_grad


def test_refuses_nothing():
    with pytest.raises(ArgumentError, match=r"`vectors` must hold at least one vector of weights; got 0\. Pass the"):
        average([])


def test_names_the_vector_that_is_wrong():
    rows = vectors(0)
    rows[3, 1] = float("nan")
    with pytest.raises(ArgumentError, match=r"`vectors\[3\]` must be finite; got nan at weight 1"):
        average(rows)
