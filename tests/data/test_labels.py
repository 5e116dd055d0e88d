import numpy as np
import pytest
import torch

from modescape.core.errors import DataError
from modescape.data.labels import encoded_labels


def test_whole_numbers_are_kept():
    classes, encoded = encoded_labels({"train": np.array([2, 0, 2, 1], dtype=np.uint8), "test": [1]})
    assert classes == ("0", "1", "2")
    assert encoded["train"].tolist() == [2, 0, 2, 1]
    assert encoded["test"].dtype == torch.int64


@pytest.mark.parametrize("labels", [[[1], [0]], torch.tensor([1, 0]), [True, False], torch.tensor([[1], [0]])])
def test_columns_tensors_and_truth_values(labels):
    assert encoded_labels({"train": labels})[1]["train"].tolist() == [1, 0]


def test_words_are_sorted_whatever_their_array():
    for labels in (["b", "a", "c"], np.array(["b", "a", "c"]), np.array(["b", "a", "c"], dtype=object)):
        classes, encoded = encoded_labels({"train": labels})
        assert (classes, encoded["train"].tolist()) == (("a", "b", "c"), [1, 0, 2])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, -1], "Example 1 of the train split has the negative label -1. Count classes from 0"),
        ([0, 1, 7], "Example 2 of the train split has the label 7, but there are only 3 examples"),
        ([0.0, 1.0], "must be whole numbers or words; got float64. Convert"),
        ([0.0, np.nan], "Example 1 of the train split has the label nan. Correct it"),
        (np.array([1, None], dtype=object), "Example 1 of the train split has no label"),
        (np.array([1, "a"], dtype=object), "must be whole numbers or words; got object"),
        ([], "The train split holds no examples"),
        ([[0, 1], [1, 0]], r"must be one-dimensional; got shape \(2, 2\).*argmax"),
        ([1, 1, 1], "All training examples are of one class, '1'"),
        (["a", "a"], "All training examples are of one class, 'a'"),
    ],
)
def test_bad_training_labels(labels, message):
    with pytest.raises(DataError, match=message):
        encoded_labels({"train": labels})


@pytest.mark.parametrize(
    ("train", "test", "classes", "message"),
    [
        ([0, 1], [2], None, "Example 0 of the test split has the label 2, but there are 2 classes: 0, 1"),
        ([0, 2], [0], ("x", "y"), "Example 1 of the train split has the label 2, but there are 2 classes: x, y"),
        (
            ["a", "b"],
            ["a", "c"],
            None,
            "Example 1 of the test split has the label 'c', which no training example has: a, b",
        ),
    ],
)
def test_labels_outside_the_classes(train, test, classes, message):
    with pytest.raises(DataError, match=message):
        encoded_labels({"train": train, "test": test}, classes)
