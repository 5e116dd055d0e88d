import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modescape.core.errors import ArgumentError
from modescape.evaluate import richness


def members_of(sizes):
    return np.repeat(np.arange(len(sizes)), sizes)


def test_chao1_and_its_interval_are_the_published_formulas():
    found = richness(members_of([5, 3, 2, 2, 1, 1, 1, 1]), confidence=0.9)
    f1, f2, seen = 4, 2, 8
    unseen = f1 * (f1 - 1) / (2 * (f2 + 1))
    variance = unseen + f1 * (2 * f1 - 1) ** 2 / (4 * (f2 + 1) ** 2) + f1**2 * f2 * (f1 - 1) ** 2 / (4 * (f2 + 1) ** 4)
    k = np.exp(1.6448536269514722 * np.sqrt(np.log(1 + variance / unseen**2)))
    assert (found.num_members, found.num_modes, found.singletons, found.doubletons) == (16, 8, 4, 2)
    assert found.chao1 == pytest.approx(10.0)
    assert (found.chao1_low, found.chao1_high) == pytest.approx((seen + unseen / k, seen + unseen * k))
    assert found.coverage == pytest.approx(0.75)
    half = 1.6448536269514722 * np.sqrt(f1 * 0.75 + 2 * f2) / 16
    assert (found.coverage_low, found.coverage_high) == pytest.approx((0.75 - half, min(1.0, 0.75 + half)))


def test_without_doubletons():
    found = richness(members_of([4, 3, 1, 1, 1]))
    unseen = 3.0
    variance = 3 * 2 / 2 + 3 * 5**2 / 4 - 3**4 / (4 * 8)
    k = np.exp(1.959963984540054 * np.sqrt(np.log(1 + variance / unseen**2)))
    assert (found.chao1, found.chao1_low, found.chao1_high) == pytest.approx((8.0, 5 + 3 / k, 5 + 3 * k))


def test_nothing_unseen_is_expected_where_all_were_found_again():
    found = richness(members_of([4, 4, 4]))
    assert (found.chao1, found.chao1_low, found.coverage) == (3.0, 3.0, 1.0)
    assert 3.0 < found.chao1_high < 5.0
    assert found.coverage_low < found.coverage_high == 1.0


@pytest.mark.parametrize(("number", "confidence"), [(2, 0.95), (5, 0.9), (10, 0.95), (40, 0.8)])
def test_where_nothing_was_found_again_there_is_a_lower_bound_only(number, confidence):
    found = richness(range(number), confidence=confidence)
    assert found.chao1 == found.chao1_high == np.inf

    def all_different(modes):
        return np.prod(1 - np.arange(number) / modes)

    assert all_different(found.chao1_low) >= 1 - confidence > all_different(found.chao1_low - 1)
    assert found.coverage == 0.0 < found.coverage_high


def test_one_member_says_nothing():
    found = richness([7])
    assert (found.num_modes, found.chao1, found.chao1_low) == (1, np.inf, 1.0)


def test_the_interval_holds_the_number_of_equal_modes_nearly_as_often_as_stated():
    generator = np.random.default_rng(0)
    found = [richness(generator.integers(20, size=40)) for _ in range(300)]
    assert np.mean([each.chao1 for each in found]) == pytest.approx(20, abs=1.5)
    assert np.mean([each.chao1_low <= 20 <= each.chao1_high for each in found]) > 0.82
    coverage = np.mean([each.coverage for each in found])
    assert coverage == pytest.approx(1 - (1 - 1 / 20) ** 40, abs=0.02)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=15), st.randoms())
def test_numbers_of_modes_and_the_order_of_members_do_not_matter(modes, random):
    shuffled = [10 * mode + 3 for mode in modes]
    random.shuffle(shuffled)
    found = richness(modes)
    assert richness(shuffled) == found
    assert found.chao1_low <= found.chao1 <= found.chao1_high
    assert found.num_modes <= found.chao1


def test_bad_input():
    with pytest.raises(ArgumentError, match=r"`modes` must be whole numbers, one for each of at least one member"):
        richness([])
    with pytest.raises(ArgumentError, match=r"`modes` must be whole numbers.*; got float64 of shape"):
        richness([0.5, 1.0])
    with pytest.raises(ArgumentError, match=r"`confidence` must lie strictly between 0 and 1"):
        richness([0], confidence=0.0)
