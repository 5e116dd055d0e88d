import json

import xarray as xr

from report.plane_samples import random_plane


def test_a_result_becomes_a_file(command, copied, here):
    ended = command("export", copied.path, "solutions", "solutions.nc")
    assert (ended.code, ended.out, ended.err) == (0, "File: solutions.nc\n", "")
    with xr.open_dataset(here / "solutions.nc", engine="scipy") as found:
        xr.testing.assert_allclose(found.load(), copied.arrays("results/solutions").load())


def test_every_file_is_named(command, copied, here):
    copied.write_arrays("results/random-plane", random_plane(5))
    ended = command("export", copied.path, "random-plane", "plane.vts")
    assert (ended.code, ended.out) == (0, "File: plane.vts\nFile: plane-points.vtu\n")
    answer = json.loads(command("export", copied.path, "random-plane", "plane.csv", "--json").out)
    assert answer["result"] == "random-plane"
    assert answer["files"] == ["plane.csv", "plane-point.csv"]
    assert {path.name for path in here.iterdir()} >= {"plane.vts", "plane-points.vtu", "plane.csv", "plane-point.csv"}


def test_an_unknown_result_names_those_there_are(command, copied, here):  # noqa: ARG001
    ended = command("export", copied.path, "solution", "a.nc")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("modescape: `result` must be a result of the run, embedding, ensemble, ")
    assert ended.err.endswith("; got solution. Choose one of them.\n")


def test_an_unknown_suffix_names_those_there_are(command, copied, here):
    ended = command("export", copied.path, "solutions", "a.doc")
    assert (ended.code, ended.out) == (2, "")
    assert "`path` must end in .html, .png, .svg, .gif, .mp4, .vts, .nc, .csv, .zarr; got a.doc." in ended.err
    assert list(here.iterdir()) == [copied.path] or not (here / "a.doc").exists()


def test_a_result_that_is_no_plane_is_not_drawn(command, copied, here):  # noqa: ARG001
    ended = command("export", copied.path, "solutions", "a.png")
    assert ended.code == 2
    assert "`dataset` must be over alpha, or alpha and beta, for .png; got (member, member_other)." in ended.err
