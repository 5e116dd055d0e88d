import torch
from sklearn.datasets import load_digits


def test_same_as_scikit_learn(load):
    dataset = load("digits", test_fraction=0.1, validation=100)
    assert [len(part) for part in (dataset.train, dataset.validation, dataset.test)] == [1517, 100, 180]
    assert dataset.classes == tuple("0123456789")
    assert dataset.train.inputs.dtype == torch.float32
    pixels, labels = load_digits(return_X_y=True)
    known = {(tuple(row.tolist()), label) for row, label in zip(pixels, labels.tolist(), strict=True)}
    for part in (dataset.train, dataset.validation, dataset.test):
        rows = (part.inputs.flatten(1) * 16).tolist()
        assert {(tuple(row), label) for row, label in zip(rows, part.labels.tolist(), strict=True)} <= known


def test_image_size(load):
    assert load("digits", image_size=12).input_shape == (1, 12, 12)
