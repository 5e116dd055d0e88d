"""Errors: one line each, whatever the value, and they survive a trip between processes."""

import pickle

import numpy as np
import pytest

from modescape.core import errors
from modescape.core.errors import ArgumentError, Quoted


def test_the_line_says_what_is_wrong_and_what_to_do():
    error = ArgumentError("members", "be at least 1", -3, "Pass --members 5")
    assert str(error) == "`members` must be at least 1; got -3. Pass --members 5."


def test_quoted_text_is_shown_without_quotes():
    assert "got shape (3, 4)." in str(ArgumentError("a", "b", Quoted("shape (3, 4)"), "c"))
    assert "got 'shape (3, 4)'." in str(ArgumentError("a", "b", "shape (3, 4)", "c"))


@pytest.mark.parametrize(
    ("value", "longest"),
    [
        ("x" * 500, errors.LONGEST_TEXT),
        (Quoted("y" * 500), errors.LONGEST_TEXT),
        (Quoted("a\nb" * 200), errors.LONGEST_TEXT),
        (list(range(500)), errors.LONGEST_VALUE),
        (np.zeros((90, 90)), errors.LONGEST_VALUE),
    ],
)
def test_long_values_are_cut_and_stay_on_one_line(value, longest):
    text = str(ArgumentError("a", "b", value, "c"))
    assert "\n" not in text
    shown = text.removeprefix("`a` must b; got ").removesuffix(". c.")
    assert len(shown) == longest
    assert shown.endswith("...")


def test_text_as_long_as_a_path_is_shown_in_full():
    assert "got " + "y" * 400 + "." in str(ArgumentError("a", "b", Quoted("y" * 400), "c"))


@pytest.mark.parametrize("value", [3, "text", Quoted("shape (3,)"), "x" * 200, lambda: None, np.zeros((40, 40))])
def test_it_survives_pickling_whatever_the_value(value):
    error = ArgumentError("members", "be at least 1", value, "Pass --members 5")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert type(again) is ArgumentError
    assert str(again) == str(error)
    assert str(pickle.loads(pickle.dumps(again))) == str(error)  # noqa: S301


@pytest.mark.parametrize(
    ("name", "builtin"),
    [
        ("ArgumentError", ValueError),
        ("DataError", ValueError),
        ("ModelError", TypeError),
        ("TrainingError", RuntimeError),
        ("StoreError", OSError),
        ("MissingDependencyError", ImportError),
    ],
)
def test_each_is_also_the_builtin_that_fits(name, builtin):
    kind = getattr(errors, name)
    assert issubclass(kind, builtin)
    assert issubclass(kind, errors.ModescapeError)
    if kind is not ArgumentError:
        assert str(pickle.loads(pickle.dumps(kind("one line")))) == "one line"  # noqa: S301
