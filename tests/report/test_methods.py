from modescape.report.methods import METHODS, in_order, method_named


def test_methods_come_in_the_order_of_the_table_and_unknown_ones_last():
    given = ["z", "one member", "random", "a", "independent", "random"]
    assert [method.name for method in in_order(given)] == ["independent", "random", "one member", "z", "a"]


def test_every_method_has_a_name_for_readers():
    assert method_named("low-rank-random").label == "low rank of random"
    assert all("-gaussian" not in method.label for method in METHODS.values())


def test_a_method_we_do_not_know_is_grey_and_named_as_it_is_stored():
    method = method_named("mine")
    assert (method.label, method.series, method.symbol) == ("mine", None, "circle")
