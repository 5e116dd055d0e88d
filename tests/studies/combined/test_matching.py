from pathlib import Path

import numpy as np
import pytest

from modescape.core.errors import ArgumentError
from modescape.studies.combined.matching import check_other_files, matched
from modescape.studies.compared.blocks import array_blocks


def blocks(*names):
    return array_blocks({name: np.array([0, 1]) for name in names}, "x", "auto")


@pytest.mark.parametrize(
    ("test", "validation", "order"),
    [
        (("a", "b", "c"), ("c", "a", "b"), [1, 2, 0]),
        (("a_test", "b_test"), ("val-b", "val-a"), [1, 0]),
        (("test.resnet-18", "test.vit"), ("vit.Validation", "resnet_18.valid"), [1, 0]),
        # Names that are the same are not taken apart.
        (("test", "val"), ("val", "test"), [1, 0]),
        # `contest` and `values` are no words about splits.
        (("contest", "values"), ("values", "contest"), [1, 0]),
    ],
)
def test_members_are_found_by_name(test, validation, order):
    assert matched(blocks(*test), blocks(*validation)) == order


def test_one_file_on_each_side_is_matched_by_what_is_inside():
    members = np.array([[0, 1], [1, 1]])
    test = array_blocks({"mine": members}, "x", "labels")
    assert matched(test, array_blocks({"other": members}, "x", "labels")) == [0, 1]


@pytest.mark.parametrize(
    ("validation", "message"),
    [
        (("a",), "`validation` must hold the 2 members of the test predictions; got 1. Pass predictions of the same"),
        (
            ("a", "c"),
            "`validation` must hold the same members by name: a, b; got 'c'. Name files alike, such as test/a",
        ),
        # Without the words about splits two names are one.
        (("val-a", "dev-a"), "`validation` must hold the same members by name: a, b; got"),
    ],
)
def test_what_names_do_not_tell_is_refused(validation, message):
    with pytest.raises(ArgumentError, match=message):
        matched(blocks("a", "b"), blocks(*validation))


def test_one_file_is_not_for_both(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path)
    check_other_files([tmp_path / "a.npy"], [tmp_path / "b.npy"])
    with pytest.raises(ArgumentError, match="`validation` must be other files than those of the test examples; got"):
        check_other_files([tmp_path / "a.npy"], [Path(tmp_path, "link", "a.npy")])
