import numpy as np
import pytest
import torch

from modescape.core.errors import ArgumentError, DataError
from modescape.data.contents import Contents, whole_part
from modescape.data.kept_classes import kept_classes, with_classes

NAMES = ("ant", "bee", "cat", "dog")


@pytest.fixture
def source(tmp_path, make):
    """Four classes, the first pixel tells the class."""
    for split, count in (("train", 80), ("test", 24)):
        pixels, labels = make.coloured(count, seed=count), np.arange(count) % 4
        pixels[:, 0, 0, 0] = labels
        make.write_image_parquet(tmp_path / "set" / f"{split}.parquet", pixels, labels.tolist(), names=NAMES)
    return f"parquet:{tmp_path / 'set'}"


@pytest.mark.parametrize("chosen", ["dog,ant,bee", "3, 0,1", "1,dog,0,dog"])
def test_every_split_holds_these_only(source, load, chosen):
    dataset = load(source, only_classes=chosen, validation=12)
    assert dataset.classes == ("ant", "bee", "dog")
    for split in (dataset.train, dataset.validation, dataset.test):
        told = split.inputs[:, 0, 0, 0].long()
        assert set(told.tolist()) == {0, 1, 3}
        assert torch.equal(split.labels, told.clamp(max=2))
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (48, 12, 18)
    assert dataset.held_out is None


def test_rows_say_where_examples_come_from(source, load):
    whole, part = load(source).test, load(source, only_classes="bee,cat").test
    assert (part.rows.diff() > 0).all()
    assert torch.equal(part.inputs, whole.inputs[part.rows])
    train, some = load(source).train, load(source, only_classes="bee,cat", limit=20).train
    first = {int(row): image for row, image in zip(train.rows, train.inputs, strict=True)}
    shared = [(row, image) for row, image in zip(some.rows.tolist(), some.inputs, strict=True) if row in first]
    assert len(shared) > 10
    assert all(torch.equal(first[row], image) for row, image in shared)


def test_of_the_classes_kept_some_may_be_held_out(source, load):
    dataset = load(source, only_classes="ant,bee,dog", held_out="dog")
    assert dataset.classes == ("ant", "bee")
    assert dataset.held_out_classes == ("dog",)
    assert set(dataset.held_out.inputs[:, 0, 0, 0].tolist()) == {3}
    with pytest.raises(ArgumentError, match=r"`held_out` must name classes of the data \(ant, bee, dog\)"):
        load(source, only_classes="ant,bee,dog", held_out="cat")


def test_the_fingerprint_knows(source, load):
    prints = [load(source, only_classes=chosen).fingerprint for chosen in (None, "ant,bee", "ant,cat", "0,1,2,3")]
    assert len(set(prints)) == 3
    assert prints[0] == prints[3]
    assert load(source, only_classes="bee, ant").fingerprint == prints[1]


def test_without_a_test_split_one_is_drawn_from_these(load):
    dataset = load("digits", only_classes="3,5,7")
    assert dataset.classes == ("3", "5", "7")
    assert sum(len(split) for split in (dataset.train, dataset.validation, dataset.test)) == 183 + 182 + 179


def test_a_name_goes_before_a_number():
    assert kept_classes("1,0", ["7", "1", "0"]) == [1, 2]


@pytest.mark.parametrize("word", ["eel", "4", "-1", "", "ant;bee"])
def test_unknown_class(word):
    rule = r"`only_classes` must name classes of the data \(ant, bee, cat, dog\), or give their numbers from 0"
    with pytest.raises(ArgumentError, match=rf"{rule}; got '{word}'. Put commas between them"):
        kept_classes(f"ant,{word}", NAMES)


def test_one_class_is_no_choice():
    with pytest.raises(ArgumentError, match=r"`only_classes` must name at least two classes; got 1. Add another class"):
        kept_classes("ant,0", NAMES)


def test_a_split_without_them():
    parts = {
        split: whole_part(torch.zeros(len(labels), 1), torch.tensor(labels), split)
        for split, labels in (("train", [0, 1, 2]), ("test", [2, 2]))
    }
    with pytest.raises(DataError, match=r"The test split has no example of the classes chosen by only_classes. Choose"):
        with_classes(Contents("toy", ("a", "b", "c"), parts, digest="0"), "a,b")
