"""Cosine similarity of weight vectors."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics.pairwise import cosine_similarity

from modescape.core.errors import ArgumentError
from modescape.core.trees import ravel
from modescape.weights import cosine, cosine_matrix


def vectors(seed, members=4, params=7, dtype=torch.float32):
    return torch.randn(members, params, generator=torch.Generator().manual_seed(seed)).to(dtype)


def slow(rows):
    rows = [[float(entry) for entry in row] for row in rows]
    norm = [sum(entry * entry for entry in row) ** 0.5 for row in rows]
    return [
        [sum(x * y for x, y in zip(a, b, strict=True)) / norm[i] / norm[j] for j, b in enumerate(rows)]
        for i, a in enumerate(rows)
    ]


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
@pytest.mark.parametrize("chunk", [1, 12, 2**22])
def test_agrees_with_loops_and_scikit_learn_for_any_chunk(monkeypatch, dtype, chunk):
    monkeypatch.setattr(cosine, "CHUNK_ENTRIES", chunk)
    rows = vectors(3, dtype=dtype)
    found = cosine_matrix(rows)
    assert found.dtype == torch.float64
    np.testing.assert_allclose(found.numpy(), slow(rows), rtol=0, atol=1e-14)
    np.testing.assert_allclose(found.numpy(), cosine_similarity(rows.double().numpy()), rtol=0, atol=1e-14)


def test_accumulates_in_double_precision():
    # In single precision a sum over a million equal products is off by 1e-4 or more.
    rows = torch.full((2, 1_000_000), 0.1)
    rows[1, ::2] *= -0.5
    expected = (0.5 - 0.25) / (0.5 + 0.125) ** 0.5
    assert abs(cosine_matrix(rows)[0, 1].item() - expected) < 1e-12


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), members=st.integers(1, 6), params=st.integers(1, 9))
def test_symmetric_bounded_with_exact_ones(seed, members, params):
    found = cosine_matrix(vectors(seed, members, params))
    assert torch.equal(found, found.T)
    assert torch.equal(found.diagonal(), torch.ones(members, dtype=torch.float64))
    assert found.abs().max() <= 1.0


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), scale=st.floats(1e-3, 1e3))
def test_scale_and_sign_of_a_vector(seed, scale):
    rows = vectors(seed, dtype=torch.float64)
    changed = rows.clone()
    changed[1] *= -scale
    found, after = cosine_matrix(rows), cosine_matrix(changed)
    torch.testing.assert_close(after[1, [0, 2, 3]], -found[1, [0, 2, 3]], rtol=0, atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), order=st.permutations(range(4)))
def test_follows_the_order_of_members(seed, order):
    rows = vectors(seed)
    torch.testing.assert_close(cosine_matrix(rows[order]), cosine_matrix(rows)[order][:, order], rtol=0, atol=1e-14)


def test_parallel_vectors_of_extreme_length():
    rows = torch.tensor([[3e200, 4e200], [3e-200, 4e-200], [4e-200, -3e-200]], dtype=torch.float64)
    torch.testing.assert_close(
        cosine_matrix(rows), torch.tensor([[1, 1, 0], [1, 1, 0], [0, 0, 1]], dtype=torch.float64), rtol=0, atol=1e-15
    )


def test_takes_weights_that_are_being_trained_and_leaves_them_alone():
    layer = torch.nn.Linear(3, 2)
    rows = torch.stack([ravel(dict(layer.named_parameters())), torch.ones(8)])
    before = rows.detach().clone()
    found = cosine_matrix(rows)
    assert not found.requires_grad
    assert torch.equal(rows.detach(), before)


@pytest.mark.parametrize("shape", [(3,), (0, 3), (3, 0), (2, 2, 2)])
def test_refuses_wrong_shapes(shape):
    with pytest.raises(ArgumentError, match=r"`vectors` must have the shape \(member, param\).*got shape .*ravel"):
        cosine_matrix(torch.ones(shape))


def test_refuses_whole_numbers():
    with pytest.raises(ArgumentError, match=r"`vectors` must be floating-point numbers; got torch.int64"):
        cosine_matrix(torch.ones(2, 3, dtype=torch.int64))


@pytest.mark.parametrize("entry", [float("nan"), float("inf"), -float("inf")])
def test_names_the_member_that_is_not_finite(entry):
    rows = vectors(0)
    rows[2, 5] = entry
    with pytest.raises(ArgumentError, match=r"be finite and not zero; got NaN or an infinity in member 2\. Leave out"):
        cosine_matrix(rows)


def test_names_the_member_that_is_zero():
    rows = vectors(0)
    rows[1] = 0
    with pytest.raises(ArgumentError, match=r"be finite and not zero; got only zeros in member 1\."):
        cosine_matrix(rows)
