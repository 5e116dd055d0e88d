import csv
import io

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from modescape.core.errors import ArgumentError
from modescape.report import Drawing, LegendEntry, Line, Lines, Matrix, Path, Paths, Table
from modescape.report.drawables import long_table, shown_labels

ONE = np.array([1.0])


def matrix(values, rows, columns):
    return Matrix("", "", np.asarray(values, dtype=float), rows, columns, "member", "", (0.0, 1.0), decimals=1)


@pytest.mark.parametrize(
    ("rows", "columns", "message"),
    [
        (("a", "a"), ("a", "b"), "`rows` must hold 2 different labels; got 2 labels, 1 of them different"),
        (("a", "b"), ("a",), "`columns` must hold 2 different labels; got 1 labels"),
    ],
)
def test_labels_of_a_matrix_differ(rows, columns, message):
    with pytest.raises(ArgumentError, match=message):
        matrix(np.eye(2), rows, columns)


def test_cells_are_written_where_they_are_few():
    assert matrix([[0.26, np.nan]], ("a",), ("b", "c")).cell_texts == [["0.3", ""]]
    labels = tuple(str(number) for number in range(13))
    assert matrix(np.eye(13), labels, labels).cell_texts is None


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(allow_nan=True, allow_infinity=False), min_size=1, max_size=8))
def test_numbers_come_back_from_csv_exactly(values):
    text = Table({"x": np.array(values), "name": np.array(["a,b\n"] * len(values))}).as_csv()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["name"] for row in rows] == ["a,b\n"] * len(values)
    back = np.array([float(row["x"]) if row["x"] else np.nan for row in rows])
    np.testing.assert_array_equal(back, values)


def test_single_precision_is_written_short():
    assert Table({"x": np.array([0.1], dtype=np.float32)}).as_csv() == "x\n0.1\n"


def test_columns_of_other_lengths_are_refused():
    with pytest.raises(ValueError, match=r"shorter|longer"):
        Table({"x": np.zeros(2), "y": np.zeros(3)}).as_csv()


def test_a_long_table_has_a_row_for_each_combination():
    coords = {"member": [0, 3], "size": [1, 2, 4]}
    data = {"a": (("member", "size"), np.arange(6.0).reshape(2, 3)), "b": ("size", [7, 8, 9])}
    table = long_table(xr.Dataset(data, coords=coords), ["a", "b", "missing"])
    assert table.columns["member"].tolist() == [0, 0, 0, 3, 3, 3]
    assert table.columns["size"].tolist() == [1, 2, 4, 1, 2, 4]
    assert table.columns["a"].tolist() == [0, 1, 2, 3, 4, 5]
    assert table.columns["b"].tolist() == [7, 8, 9, 7, 8, 9]
    assert list(table.columns) == ["member", "size", "a", "b"]


@given(st.integers(1, 5000))
def test_few_labels_are_written_and_the_first_is_one_of_them(number):
    shown = shown_labels(number)
    assert shown[0] == 0
    assert len(shown) <= 11
    assert len(shown) > 4 or shown.step == 1
    assert shown[-1] < number


def test_panels_share_the_entries_of_a_legend():
    first = Lines("", "", (Line("a", ONE, ONE), Line("b", ONE, ONE, legend="many", series=None)), "", "")
    second = Lines("", "", (Line("a", ONE, ONE), Line("c", ONE, ONE, legend="many", series=None)), "", "")
    drawing = Drawing("x", "", "", "", (first, second), Table({}))
    assert drawing.legend == (LegendEntry("a", 0), LegendEntry("many", None))


def test_one_line_needs_no_legend():
    assert Drawing("x", "", "", "", (Lines("", "", (Line("a", ONE, ONE),), "", ""),), Table({})).legend == ()


def test_paths_explain_their_marks():
    panel = Paths("", "", (Path("member 0", ONE, ONE, ("epoch 0",), series=2),), "", "")
    assert [entry.label for entry in Drawing("x", "", "", "", (panel,), Table({})).legend] == [
        "member 0",
        "start",
        "end",
    ]


def test_the_words_of_panels_are_joined():
    panels = (Lines("", "One.", (), "", ""), Lines("", "Two.", (), "", ""))
    assert Drawing("x", "", "", "", panels, Table({})).alt == "One. Two."
