import pickle

import numpy as np
import pytest
import torch

from modescape.core.errors import ArgumentError, DataError


def numbers(*shape, dtype=np.uint8):
    return np.random.default_rng(0).integers(0, 200, shape).astype(dtype)


LABELS = np.array([0, 1, 2] * 10)


def test_keras_names(tmp_path, load):
    images = numbers(30, 6, 5, 3)
    np.savez(tmp_path / "a.npz", x_train=images, y_train=LABELS[:, None], x_test=images[:6], y_test=LABELS[:6])
    dataset = load(f"npz:{tmp_path / 'a.npz'}")
    assert (dataset.name, dataset.input_shape, dataset.train.inputs.dtype) == ("a", (3, 6, 5), torch.uint8)
    assert [len(part) for part in (dataset.train, dataset.validation, dataset.test)] == [27, 3, 6]
    np.testing.assert_array_equal(dataset.test.inputs.permute(0, 2, 3, 1), images[:6])


@pytest.mark.parametrize("names", ["x_val y_val", "X_VALIDATION y_validation"])
def test_own_validation_split(tmp_path, load, names):
    inputs, labels = names.split()
    arrays = {"X_train": numbers(30, 4), "Y_train": LABELS, inputs: numbers(6, 4), labels: LABELS[:6]}
    np.savez(tmp_path / "a.npz", **arrays)
    assert len(load(f"npz:{tmp_path / 'a.npz'}").validation) == 6


def test_medmnist_names(tmp_path, load):
    arrays = {}
    for split, count in (("train", 30), ("val", 6), ("test", 9)):
        arrays |= {f"{split}_images": numbers(count, 6, 6), f"{split}_labels": LABELS[:count, None]}
    np.savez_compressed(tmp_path / "a.npz", **arrays)
    dataset = load(f"npz:{tmp_path / 'a.npz'}")
    assert [len(part) for part in (dataset.train, dataset.validation, dataset.test)] == [30, 6, 9]


@pytest.mark.parametrize("names", [("X", "y"), ("inputs", "labels"), ("data", "targets"), ("x", "label")])
def test_arrays_alone_with_words(tmp_path, load, names):
    inputs, labels = numbers(30, 4, dtype=np.float64) / 7, np.array(["c", "a", "b"] * 10)
    np.savez(tmp_path / "a.npz", **dict(zip(names, (inputs, labels), strict=True)))
    dataset = load(f"npz:{tmp_path / 'a.npz'}")
    assert (dataset.classes, dataset.input_shape, len(dataset.test)) == (("a", "b", "c"), (4,), 8)


def test_label_name(tmp_path, load):
    np.savez(tmp_path / "a.npz", x=numbers(30, 4), y=np.zeros(30, dtype=int), Kind=LABELS)
    assert load(f"npz:{tmp_path / 'a.npz'}", label_column="Kind").num_classes == 3
    with pytest.raises(ArgumentError, match=r"`label_column` must be one of the columns y, Kind; got 'nope'"):
        load(f"npz:{tmp_path / 'a.npz'}", label_column="nope")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["x_train", "y_train", "x_test"], "holds x_test but not both of x_test and y_test. Add the other"),
        (["x_test", "y_test"], "holds no x_train and y_train, only x_test, y_test"),
        (["a", "b"], "holds no inputs under a known name, only a, b. Name them x_train"),
        ([], "holds no inputs under a known name, only nothing"),
    ],
)
def test_names_that_are_missing(tmp_path, load, names, message):
    np.savez(tmp_path / "a.npz", **dict.fromkeys(names, LABELS))
    with pytest.raises(DataError, match=message):
        load(f"npz:{tmp_path / 'a.npz'}")


def test_label_name_with_splits(tmp_path, load):
    np.savez(tmp_path / "a.npz", x_train=numbers(30, 4), y_train=LABELS)
    with pytest.raises(ArgumentError, match=r"`label_column` must be left unset where y_train is there; got 'kind'"):
        load(f"npz:{tmp_path / 'a.npz'}", label_column="kind")


def test_pickled_objects_are_never_loaded(tmp_path, load):
    np.savez(tmp_path / "a.npz", x=numbers(30, 4), y=np.array([None] * 30, dtype=object))
    with pytest.raises(DataError, match=r"can't be read as a NumPy archive \(Object arrays cannot be loaded"):
        load(f"npz:{tmp_path / 'a.npz'}")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"text", pickle.dumps([1])])
def test_files_that_are_no_archive(tmp_path, load, content):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"a.npz can't be read as a NumPy archive \(.+\). Write it again") as caught:
        load(f"npz:{tmp_path / 'a.npz'}")
    assert "\n" not in str(caught.value)


def test_a_single_array(tmp_path, load):
    np.save(tmp_path / "a.npy", LABELS)
    with pytest.raises(DataError, match=r"a.npy can't be read as a NumPy archive"):
        load(f"npz:{tmp_path / 'a.npy'}")


def test_truncated_archive(tmp_path, load):
    np.savez(tmp_path / "a.npz", x=numbers(300, 40), y=np.arange(300) % 3)
    content = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "a.npz").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=r"can't be read as a NumPy archive"):
        load(f"npz:{tmp_path / 'a.npz'}")


def test_missing_file(tmp_path, load):
    with pytest.raises(DataError, match=r"There is no file .*a.npz. Check the path after npz:"):
        load(f"npz:{tmp_path / 'a.npz'}")
