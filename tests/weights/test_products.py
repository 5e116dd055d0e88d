"""Inner products of a few long vectors."""

import numpy as np
import pytest
import torch

from modescape.core.errors import ArgumentError
from modescape.weights import products
from modescape.weights.products import checked_alike, inner_products


@pytest.mark.parametrize("chunk", [1, 7, 2**22])
def test_agrees_with_loops_for_any_chunk(monkeypatch, chunk):
    monkeypatch.setattr(products, "CHUNK_ENTRIES", chunk)
    rows = torch.randn(3, 11, generator=torch.Generator().manual_seed(0))
    origin = torch.randn(11, generator=torch.Generator().manual_seed(1))
    shifted = [[float(x) - float(o) for x, o in zip(row, origin, strict=True)] for row in rows]
    slow = [[sum(x * y for x, y in zip(a, b, strict=True)) for b in shifted] for a in shifted]
    np.testing.assert_allclose(inner_products(list(rows), origin).numpy(), slow, rtol=1e-13)
    plain = inner_products(list(rows)).numpy()
    np.testing.assert_allclose(plain, rows.double().numpy() @ rows.double().numpy().T, rtol=1e-13)


def test_names_the_vector_that_is_wrong():
    right = torch.ones(3)
    for wrong, match in [
        (torch.ones(1, 3), r"`end` must be one vector of weights; got shape \(1, 3\)"),
        (torch.ones(3).long(), r"`end` must be floating-point numbers; got torch.int64"),
        (torch.ones(2), r"`end` must have the length, the type .* of start \(3 torch.float32 cpu\); got 2 torch.float"),
        (torch.ones(3).double(), r"`end` must have the length, the type .*; got 3 torch.float64 cpu.*one architecture"),
        (torch.tensor([1.0, torch.nan, 0.0]), r"`end` must be finite; got nan"),
    ]:
        with pytest.raises(ArgumentError, match=match):
            checked_alike([right, wrong], ["start", "end"])
