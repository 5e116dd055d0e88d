from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from modescape.core.errors import DataError
from modescape.studies.compared.blocks import array_blocks, file_blocks
from modescape.studies.compared.files import read_labels, read_predictions

TABLE = np.array([[0.25, 0.75], [0.5, 0.5], [1.0, 0.0]])


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.mark.parametrize("suffix", ["npy", "npz", "csv", "parquet", "pt", "tsv"])
def test_every_kind_of_file_gives_the_same_numbers(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    frame = pd.DataFrame(TABLE, columns=["cat", "dog"])
    {
        "npy": lambda: np.save(path, TABLE),
        "npz": lambda: np.savez(path, TABLE),
        "csv": lambda: frame.to_csv(path),
        "tsv": lambda: frame.to_csv(path, sep="\t", index=False),
        "parquet": lambda: frame.to_parquet(path),
        "pt": lambda: torch.save(torch.tensor(TABLE), path),
    }[suffix]()
    [block] = file_blocks(path, "auto")
    assert block.member_names == ["a"]
    np.testing.assert_allclose(next(iter(block.each())), TABLE)
    assert block.classes == (("cat", "dog") if suffix in ("csv", "tsv", "parquet") else None)


def test_many_members_in_one_file(tmp_path):
    np.save(tmp_path / "a.npy", np.stack([TABLE, TABLE[::-1]]))
    [block] = file_blocks(tmp_path / "a.npy", "auto")
    assert (block.member_names, block.group) == (["a/0", "a/1"], "a")
    np.savez(tmp_path / "b.npz", adam=TABLE, sgd=TABLE[::-1], y=np.array([0, 1, 0]))
    blocks = file_blocks(tmp_path / "b.npz", "auto")
    assert [block.member_names for block in blocks] == [["b/adam"], ["b/sgd"]]
    assert blocks[0].truth.tolist() == [0, 1, 0]
    np.save(tmp_path / "c.npy", np.array([[0, 1, 1], [1, 1, 0]]))
    [block] = file_blocks(tmp_path / "c.npy", "labels")
    assert [row.tolist() for row in block.each()] == [[0, 1, 1], [1, 1, 0]]


def test_columns_are_known_by_their_names(tmp_path):
    text = "id,cat,dog,prediction,label\n7,0.9,0.1,cat,cat\n8,0.2,0.8,dog,cat\n"
    found = read_predictions(written(tmp_path / "a.csv", text))
    assert found.classes == ("cat", "dog")
    assert (found.numbers.tolist(), found.truth.tolist()) == ([7, 8], ["cat", "cat"])
    found = read_predictions(written(tmp_path / "b.csv", "id,label\n7,2\n8,0\n"))
    assert (found.arrays[""].tolist(), found.truth) == ([2, 0], None)
    found = read_predictions(written(tmp_path / "c.csv", "prediction;label\ncat;dog\n"))
    assert (found.arrays[""].tolist(), found.truth.tolist()) == (["cat"], ["dog"])
    found = read_predictions(written(tmp_path / "d.csv", "0.1,0.9\n0.4,0.6\n"))
    assert (found.classes, found.arrays[""].tolist()) == (None, [[0.1, 0.9], [0.4, 0.6]])


def test_a_column_of_lists(tmp_path):
    pd.DataFrame({"probability": TABLE.tolist(), "label": [1, 0, 0]}).to_parquet(tmp_path / "a.parquet")
    found = read_predictions(tmp_path / "a.parquet")
    np.testing.assert_array_equal(found.arrays[""], TABLE)
    assert found.truth.tolist() == [1, 0, 0]
    pd.DataFrame({"probability": [[0.5, 0.5], [1.0]]}).to_parquet(tmp_path / "b.parquet")
    with pytest.raises(DataError, match=r"b\.parquet, row 1: 'probability' holds 1 numbers, not 2"):
        read_predictions(tmp_path / "b.parquet")


def test_labels(tmp_path):
    assert read_labels(written(tmp_path / "a.csv", "cat\ndog\n"))[0].tolist() == ["cat", "dog"]
    labels, numbers = read_labels(written(tmp_path / "b.csv", "id,label\n0,3\n1,1\n"))
    assert numbers is not None
    assert (labels.tolist(), numbers.tolist()) == ([3, 1], [0, 1])
    np.save(tmp_path / "c.npy", TABLE)
    with pytest.raises(DataError, match=r"c\.npy must hold one label a row; got \(3, 2\)"):
        read_labels(tmp_path / "c.npy")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "0.5,0.5\n0.5,\n", r"a\.csv, row 1: NaN"),
        ("a.csv", "", r"a\.csv is empty"),
        ("a.csv", "cat,dog\n", r"a\.csv holds no rows"),
        ("a.csv", "0.5,0.5\n0.5,0.2,0.3\n", r"a\.csv can't be read"),
        ("a.csv", "cat,who\n0.5,x\n", r"column 'who' holds string, not numbers"),
        ("a.npy", "no array", r"a\.npy can't be read"),
        ("a.npz", "no archive", r"a\.npz can't be read"),
        ("a.parquet", "no table", r"a\.parquet can't be read"),
        ("a.txt", "0.5 0.5", r"a\.txt is of no kind that is read: \.npy, \.npz"),
    ],
)
def test_files_that_can_not_be_used_are_named(tmp_path, name, content, message):
    with pytest.raises(DataError, match=message):
        file_blocks(written(tmp_path / name, content), "auto")


def test_pickled_arrays_are_never_loaded(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match=r"a\.npy can't be read .*Python objects"):
        file_blocks(tmp_path / "a.npy", "auto")


def test_weights_are_no_predictions(tmp_path):
    torch.save({"w": torch.ones(2)}, tmp_path / "a.pt")
    with pytest.raises(DataError, match=r"holds weights, not predictions. Name its network with --model"):
        file_blocks(tmp_path / "a.pt", "auto")


def test_arrays_are_checked():
    with pytest.raises(DataError, match=r"a, row 1: 0\.5 is no class"):
        array_blocks({"a": np.array([1.0, 0.5])}, "x", "auto")
    with pytest.raises(DataError, match=r"must have the shape \(example, class\) or .*; got \(1, 1, 1, 1\)"):
        array_blocks(np.ones((1, 1, 1, 1)), "x", "auto")
    with pytest.raises(DataError, match="x, member 1, row 0: the numbers sum to 2"):
        array_blocks(np.array([[[0.5, 0.5]], [[1.0, 1.0]]]), "x", "auto")


def test_columns_that_pandas_counts_are_names(tmp_path):
    frame = pd.DataFrame(np.log([[0.25, 0.5, 0.25], [0.125, 0.75, 0.125]]))
    frame.to_csv(tmp_path / "plain.csv", index=False)
    frame.to_csv(tmp_path / "indexed.csv")
    for name in ("plain", "indexed"):
        found = read_predictions(tmp_path / f"{name}.csv")
        assert found.classes == ("0", "1", "2")
        np.testing.assert_allclose(found.arrays[""], frame.to_numpy())
    pd.Series([2, 0]).to_csv(tmp_path / "labels.csv")
    labels, numbers = read_labels(tmp_path / "labels.csv")
    assert numbers is not None
    assert (labels.tolist(), numbers.tolist()) == ([2, 0], [0, 1])


def test_a_first_row_of_whole_numbers_over_others_is_no_row_of_names(tmp_path):
    one_hot = read_predictions(written(tmp_path / "a.csv", "0,1\n1,0\n"))
    assert (one_hot.classes, one_hot.arrays[""].tolist()) == (None, [[0, 1], [1, 0]])


def test_columns_named_by_numbers_are_put_in_their_order(tmp_path):
    pd.DataFrame([[0.1, 0.2, 0.7]], columns=["2", "0", "1"]).to_parquet(tmp_path / "a.parquet")
    found = read_predictions(tmp_path / "a.parquet")
    assert (found.classes, found.arrays[""].tolist()) == (("0", "1", "2"), [[0.2, 0.7, 0.1]])


def test_numbers_with_spaces_between(tmp_path):
    np.savetxt(tmp_path / "a.csv", TABLE)
    np.testing.assert_allclose(read_predictions(tmp_path / "a.csv").arrays[""], TABLE)
    assert read_labels(written(tmp_path / "y.csv", "polar bear\npanda\n"))[0].tolist() == ["polar bear", "panda"]


def test_tensors_of_any_kind():
    tensor = torch.tensor(TABLE, requires_grad=True)
    [exact], [rounded] = array_blocks(tensor, "a", "auto"), array_blocks(tensor.bfloat16(), "b", "auto")
    np.testing.assert_allclose(next(iter(exact.each())), next(iter(rounded.each())))
    with pytest.raises(DataError, match=r"a can't be read as an array .*Pass arrays of one shape"):
        array_blocks({"a": [[1, 2], [3]]}, "x", "auto")
