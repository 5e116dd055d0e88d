import sys

import pytest
import torch

from modescape.core.errors import ArgumentError, DataError
from modescape.data import Dataset, Examples

MODULE = """
import numpy as np
import torch
from modescape.core.errors import ArgumentError
from modescape.data import Dataset, Examples

x = np.arange(120.0).reshape(30, 4)
y = np.arange(30) % 3

def pair():
    return x, torch.from_numpy(y)

def four():
    return x, y, x[:6] + 1000, y[:6]

def keras():
    return (x, y), (x[:6] + 1000, y[:6])

def named():
    return {"x_train": torch.from_numpy(x), "y_train": y, "X_test": x[:6], "y_test": y[:6], "classes": ["a", "b", "c"]}

def dataset():
    def part(start, count):
        return Examples(torch.arange(start, start + count).float()[:, None], torch.arange(count) % 2)
    scaling = torch.tensor(5.0), torch.tensor(0.5)
    return Dataset("mine", ("low", "high"), part(0, 20), part(100, 6), part(200, 8), *scaling, "")

def triple():
    return x, y, x

def nothing():
    return None

def fails():
    raise ValueError("no disk\\nsecond line")

def refuses():
    raise ArgumentError("depth", "be odd", 2, "Pass 3")

constant = 3
"""


@pytest.fixture(autouse=True)
def module(tmp_path, monkeypatch):
    (tmp_path / "own_data_example.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "needs_other.py").write_text("import not_there_at_all", encoding="utf-8")
    (tmp_path / "broken_module.py").write_text("1 / 0", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    yield
    for name in ("own_data_example", "needs_other", "broken_module"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(("function", "sizes"), [("pair", [20, 2, 8]), ("four", [27, 3, 6]), ("keras", [27, 3, 6])])
def test_tuples(load, function, sizes):
    path = list(sys.path)
    dataset = load(f"own_data_example:{function}")
    assert [len(part) for part in (dataset.train, dataset.validation, dataset.test)] == sizes
    assert dataset.classes == ("0", "1", "2")
    assert sys.path == path
    if function != "pair":
        assert dataset.test.inputs[0].tolist() == [1000, 1001, 1002, 1003]


def test_dict_with_class_names(load):
    dataset = load("own_data_example:named")
    assert (dataset.name, dataset.classes) == ("own_data_example:named", ("a", "b", "c"))
    assert len(dataset.test) == 6


def test_dataset_keeps_its_splits_and_scaling(load):
    dataset = load("own_data_example:dataset")
    assert (dataset.name, dataset.classes) == ("mine", ("low", "high"))
    assert [len(part) for part in (dataset.train, dataset.validation, dataset.test)] == [20, 6, 8]
    assert dataset.prepare(torch.tensor([[7.0]])).item() == 1.0


def test_dataset_with_settings(load):
    dataset = load("own_data_example:dataset", limit=10, test_limit=4, scaling="standard")
    assert [len(part) for part in (dataset.train, dataset.validation, dataset.test)] == [10, 6, 4]
    assert dataset.shift.item() == pytest.approx(dataset.train.inputs.mean().item())


def test_arrays_of_the_user_are_never_changed(load):
    first = load("own_data_example:pair")
    assert load("own_data_example:pair").fingerprint == first.fingerprint


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("not_here:f", "There is no module 'not_here' in .* or among the installed packages. Run from the folder"),
        ("own_data_example.below:f", "There is no module 'own_data_example.below'"),
        ("needs_other:f", "Module 'needs_other' imports 'not_there_at_all', which is not there. Install it"),
        ("broken_module:f", "Importing module 'broken_module' raised ZeroDivisionError: division by zero"),
        ("own_data_example:nope", "Module 'own_data_example' has no function 'nope'; it has .*pair, four"),
        ("own_data_example:constant", "Module 'own_data_example' has no function 'constant'"),
        ("own_data_example:fails", "own_data_example:fails raised ValueError: no disk. Call it in Python"),
        ("own_data_example:triple", r"triple must return a Dataset, \(x, y\), .*; got tuple of 3"),
        ("own_data_example:nothing", r"nothing must return a Dataset, .*; got NoneType"),
    ],
)
def test_what_can_go_wrong(load, place, message):
    with pytest.raises(DataError, match=message) as caught:
        load(place)
    assert "\n" not in str(caught.value)


def test_errors_of_modescape_pass_through(load):
    with pytest.raises(ArgumentError, match=r"`depth` must be odd; got 2. Pass 3"):
        load("own_data_example:refuses")


def test_empty_validation_means_none(load, monkeypatch):
    examples = Examples(torch.arange(20.0)[:, None], torch.arange(20) % 2)
    empty = Examples(torch.zeros(0, 1), torch.zeros(0, dtype=torch.int64))
    one = torch.tensor(1.0)
    dataset = Dataset("mine", ("low", "high"), examples, empty, examples, one, one, "")
    load("own_data_example:pair")
    monkeypatch.setattr(sys.modules["own_data_example"], "pair", lambda: dataset)
    assert len(load("own_data_example:pair").validation) == 2
