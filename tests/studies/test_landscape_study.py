"""The study of landscapes as a whole; its steps are tested one by one."""

from modescape.studies import STUDIES, study
from modescape.studies.report import report_contents
from studies.samples import made_again, marks

NEW = ("paths", "solutions-plane", "random-plane", "trajectory-plane", "curve-plane", "lines")
SMALL = {
    "pairs": "0-1",
    "landscape_examples": 40,
    "path_points": 3,
    "plane_trajectories": "0",
    "grid_points": 3,
    "line_directions": 1,
    "line_points": 3,
    "curve_epochs": 1,
    "curvature_examples": 20,
    "curvature_steps": 1,
    "eigenvalues": 1,
    "trace_samples": 2,
    "density_samples": 1,
    "density_rank": 4,
    "width_directions": 2,
}


def test_the_study_is_made_of_these_steps():
    names = [step.name for step in STUDIES["landscapes"]]
    assert names == [step.name for step in STUDIES["overview"]] + [*NEW, "curvature", "minima", "layers"]


def test_a_finished_run_goes_on_with_this_study_and_changed_settings_make_again_what_depends_on_them(copied):
    before = marks(copied)
    study("landscapes", resume=True, output=copied.path, **SMALL)
    assert copied.status == "finished"
    assert made_again(copied, before) == [*NEW, "curvature", "minima", "layers"]
    assert not [name for name, step in copied.manifest["steps"].items() if step["left_out"]]
    assert report_contents(copied).notes == []
    assert copied.damage() == []
    for changes, expected in (
        ({}, []),
        ({"grid": "uniform"}, ["solutions-plane", "random-plane", "trajectory-plane", "curve-plane"]),
        ({"plane_margin": 0.1}, ["solutions-plane", "trajectory-plane", "curve-plane"]),
        ({"plane_extent": 0.5}, ["random-plane", "lines"]),
        ({"plane_members": "0,2,1", "line_points": 4}, ["solutions-plane", "random-plane", "lines"]),
        ({"plane_trajectories": "1"}, ["trajectory-plane"]),
        ({"curve_learning_rate": 0.001}, ["paths", "curve-plane"]),
        ({"pairs": "1-2"}, ["paths", "curve-plane"]),
    ):
        before = marks(copied)
        study(resume=True, output=copied.path, **changes)
        assert made_again(copied, before) == expected
