import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t

from modescape.core.errors import ArgumentError
from modescape.functions.kernel_alignment import CkaTally, centred_gram, cka, hsic

FEW = settings(max_examples=15, deadline=None)
SEEDS = st.integers(0, 10_000)


def rows(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def slow_hsic(first, second):
    """Song et al. (2012), equation 5, with sums written out."""
    n = len(first)
    k = [[0.0 if i == j else float(first[i].flatten() @ first[j].flatten()) for j in range(n)] for i in range(n)]
    m = [[0.0 if i == j else float(second[i].flatten() @ second[j].flatten()) for j in range(n)] for i in range(n)]
    trace = sum(k[i][j] * m[j][i] for i in range(n) for j in range(n))
    product = sum(map(sum, k)) * sum(map(sum, m)) / ((n - 1) * (n - 2))
    mixed = sum(k[i][j] * m[j][q] for i in range(n) for j in range(n) for q in range(n))
    return (trace + product - 2 * mixed / (n - 2)) / (n * (n - 3))


def test_hsic_is_the_formula_written_out():
    first, second = rows(0, 9, 3) + 5.0, rows(1, 9, 2, 2)
    assert hsic(first, second) == pytest.approx(slow_hsic(first, second), rel=1e-9)
    assert hsic(first, first) == pytest.approx(slow_hsic(first, first), rel=1e-9)


def test_hsic_of_independent_representations_is_0_on_average():
    found = [hsic(rows(2 * seed, 8, 3), rows(2 * seed + 1, 8, 4)) for seed in range(400)]
    error = np.std(found) / np.sqrt(len(found))
    assert abs(np.mean(found)) < 4 * error
    # The biased estimate is far from 0 here: the test can tell them apart.
    centre = torch.eye(8, dtype=torch.float64) - 1 / 8
    biased = [
        float(torch.trace(centre @ a @ a.T @ centre @ b @ b.T)) / 49
        for a, b in ((rows(2 * seed, 8, 3), rows(2 * seed + 1, 8, 4)) for seed in range(400))
    ]
    assert np.mean(biased) > 20 * error


def test_batches_are_summed_before_they_are_divided():
    first, second = rows(3, 23, 4), rows(4, 23, 5) + 0.5 * rows(3, 23, 5)
    found = cka(first, second, batch_size=7, confidence=0.9)
    pieces = [slice(0, 7), slice(7, 14), slice(14, 21)]
    sums = np.array(
        [
            [slow_hsic(a[piece], b[piece]) for piece in pieces]
            for a, b in ((first, second), (first, first), (second, second))
        ]
    )

    def ratio(chosen):
        product, one, other = sums[:, chosen].sum(axis=1)
        return product / np.sqrt(one * other)

    assert found.num_batches == 3
    assert float(found.value) == pytest.approx(ratio([0, 1, 2]), rel=1e-9)
    without = np.array([ratio([1, 2]), ratio([0, 2]), ratio([0, 1])])
    half = t.ppf(0.95, 2) * np.sqrt(2 / 3 * ((without - without.mean()) ** 2).sum())
    assert float(found.low) == pytest.approx(max(ratio([0, 1, 2]) - half, -1), rel=1e-9)
    assert float(found.high) == pytest.approx(min(ratio([0, 1, 2]) + half, 1), rel=1e-9)


@FEW
@given(SEEDS, st.floats(0.1, 30.0))
def test_rotations_permutations_and_factors_change_nothing(seed, factor):
    first, second = rows(seed, 12, 5), rows(seed + 1, 12, 4)
    plain = float(cka(first, second).value)
    rotation, _ = torch.linalg.qr(rows(seed + 2, 5, 5))
    order = torch.randperm(5, generator=torch.Generator().manual_seed(seed))
    for changed in (first @ rotation, first[:, order], factor * first, first + factor):
        assert float(cka(changed, second).value) == pytest.approx(plain, abs=1e-7)


@FEW
@given(SEEDS)
def test_it_is_symmetric_one_with_itself_and_never_beyond(seed):
    first, second = rows(seed, 12, 5), rows(seed + 1, 12, 4)
    assert float(cka(first, first, batch_size=6).value) == pytest.approx(1.0)
    assert float(cka(first, second).value) == pytest.approx(float(cka(second, first).value))
    assert -1.0 <= float(cka(first, second, batch_size=4).value) <= 1.0


def test_a_stretched_feature_does_change_it():
    first = rows(5, 40, 3)
    assert float(cka(first, first * torch.tensor([9.0, 1.0, 1.0])).value) < 0.95


def test_convolutions_are_flattened():
    images = rows(6, 10, 3, 4, 4)
    assert float(cka(images, images.flatten(1)).value) == pytest.approx(1.0)


def test_single_precision_far_from_0_keeps_its_digits():
    first, second = rows(7, 20, 6), rows(8, 20, 6) + rows(7, 20, 6)
    plain = float(cka(first, second).value)
    assert float(cka((first + 1000.0).float(), second.float()).value) == pytest.approx(plain, abs=1e-3)


def test_a_representation_without_differences_is_not_compared():
    constant = torch.full((12, 3), 0.1)
    found = cka(constant, rows(9, 12, 3), batch_size=6)
    assert np.isnan([found.value, found.low, found.high]).all()
    dead = rows(9, 12, 3).float()
    both = torch.cat([dead, torch.full((12, 2), 1e4)], dim=1)
    assert float(cka(both, dead).value) == pytest.approx(1.0, abs=1e-5)


def test_one_batch_has_no_interval():
    found = cka(rows(0, 12, 2), rows(1, 12, 2))
    assert np.isfinite(found.value)
    assert np.isnan([found.low, found.high]).all()


def test_a_tally_compares_all_with_all():
    batches = [[rows(10 * part + member, 9, 3) for member in range(3)] for part in range(4)]
    tally = CkaTally()
    for batch in batches:
        grams = torch.stack([centred_gram(one) for one in batch])
        tally.add(grams, grams[1:])
    found = tally.result(confidence=0.8)
    for one in range(3):
        for other in range(2):
            whole = [torch.cat([batch[member] for batch in batches]) for member in (one, other + 1)]
            alone = cka(*whole, batch_size=9, confidence=0.8)
            for part in ("value", "low", "high"):
                assert getattr(found, part)[one, other] == pytest.approx(float(getattr(alone, part)))


def test_wrong_inputs_are_refused():
    with pytest.raises(
        ArgumentError, match=r"`activations` must have the shape .* at least 4 examples; got shape \(3, 2\)"
    ):
        centred_gram(torch.ones(3, 2))
    with pytest.raises(ArgumentError, match=r"`activations` must be finite; got NaN or an infinity"):
        centred_gram(torch.tensor([[1.0], [2.0], [float("nan")], [4.0]]))
    with pytest.raises(ArgumentError, match=r"`second` must be of 5 examples, as first is"):
        cka(torch.ones(5, 2), torch.ones(6, 2))
    with pytest.raises(ArgumentError, match=r"`batch_size` must be at least 4; got 3"):
        cka(torch.ones(5, 2), torch.ones(5, 2), batch_size=3)
    with pytest.raises(ArgumentError, match=r"`confidence` must lie between 0 and 1; got 1.5"):
        cka(rows(0, 5, 2), rows(0, 5, 2), confidence=1.5)
    with pytest.raises(ArgumentError, match=r"`batches` must be at least 1; got 0"):
        CkaTally().result()
    with pytest.raises(ArgumentError, match=r"`second` must be of 5 examples, as first is; got 6"):
        CkaTally().add(torch.ones(1, 5, 5), torch.ones(1, 6, 6))
