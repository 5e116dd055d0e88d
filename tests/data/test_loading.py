import numpy as np
import pytest
import torch

from modescape.core.errors import ArgumentError
from modescape.data import Dataset


@pytest.fixture
def source(tmp_path, make):
    for split, count in (("train", 60), ("test", 20)):
        path = tmp_path / "set" / f"{split}.parquet"
        make.write_image_parquet(path, make.coloured(count, seed=count), [0, 1] * (count // 2))
    return f"parquet:{tmp_path / 'set'}"


def images_of(examples):
    return {image.contiguous().numpy().tobytes() for image in examples.inputs}


@pytest.mark.parametrize("settings", [{}, {"limit": 30}, {"validation": 25, "test_limit": 5}, {"image_size": 4}])
def test_same_seed_same_data(source, load, settings):
    first, second = load(source, seed=3, **settings), load(source, seed=3, **settings)
    assert first.fingerprint == second.fingerprint
    for split in ("train", "validation", "test"):
        assert torch.equal(getattr(first, split).inputs, getattr(second, split).inputs)
        assert torch.equal(getattr(first, split).labels, getattr(second, split).labels)
    sets = [images_of(getattr(first, split)) for split in ("train", "validation", "test")]
    assert sum(map(len, sets)) == len(set.union(*sets))


def test_fingerprint_differs_exactly_when_the_numbers_do(source, load):
    base = load(source)
    assert load(source, validation=6, test_limit=20, augment="crop-flip").fingerprint == base.fingerprint
    changes = [
        {"limit": 20},
        {"test_limit": 3},
        {"validation": 7},
        {"image_size": 4},
        {"scaling": "standard"},
        {"seed": 1},
    ]
    prints = [load(source, **change).fingerprint for change in changes]
    assert len({base.fingerprint, *prints}) == len(changes) + 1
    assert all(len(value) == 64 for value in prints)


def test_limit_and_own_test_split_do_not_depend_on_each_other(source, load):
    base, other = load(source, seed=0), load(source, seed=1)
    assert torch.equal(base.test.inputs, other.test.inputs)
    assert not torch.equal(base.validation.inputs, other.validation.inputs)


def test_training_images_are_mapped_not_copied(source, load):
    dataset = load(source)
    whole = dataset.train.inputs.untyped_storage().nbytes()
    assert whole == 60 * 6 * 5 * 3
    assert dataset.validation.inputs.untyped_storage().data_ptr() == dataset.train.inputs.untyped_storage().data_ptr()


@pytest.mark.parametrize("again", [False, True])
def test_standard_scaling_is_of_the_training_examples_alone(source, load, again):
    if again:
        load(source, scaling="standard", limit=33)
    dataset = load(source, scaling="standard", limit=33)
    prepared = dataset.prepare(dataset.train.inputs).double().numpy()
    np.testing.assert_allclose(prepared.mean((0, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(prepared.std((0, 2, 3)), 1, atol=1e-5)


def test_unit_scaling(source, load):
    dataset = load(source)
    assert isinstance(dataset, Dataset)
    torch.testing.assert_close(dataset.prepare(dataset.test.inputs), dataset.test.inputs.float() / 255)


@pytest.mark.parametrize("text", ["cifar", "parquet:", "folder", "", "a b:c", "data:", ":f", "C:\\data"])
def test_unknown_source_lists_the_forms(load, text):
    message = (
        r"`source` must be one of digits, cifar10, cifar100, mnist, fashion-mnist, parquet:DIR, folder:DIR, npz:FILE"
    )
    with pytest.raises(ArgumentError, match=message):
        load(text)


def test_negative_seed(load):
    with pytest.raises(ArgumentError, match=r"`seed` must be at least 0; got -1"):
        load("digits", seed=-1)
