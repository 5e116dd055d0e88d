import numpy as np
import pytest
import torch

from modescape.core.errors import ArgumentError, DataError
from modescape.data.held_out import held_classes

NAMES = ("ant", "bee", "cat", "dog")


@pytest.fixture
def source(tmp_path, make):
    """Four classes, a third test images; the first pixel tells the class."""
    for split, count in (("train", 80), ("test", 24)):
        pixels, labels = make.coloured(count, seed=count), np.arange(count) % 4
        pixels[:, 0, 0, 0] = labels
        make.write_image_parquet(tmp_path / "set" / f"{split}.parquet", pixels, labels.tolist(), names=NAMES)
    return f"parquet:{tmp_path / 'set'}"


def classes_in(examples):
    return set(examples.inputs[:, 0, 0, 0].tolist())


@pytest.mark.parametrize("held_out", ["bee,dog", "3, 1", "1,dog"])
def test_no_split_holds_them(source, load, held_out):
    dataset = load(source, held_out=held_out, validation=12)
    assert dataset.classes == ("ant", "cat")
    for split in (dataset.train, dataset.validation, dataset.test):
        assert classes_in(split) == {0, 2}
        assert torch.equal(split.labels, split.inputs[:, 0, 0, 0].long() // 2)
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (28, 12, 12)


def test_their_test_examples_are_kept(source, load):
    dataset = load(source, held_out="bee,dog")
    assert dataset.held_out_classes == ("bee", "dog")
    assert classes_in(dataset.held_out) == {1, 3}
    assert torch.equal(dataset.held_out.labels, dataset.held_out.inputs[:, 0, 0, 0].long() // 2)
    whole = load(source).test
    for kept in (dataset.held_out, dataset.test):
        assert (kept.rows.diff() > 0).all()
        assert torch.equal(kept.inputs, whole.inputs[kept.rows])
    assert sorted([*dataset.held_out.rows.tolist(), *dataset.test.rows.tolist()]) == list(range(24))


def test_rows_say_where_examples_come_from(source, load):
    whole, part = load(source).test, load(source, held_out="ant", test_limit=7, limit=20).test
    assert torch.equal(part.inputs, whole.inputs[part.rows])


def test_without_a_test_split_all_of_them_are_kept(load):
    dataset = load("digits", held_out="3")
    assert len(dataset.held_out) == 183
    assert sum(len(split) for split in (dataset.train, dataset.validation, dataset.test)) == 1797 - 183
    assert dataset.classes == tuple("012456789")
    assert int(dataset.train.labels.max()) == 8


def test_nothing_is_held_out_unless_asked(load):
    dataset = load("digits")
    assert dataset.held_out is None
    assert dataset.held_out_classes == ()


def test_the_fingerprint_knows(source, load):
    prints = [load(source, held_out=classes).fingerprint for classes in (None, "ant", "bee", "ant,bee")]
    assert len(set(prints)) == 4
    assert load(source, held_out="bee, ant").fingerprint == prints[3]


def test_a_name_goes_before_a_number():
    assert held_classes("1", ["7", "1", "0"]) == [1]
    assert held_classes("0", ["7", "1", "0"]) == [2]
    assert held_classes("2", ["7", "1", "0"]) == [2]


@pytest.mark.parametrize("word", ["eel", "4", "-1", "", "ant;bee"])
def test_unknown_class(source, load, word):
    rule = r"`held_out` must name classes of the data \(ant, bee, cat, dog\), or give their numbers from 0"
    with pytest.raises(ArgumentError, match=rf"{rule}; got '{word}'. Put commas between them"):
        load(source, held_out=f"ant,{word}")


def test_two_classes_must_stay(source, load):
    with pytest.raises(
        ArgumentError, match=r"`held_out` must leave at least two classes.*; got 3 of 4. Hold out fewer"
    ):
        load(source, held_out="0,1,2")


def written(path, train, test):
    inputs = {f"x_{split}": np.zeros((len(labels), 2)) for split, labels in (("train", train), ("test", test))}
    np.savez(path, **inputs, y_train=train, y_test=test)
    return f"npz:{path}"


def test_classes_without_test_examples(tmp_path, load):
    with pytest.raises(DataError, match=r"The test split has no examples of the classes held out, 2. Hold out others"):
        load(written(tmp_path / "a.npz", [0, 1, 2], [0, 1]), held_out="2")


def test_a_split_that_would_be_empty(tmp_path, load):
    with pytest.raises(DataError, match=r"The test split holds only the classes that are held out. Hold out others"):
        load(written(tmp_path / "a.npz", [0, 1, 2], [2, 2]), held_out="2")
