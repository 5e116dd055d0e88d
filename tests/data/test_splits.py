import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from modescape.core.errors import ArgumentError
from modescape.data import DataSettings
from modescape.data.contents import whole_part
from modescape.data.splits import set_aside, split_parts, stratified_choice


def part_of(count, *, origin="train", num_classes=3, mapped=False):
    inputs = torch.arange(float(count))[:, None].repeat(1, 2)
    return whole_part(inputs, torch.arange(count) % num_classes, origin, mapped=mapped)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.floats(0.0, 1.0), st.integers(0, 2**32))
def test_choice_keeps_the_share_of_each_class(labels, share, seed):
    labels = np.array(labels)
    count = round(share * len(labels))
    chosen = stratified_choice(labels, count, generator=np.random.default_rng(seed))
    assert len(set(chosen.tolist())) == count
    assert (np.diff(chosen) > 0).all()
    due = np.bincount(labels) * count / len(labels)
    assert (np.abs(np.bincount(labels[chosen], minlength=len(due)) - due) <= 2.0).all()


def test_choice_gives_classes_what_scikit_learn_gives_them():
    labels = np.repeat([0, 1, 2], [70, 20, 10])
    reference, _ = train_test_split(labels, train_size=30, stratify=labels, random_state=0)
    for seed in range(5):
        chosen = stratified_choice(labels, 30, generator=np.random.default_rng(seed))
        assert np.bincount(labels[chosen]).tolist() == np.bincount(reference).tolist()


def test_every_example_is_as_likely():
    labels = np.repeat([0, 1, 2], [9, 4, 1])
    generator = np.random.default_rng(0)
    hits = np.zeros(len(labels))
    for _ in range(4000):
        hits[stratified_choice(labels, 5, generator=generator)] += 1
    np.testing.assert_allclose(hits / 4000, 5 / 14, atol=0.06)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 30), st.randoms(use_true_random=False))
def test_setting_aside_in_place_is_the_same_sets_as_by_copy(count, random):
    chosen = torch.tensor(sorted(random.sample(range(count), random.randint(0, count))), dtype=torch.int64)
    by_copy = set_aside(part_of(count), chosen)
    part = part_of(count, mapped=True)
    in_place = set_aside(part, chosen)
    for copied, moved in zip(by_copy, in_place, strict=True):
        assert set(copied.rows.tolist()) == set(moved.rows.tolist())
        assert moved.inputs[:, 0].tolist() == moved.rows.tolist()
        assert torch.equal(moved.labels, moved.rows % 3)
    assert in_place[1].inputs.untyped_storage().data_ptr() == part.inputs.untyped_storage().data_ptr()


@settings(max_examples=40, deadline=None)
@given(st.integers(12, 80), st.booleans(), st.booleans(), st.booleans(), st.integers(0, 2**40))
def test_parts_never_overlap_and_none_is_lost(count, has_test, has_validation, mapped, seed):
    parts = {"train": part_of(count, mapped=mapped)}
    if has_test:
        parts["test"] = part_of(7, origin="test")
    if has_validation:
        parts["validation"] = part_of(5, origin="validation")
    split = split_parts(parts, DataSettings(), seed=seed)
    rows = [(part.origin, row) for part in split.values() for row in part.rows.tolist()]
    assert len(rows) == len(set(rows)) == count + 7 * has_test + 5 * has_validation
    assert set(split) == {"train", "validation", "test"}


@pytest.mark.parametrize(("count", "validation"), [(4999, 499), (5000, 500), (9000, 500), (12, 1), (5, 1)])
def test_default_number_of_validation_examples(count, validation):
    parts = {"train": part_of(count), "test": part_of(3, origin="test")}
    assert len(split_parts(parts, DataSettings(), seed=0)["validation"]) == validation


def test_own_validation_split_is_used_unless_a_number_is_asked_for():
    def origin(**values):
        parts = {"train": part_of(30), "test": part_of(3), "validation": part_of(6, origin="validation")}
        split = split_parts(parts, DataSettings(**values), seed=0)
        return split["validation"].origin, len(split["validation"]), len(split["train"])

    assert origin() == ("validation", 6, 30)
    assert origin(validation=4) == ("train", 4, 26)


def test_limits_come_after_validation_and_do_not_change_it():
    def rows(**values):
        parts = {"train": part_of(100), "test": part_of(50, origin="test")}
        split = split_parts(parts, DataSettings(validation=20, **values), seed=5)
        return {name: set(part.rows.tolist()) for name, part in split.items()}

    full, limited = rows(), rows(limit=30, test_limit=9)
    assert limited["validation"] == full["validation"]
    assert limited["train"] < full["train"]
    assert limited["test"] < full["test"]
    assert (len(limited["train"]), len(limited["test"])) == (30, 9)


def test_seed_decides():
    def rows(seed):
        return split_parts({"train": part_of(60)}, DataSettings(test_fraction=0.4), seed=seed)["test"].rows.tolist()

    assert rows(1) == rows(1)
    assert rows(1) != rows(2)
    assert len(rows(1)) == 24


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"validation": 20}, "`validation` must leave at least one of the 20 training examples; got 20 of 20. Ask for"),
        ({"limit": 19}, "`limit` must be at most 18, the number of training examples; got 19. Pass at most 18"),
        ({"test_limit": 5}, "`test_limit` must be at most 4, the number of test examples; got 5. Pass at most 4"),
    ],
)
def test_more_than_there_is(values, message):
    with pytest.raises(ArgumentError, match=message):
        split_parts({"train": part_of(20), "test": part_of(4)}, DataSettings(**values), seed=0)


def test_too_few_examples_to_split():
    with pytest.raises(ArgumentError, match=r"`validation` must leave at least one .*Pass more training examples"):
        split_parts({"train": part_of(1), "test": part_of(4)}, DataSettings(), seed=0)
