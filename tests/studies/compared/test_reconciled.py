from dataclasses import replace

import numpy as np
import pytest

from modescape.core.errors import ArgumentError, DataError
from modescape.studies.compared.blocks import array_blocks, file_blocks
from modescape.studies.compared.naming import named_blocks
from modescape.studies.compared.reconciled import Truth, common_frame, predictions_dataset

FIRST = np.array([[0.75, 0.25], [0.25, 0.75], [0.5, 0.5]])


def csv(path, header, rows):
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]))
    return file_blocks(path, "auto")[0]


def test_columns_in_another_order_are_put_in_order(tmp_path):
    blocks = [csv(tmp_path / "a.csv", "cat,dog", FIRST), csv(tmp_path / "b.csv", "dog,cat", FIRST[:, ::-1])]
    frame = common_frame(blocks, [Truth("y", np.array(["dog", "dog", "cat"]))])
    found = predictions_dataset(blocks, frame, {})
    np.testing.assert_array_equal(found["probability"][0], found["probability"][1])
    assert (frame.classes, frame.label.tolist()) == (("cat", "dog"), [1, 1, 0])
    assert found["decision"].values.tolist() == [[0, 1, 0]] * 2


def test_answers_and_probabilities_together_keep_what_all_have():
    blocks = array_blocks({"a": FIRST, "b": np.array([1, 1, 0])}, "x", "auto")
    frame = common_frame(blocks, [])
    found = predictions_dataset(blocks, frame, {})
    assert found["decision"].values.tolist() == [[0, 1, 0], [1, 1, 0]]
    assert "probability" not in found
    assert frame.label is None


def test_words_without_named_columns_are_put_in_the_order_of_the_alphabet():
    blocks = array_blocks({"a": FIRST, "b": FIRST}, "x", "auto")
    frame = common_frame(blocks, [Truth("y", np.array(["dog", "cat", "dog"]))])
    assert frame.classes == ("cat", "dog")
    assert frame.notes == ("Classes are in the order of the alphabet: cat, dog.",)
    with pytest.raises(DataError, match="Labels are words, 3 different ones, and predictions have 2 columns"):
        common_frame(blocks, [Truth("y", np.array(["dog", "cat", "cow"]))])


def test_what_does_not_belong_together_is_named(tmp_path):
    two, three = array_blocks({"a": FIRST, "c": np.eye(3)}, "x", "auto")
    with pytest.raises(DataError, match=r"a holds 2 classes and c holds 3. Compare members of one task"):
        common_frame([two, three], [])
    long, short = array_blocks({"a": FIRST, "b": FIRST[:2]}, "x", "auto")
    with pytest.raises(DataError, match="a holds 3 examples and b holds 2"):
        common_frame([long, short], [])
    with pytest.raises(DataError, match=r"a holds 3 examples and y\.csv holds 4"):
        common_frame([long, long], [Truth("y.csv", np.zeros(4, int))])
    with pytest.raises(DataError, match=r"y\.csv, row 2: 2 is none of the 2 classes"):
        common_frame([long], [Truth("y.csv", np.array([0, 1, 2]))])
    with pytest.raises(DataError, match="y and z hold different labels, first in row 1"):
        common_frame([long], [Truth("y", np.array([0, 1, 1])), Truth("z", np.array([0, 0, 1]))])
    animals = [csv(tmp_path / "a.csv", "cat,dog", FIRST), csv(tmp_path / "b.csv", "cat,cow", FIRST)]
    with pytest.raises(DataError, match=r"b\.csv has the class 'cow', which is not among cat, dog"):
        common_frame(animals, [])
    mixed = [csv(tmp_path / "a.csv", "id,cat,dog", [(n, *row) for n, row in enumerate(FIRST)])]
    mixed.append(csv(tmp_path / "b.csv", "id,cat,dog", [(2 - n, *row) for n, row in enumerate(FIRST)]))
    with pytest.raises(DataError, match="in different orders: row 0 is example 0 in the one and 2 in the other"):
        common_frame(mixed, [])


def test_files_of_one_name_are_told_apart(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        np.save(tmp_path / folder / "p.npy", FIRST)
    blocks = [file_blocks(tmp_path / folder / "p.npy", "auto")[0] for folder in ("one", "two", "two")]
    assert [block.member_names for block in named_blocks(blocks)] == [["one/p"], ["two/p"], ["two/p (2)"]]


def test_names_and_groups_of_the_user():
    blocks = array_blocks({"a": np.stack([FIRST] * 2), "b": FIRST}, "x", "auto")
    assert [b.member_names for b in named_blocks(blocks, ["p", "q", "r"])] == [["p", "q"], ["r"]]
    assert [b.member_names for b in named_blocks(blocks, ["p", "q"], ["g", "g"])] == [["p/0", "p/1"], ["q"]]
    assert [b.group for b in named_blocks(blocks, groups=["g", "h"])] == ["g", "h"]
    with pytest.raises(ArgumentError, match="`names` must hold a name for each of the 3 members, or of the 2 sources"):
        named_blocks(blocks, ["p"])
    with pytest.raises(ArgumentError, match="`groups` must hold a group for each of the 2 sources; got 1"):
        named_blocks(blocks, groups=["p"])
    with pytest.raises(ArgumentError, match="`names` must tell members apart; got 'p'"):
        named_blocks(blocks, ["p", "q", "p"])


def test_numbers_written_as_words_or_floats_are_numbers():
    label = np.arange(12)
    blocks = array_blocks({"a": np.full((12, 12), 1 / 12)}, "x", "auto")
    for values in (label, label.astype(str), label.astype(float), label.astype("S")):
        frame = common_frame(blocks, [Truth("y", values)])
        assert frame.classes == tuple(map(str, range(12)))
        assert frame.label is not None
        np.testing.assert_array_equal(frame.label, label)
    for wrong in (0.5, np.nan):
        with pytest.raises(DataError, match=f"y, row 1: {wrong} is no class. Write whole numbers"):
            common_frame(blocks, [Truth("y", np.array([0.0, wrong]))])


def test_labels_in_another_order_are_refused():
    [block] = array_blocks({"a": np.array([0, 1])}, "x", "auto")
    truth = Truth("y.csv", np.array([0, 1]), numbers=np.array([8, 7]))
    with pytest.raises(DataError, match=r"a and y\.csv are in different orders: row 0 is example 7 in the one and 8"):
        common_frame([replace(block, numbers=np.array([7, 8]))], [truth])


def test_numbers_too_large_for_classes_are_refused():
    with pytest.raises(DataError, match="must be classes, counted from 0 and below 100,000; got 1000000000000"):
        common_frame(array_blocks({"a": np.array([0, 10**12])}, "x", "auto"), [])
