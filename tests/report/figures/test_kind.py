import numpy as np
import pytest
import xarray as xr

from modescape.report import FIGURES, FigureKind, Need, drawn
from report.samples import solutions, training, whole_contents
from report.study_samples import methods


def test_names_of_figures_differ_and_can_be_file_names():
    names = [kind.name for kind in FIGURES]
    assert len(set(names)) == len(names)
    assert all(name.replace("-", "").isalnum() and name == name.lower() for name in names)


def test_all_figures_are_drawn_from_a_whole_run_in_the_order_of_the_catalogue():
    drawings, left_out = drawn(FIGURES, whole_contents().results)
    assert [drawing.name for drawing in drawings] == [kind.name for kind in FIGURES]
    assert [drawing.title for drawing in drawings] == [kind.title for kind in FIGURES]
    assert left_out == []


def test_every_figure_has_two_sentences_words_and_numbers():
    for drawing in drawn(FIGURES, whole_contents().results)[0]:
        assert drawing.shows.endswith(".")
        assert drawing.look_for.endswith(".")
        assert len(drawing.alt) > 40
        assert all(len(column) > 0 for column in drawing.table.columns.values())


@pytest.mark.parametrize(
    ("results", "reason"),
    [
        ({}, "no `solutions` results"),
        ({"solutions": solutions().drop_vars("cosine")}, "`solutions` results have no `cosine`"),
        ({"solutions": solutions(1)}, "needs at least 2 members"),
        ({"solutions": xr.Dataset({"cosine": (("member", "member_other"), np.full((2, 2), np.nan))})}, "no numbers"),
    ],
)
def test_a_figure_is_left_out_with_the_reason(results, reason):
    kind = FigureKind("x", "X", (Need("solutions", ("cosine",), {"member": 2}),), pytest.fail)
    drawings, [left_out] = drawn([kind], results)
    assert drawings == []
    assert left_out.name == "x"
    assert left_out.reason.endswith(reason)


def test_results_of_one_member_leave_only_what_one_member_shows():
    drawings, left_out = drawn(FIGURES, {"training": training(1), "solutions": solutions(1)})
    assert [drawing.name for drawing in drawings] == ["training-curves"]
    assert len(left_out) == len(FIGURES) - 1


def test_a_label_that_is_not_there_leaves_a_figure_out():
    need = Need("methods", ("value",), labels={"scaling": "scaled"})
    assert need.unmet({"methods": methods(2)}) is None
    assert need.unmet({"methods": methods(2, scalings=("raw",))}) == "`methods` results have no scaling `scaled`"
    assert need.unmet({"methods": methods(2).sel(scaling="scaled", drop=True)}).endswith("no scaling `scaled`")
