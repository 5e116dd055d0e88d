import numpy as np
import pytest

from modescape.report import Relief, Surface
from modescape.report.static.mosaic import HEIGHTS, mosaic, rows_of


@pytest.mark.parametrize(
    ("number", "rows"),
    [(1, [1]), (2, [2]), (3, [3]), (4, [2, 2]), (6, [2, 4]), (7, [2, 3, 2]), (10, [2, 4, 4])],
)
def test_a_relief_shares_its_row_and_all_panels_have_a_place(number, rows):
    found = rows_of([None] * number)
    assert [len(numbers) for numbers, _ in found] == rows
    assert [one for numbers, _ in found for one in numbers] == list(range(number))
    assert all(sum(shares) <= 1 + 1e-9 for _, shares in found)


@pytest.mark.parametrize("height", [0.1, 1.0, 30.0])
def test_rows_are_neither_too_flat_nor_too_high(height):
    one = Surface("", "", np.array([0.0, 1.0]), np.array([0.0, height]), np.eye(2), "", (0.0, 1.0))
    figure, axes = mosaic([Relief("", "", (one,)), one, one, one])
    assert len(axes) == 4
    assert 2 * HEIGHTS[0] < figure.get_figheight() < 2 * HEIGHTS[1] + 1
