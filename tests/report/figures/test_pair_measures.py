import numpy as np
import pytest
import xarray as xr

from modescape.report.figures import pair_measures

SQUARE = ["member", "member_other"]
ALL = [*pair_measures.PARTS, *pair_measures.SHARES, *pair_measures.MEASURES]


def pairs(members=4, names=None):
    """Measures of pairs with intervals."""
    generator = np.random.default_rng(0)
    data = {}
    for name in [*ALL, "accuracy_difference", "mcnemar_p", "mcnemar_p_adjusted"]:
        value = generator.random((members, members))
        value = (value + value.T) / 2
        data |= {name: (SQUARE, value), f"{name}_low": (SQUARE, value - 0.1), f"{name}_high": (SQUARE, value + 0.1)}
    mean = generator.random(len(ALL))
    data |= {"mean": ("measure", mean), "mean_low": ("measure", mean - 0.05), "mean_high": ("measure", mean + 0.05)}
    coords = {"member": range(members), "member_other": range(members), "measure": ALL}
    if names:
        coords["member_name"] = ("member", names)
    return xr.Dataset(data, coords=coords, attrs={"confidence": 0.9})


def test_each_measure_is_its_mean_over_pairs_with_the_pairs_as_dots():
    dataset = pairs()
    drawing = pair_measures.compute({"pairs": dataset})
    rows = [row for panel in drawing.panels for row in panel.rows]
    assert len(rows) == 13
    for name, row in zip(ALL, rows, strict=True):
        scale = 1.0 if name in pair_measures.MEASURES else 100.0
        mean = float(dataset["mean"].sel(measure=name))
        assert (row.value, row.low, row.high) == pytest.approx(
            (scale * mean, scale * (mean - 0.05), scale * (mean + 0.05))
        )
        np.testing.assert_allclose(row.dots, scale * dataset[name].values[np.triu_indices(4, 1)])
    assert "90 %" in drawing.shows


def test_the_only_pair_has_its_own_interval_and_no_dots():
    dataset = pairs(2)
    row = pair_measures.compute({"pairs": dataset}).panels[2].rows[0]
    value = float(dataset["kappa"][0, 1])
    assert (row.value, row.low, row.high) == pytest.approx((value, value - 0.1, value + 0.1))
    assert row.dots is None


def test_very_many_members_have_no_dots_and_a_short_table():
    drawing = pair_measures.compute({"pairs": pairs(41)})
    assert all(row.dots is None for panel in drawing.panels for row in panel.rows)
    assert "pairs of 41 members are too many to draw as dots" in drawing.shows
    assert len(drawing.table.columns["mean"]) == 13


def test_pairs_that_differ_in_accuracy_are_counted():
    dataset = pairs()
    dataset["mcnemar_p_adjusted"] = (SQUARE, np.where(np.add.outer(range(4), range(4)) == 3, 0.01, 0.5))
    [told] = pair_measures.compute({"pairs": dataset}).found
    assert told.startswith("2 of 6 pairs of members differ in accuracy by McNemar's test, adjusted")
    assert "level 0.1)" in told


def test_without_the_truth_two_measures_are_left():
    dataset = pairs()[[*(f"{name}{end}" for name in ("disagreement", "kappa") for end in ("", "_low", "_high"))]]
    dataset = dataset.merge(pairs()[["mean", "mean_low", "mean_high"]])
    drawing = pair_measures.compute({"pairs": dataset})
    assert [[row.name for row in panel.rows] for panel in drawing.panels] == [["they differ"], ["kappa of the answers"]]
    assert drawing.found == ("The true classes are not known: nobody can say who is right where members differ.",)
