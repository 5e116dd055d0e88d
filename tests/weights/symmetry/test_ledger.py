from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from modescape.weights.symmetry.degrees import Degrees, added
from modescape.weights.symmetry.ledger import Ledger, atoms_in
from modescape.weights.symmetry.terms import Atom, fixed, simple, size_of, units_in


def new(ledger, key, size):
    return ledger.dim(key, size, scaled=True)


def sizes(ledger, dim):
    return [[atom.size for atom in run] for run in ledger.resolved(dim)]


def test_the_same_key_gives_the_same_units():
    ledger = Ledger()
    assert list(units_in(new(ledger, "a", 3))) == list(units_in(new(ledger, "a", 3)))
    assert list(units_in(new(ledger, "a", 3))) != list(units_in(new(ledger, "b", 3)))
    assert new(ledger, "c", 1) == fixed(1)


def test_a_product_is_found_from_outside_to_inside():
    ledger = Ledger()
    whole, outer, inner = new(ledger, "whole", 12), new(ledger, "outer", 3), new(ledger, "inner", 4)
    ledger.same(whole, simple([(*outer[0], *inner[0])]))
    assert list(units_in(ledger.resolved(whole))) == [*units_in(outer), *units_in(inner)]


def test_a_product_of_fixed_pixels_leaves_the_channels():
    ledger = Ledger()
    whole, channels = new(ledger, "whole", 12), new(ledger, "channels", 3)
    ledger.same(whole, simple([(*channels[0], Atom(4))]))
    assert sizes(ledger, whole) == [[3, 4]]
    assert list(units_in(ledger.resolved(whole))) == list(units_in(channels))


def test_a_concatenation_cuts_units():
    ledger = Ledger()
    whole, first, second = new(ledger, "whole", 7), new(ledger, "first", 3), new(ledger, "second", 4)
    ledger.same(simple([*first, *second]), whole)
    assert list(units_in(ledger.resolved(whole))) == [*units_in(first), *units_in(second)]


def test_what_fits_no_product_is_fixed():
    ledger = Ledger()
    first = simple([(*new(ledger, "a", 2)[0], *new(ledger, "b", 3)[0])])
    second = simple([(*new(ledger, "c", 3)[0], *new(ledger, "d", 2)[0])])
    ledger.same(first, second)
    assert ledger.resolved(first) == ledger.resolved(second) == fixed(6)


def test_a_cut_inside_of_a_unit_fixes_it():
    ledger = Ledger()
    whole = simple([(*new(ledger, "a", 3)[0], Atom(4))])
    pieces = ledger.cut(whole, [6])
    assert [size_of(piece) for piece in pieces] == [6, 6]
    assert pieces == [fixed(6), fixed(6)]


def test_concatenated_products_of_the_same_inside_are_split():
    ledger = Ledger()
    first, second = ([(*new(ledger, name, size)[0], Atom(4))] for name, size in (("a", 2), ("b", 3)))
    outer, inner = ledger.factorised(simple([*first, *second]), (5, 4))
    assert sizes(ledger, outer) == [[2], [3]]
    assert inner == fixed(4)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_same_makes_any_two_dimensions_the_same_and_keeps_their_size(data):
    ledger = Ledger()

    def drawn(name):
        splits = data.draw(st.lists(st.integers(1, 23), max_size=3, unique=True).map(sorted))
        runs = []
        for index, (start, end) in enumerate(zip([0, *splits], [*splits, 24], strict=True)):
            outer = data.draw(st.sampled_from([n for n in range(1, end - start + 1) if (end - start) % n == 0]))
            factors = [
                new(ledger, (name, index, place), size) if data.draw(st.booleans()) else fixed(size)
                for place, size in enumerate((outer, (end - start) // outer))
            ]
            runs.append(tuple(atom for factor in factors for atom in factor[0]))
        return simple(runs)

    first, second = drawn("first"), drawn("second")
    ledger.same(first, second)
    one, other = ledger.joined([first, second])
    assert [list(units_in(one)), sizes(ledger, one)] == [list(units_in(other)), sizes(ledger, other)]
    assert size_of(one) == size_of(other) == 24


def test_free_degrees_belong_to_the_first_unknowns():
    degrees = Degrees()
    first, second, third = degrees.unknown(), degrees.unknown(), degrees.unknown()
    degrees.vanish(added(added(first, second), third, 2))
    assert degrees.reduced(third) == {0: Fraction(-1, 2), 1: Fraction(-1, 2)}
    degrees.vanish(added(first, second, -1))
    assert degrees.reduced(third) == {0: Fraction(-1)}
    degrees.vanish(first)
    assert [dict(degrees.reduced(degree)) for degree in (first, second, third)] == [{}, {}, {}]
    degrees.vanish({})


def test_units_that_stand_alone_anywhere_have_no_guards():
    ledger = Ledger()
    outer, inner = new(ledger, "outer", 3), new(ledger, "inner", 4)
    (one,), (other,) = units_in(outer), units_in(inner)
    ledger.note([outer, inner])
    assert ledger.guards == {one: {other}, other: {one}}
    ledger.note([outer])
    assert ledger.guards == {one: set(), other: {one}}
    # Beside two of them it is not said which one is meant.
    ledger.note([outer, outer, inner])
    assert ledger.guards[other] == set()


def test_degrees_of_a_product_are_added():
    ledger = Ledger()
    first, second = new(ledger, "a", 3), new(ledger, "b", 3)
    one, other = ledger.joined([first, second])
    (atom,) = atoms_in(ledger.summed_degrees(one, other, -1))
    assert atom.degree == {0: Fraction(1), 1: Fraction(-1)}
