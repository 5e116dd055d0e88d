"""Knowing examples again, and no false alarms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from combine.samples import informed, members
from modescape.combine import fingerprint


def shared(first, second, *, inputs=(None, None)):
    found = fingerprint(first, inputs[0]).shares(fingerprint(second, inputs[1]))
    assert fingerprint(second, inputs[1]).shares(fingerprint(first, inputs[0])) == found
    return found


def votes(seed, examples, num_members=3, classes=10, skill=0.85):
    """One-hot answers of members that are mostly right."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(classes, size=examples)
    others = generator.integers(classes, size=(num_members, examples))
    return np.eye(classes)[np.where(generator.random((num_members, examples)) < skill, labels, others)]


@pytest.mark.parametrize("number", [2, 15, 200])
@pytest.mark.parametrize("shape", [(1, 2), (5, 3)])
def test_the_same_examples_are_known_again(number, shape):
    first = members(1, shape[0], number, shape[1])
    order = np.random.default_rng(2).permutation(number)
    assert shared(first, first)
    assert shared(first, first[:, order])
    assert shared(first, first.astype(np.float32))


@pytest.mark.parametrize("number", [30, 400])
def test_parts_and_supersets_are_known_again(number):
    first, others = members(3, 4, number), members(4, 4, 5000)
    assert shared(first, first[:, : number // 2])
    assert shared(first, np.concatenate([others, first], axis=1))
    assert shared(first, np.concatenate([others, first[:, : 2 * number // 3]], axis=1))
    # A few in common are no accident of the user's.
    assert not shared(first, np.concatenate([others, first[:, : number // 3]], axis=1))


def test_duplicates_do_not_hide_examples_and_files_with_fewer_digits_are_known():
    first = members(5, 4, 200)
    assert shared(np.repeat(first, 2, axis=1), np.tile(first, (1, 3, 1)))
    assert shared(first, np.round(first, 6))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), number=st.sampled_from([5, 60, 500]), skill=st.sampled_from([0.2, 0.9, 1.0]))
def test_votes_that_coincide_by_chance_are_no_alarm(seed, number, skill):
    assert not shared(votes(seed, number, skill=skill), votes(seed + 1, 3000, skill=skill))
    assert not shared(votes(seed, number, skill=skill), votes(seed + 1, number, skill=skill))


def test_the_same_votes_are_known_where_that_is_no_chance():
    first = votes(6, 500)
    assert shared(first, first)
    assert shared(first, first[:, np.random.default_rng(7).permutation(500)])
    # Four votes that are the same are no wonder.
    assert not shared(votes(6, 4, classes=2, skill=1.0), votes(6, 4, classes=2, skill=1.0))


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6), trees=st.sampled_from([3, 10, 100]), classes=st.sampled_from([2, 5]))
def test_small_forests_are_no_alarm(seed, trees, classes):
    generator = np.random.default_rng(seed)
    forests = [
        generator.multinomial(trees, [0.6, *[0.4 / (classes - 1)] * (classes - 1)], size=(2, n)) / trees
        for n in (100, 4000)
    ]
    assert not shared(*forests)


def test_sure_members_are_no_alarm_and_are_known_again():
    sure, _ = informed(8, [60.0, 60.0, 50.0], 2000)
    sure = sure.astype(np.float32)
    assert (sure == 1.0).any()
    assert not shared(sure[:, :300], sure[:, 300:])
    assert shared(sure[:, :300], sure[:, 100:])


def test_constant_members_are_no_alarm():
    constant = np.full((3, 50, 4), 0.25)
    constant[0] = np.eye(4)[0]
    assert not shared(constant[:, :20], constant)


def test_inputs_tell_examples_where_votes_do_not():
    images = np.random.default_rng(9).integers(256, size=(400, 8, 8), dtype=np.uint8)
    first, second = votes(10, 100), votes(11, 300)
    assert not shared(first, second, inputs=(images[:100], images[100:]))
    assert shared(first, second, inputs=(images[:100], images[:300]))
    # Few different inputs, as of a table with one column, coincide by chance.
    table = np.random.default_rng(12).integers(5, size=(400, 1))
    assert not shared(first, second, inputs=(table[:100], table[100:]))
