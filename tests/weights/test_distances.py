"""Distances between networks, and those expected by chance."""

from math import inf, nan

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist, squareform

from modescape.core.errors import ArgumentError
from modescape.weights import cosine_deviation, cosine_matrix, distance_matrix, distances, expected_distance


@pytest.mark.parametrize("chunk", [1, 7, 2**20])
def test_distances_are_those_of_scipy_for_any_chunk(monkeypatch, chunk):
    monkeypatch.setattr(distances, "CHUNK_ENTRIES", chunk)
    rows = torch.randn(4, 13, generator=torch.Generator().manual_seed(0))
    expected = squareform(pdist(rows.double().numpy()))
    np.testing.assert_allclose(distance_matrix(iter(rows)), expected, rtol=1e-12)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), num=st.integers(1, 6))
def test_the_matrix_is_symmetric_with_an_exactly_zero_diagonal(seed, num):
    rows = 100 + torch.randn(num, 300, generator=torch.Generator().manual_seed(seed))
    found = distance_matrix(rows)
    np.testing.assert_array_equal(found, found.T)
    np.testing.assert_array_equal(found.diagonal(), 0.0)
    if num > 2:
        assert found[0, 1] <= found[0, 2] + found[2, 1] + 1e-12


def test_close_networks_far_from_the_origin_keep_their_distance():
    one = torch.full((1000,), 100.0, dtype=torch.float64)
    other = one.clone()
    other[7] += 1e-9
    assert distance_matrix([one, other])[0, 1] == pytest.approx(1e-9, rel=1e-4)


def test_independent_directions_have_the_expected_distance_and_cosines():
    params, num = 400, 60
    rows = torch.randn(num, params, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    rows *= torch.linspace(0.5, 4.0, num, dtype=torch.float64)[:, None]
    norms, pairs = rows.norm(dim=1).numpy(), np.triu_indices(num, 1)
    ratio = (distance_matrix(rows) / expected_distance(norms[:, None], norms[None, :]))[pairs]
    assert ratio.mean() == pytest.approx(1.0, abs=0.005)
    cosines = cosine_matrix(rows).numpy()[pairs]
    # 1,770 cosines: their deviation is known to about 2%.
    assert cosines.std() == pytest.approx(cosine_deviation(params), rel=0.07)
    assert abs(cosines.mean()) < 4 * cosine_deviation(params) / np.sqrt(len(cosines))


def test_expected_distance_and_deviation_in_closed_form():
    found = expected_distance(np.array([[3.0], [5.0]]), np.array([4.0, 12.0]))
    np.testing.assert_allclose(found, [[5.0, np.sqrt(153)], [np.sqrt(41), 13.0]])
    assert cosine_deviation(271_117) == pytest.approx(0.0019205, rel=1e-4)
    assert cosine_deviation(1) == 1.0


def test_refuses_what_is_no_norm_and_no_vector():
    for norm, shown in ((-1.0, "-1"), (nan, "nan"), (inf, "inf")):
        with pytest.raises(
            ArgumentError, match=rf"`second_norm` must be at least 0 and finite; got {shown}\. Pass nor"
        ):
            expected_distance(1.0, [2.0, norm])
    with pytest.raises(ArgumentError, match=r"`first_norm` must be at least 0"):
        expected_distance(-1.0, 1.0)
    with pytest.raises(ArgumentError, match=r"`num_params` must be at least 1; got 0\. Pass the number of parameters"):
        cosine_deviation(0)
    with pytest.raises(
        ArgumentError, match=r"`vectors` must hold at least one vector of weights; got 0\. Pass the wei"
    ):
        distance_matrix([])
    with pytest.raises(ArgumentError, match=r"`vectors\[1\]` must be finite"):
        distance_matrix([torch.ones(2), torch.tensor([1.0, nan])])
