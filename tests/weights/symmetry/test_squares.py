import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from modescape.weights.symmetry.squares import Label, Squares

UNITS = {"a": 3, "b": 2}


@st.composite
def labels(draw, entries):
    name = draw(st.sampled_from(sorted(UNITS)))
    units = draw(st.lists(st.integers(0, UNITS[name]), min_size=entries, max_size=entries))
    return Label(name, torch.tensor(units), UNITS[name], draw(st.sampled_from([-2.0, -1.0, 1.0, 0.5])))


def total(squares, found, logarithms):
    """Return the sum of squares after scaling, entry by entry."""
    sums = torch.zeros((), dtype=torch.float64)
    for entry, square in enumerate(squares.reshape(-1).tolist()):
        power = torch.zeros((), dtype=torch.float64)
        for label in found:
            unit = int(label.units[entry])
            power = power + (label.power * logarithms[label.scaling][unit] if unit < label.num_units else 0.0)
        sums = sums + square * torch.exp(2 * power)
    return sums


@settings(max_examples=40, deadline=None)
@given(st.lists(labels(8), min_size=1, max_size=4), st.integers(0, 2**20))
def test_sums_times_powers_are_half_the_gradient_of_the_sum_of_squares(found, seed):
    generator = torch.Generator().manual_seed(seed)
    values = torch.rand(2, 4, generator=generator, dtype=torch.float64)
    logarithms = {
        name: (0.3 * torch.randn(units, generator=generator, dtype=torch.float64)).requires_grad_()
        for name, units in UNITS.items()
    }
    total(values, found, logarithms).backward()
    squares = Squares(values, found)
    for name in UNITS:
        squares.scale({key: tensor.detach() for key, tensor in logarithms.items()}, name)
    for name, tensor in logarithms.items():
        slope = sum((sums.power * sums.totals for sums in squares.sums(name)), torch.zeros(UNITS[name]))
        expected = torch.zeros_like(tensor) if tensor.grad is None else tensor.grad / 2
        torch.testing.assert_close(slope.double(), expected, rtol=1e-9, atol=1e-9)


def test_units_of_rows_and_columns_make_a_matrix():
    values = torch.arange(1.0, 13.0, dtype=torch.float64).reshape(3, 4)
    rows = Label("a", torch.arange(3).repeat_interleave(4), 3, 1.0)
    columns = Label("b", torch.tensor([0, 1, 0, 1] * 3), 2, -1.0)
    squares = Squares(values, [rows, columns])
    assert [sums.totals.tolist() for sums in squares.sums("a")] == [[10.0, 26.0, 42.0]]
    squares.scale({"b": torch.tensor([2.0, 1.0], dtype=torch.float64).log()}, "b")
    (found,) = squares.sums("a")
    expected = values[:, ::2].sum(1) / 4 + values[:, 1::2].sum(1)
    torch.testing.assert_close(found.totals, expected)
    assert (found.power, found.occurrences) == (1.0, 1)


@pytest.mark.parametrize(("power", "expected"), [(1.0, [(2.0, 1)]), (-1.0, [])])
def test_the_same_units_twice_are_one_power_or_none(power, expected):
    units = torch.tensor([0, 1, 2, 3])
    found = Squares(torch.ones(4, dtype=torch.float64), [Label("a", units, 3, 1.0), Label("a", units, 3, power)]).sums(
        "a"
    )
    assert [(sums.power, sums.occurrences) for sums in found] == expected
