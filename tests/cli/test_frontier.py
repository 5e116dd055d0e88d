import json
import shutil

import pytest

from cli.conftest import called
from modescape.store import Run
from studies.samples import training_flags

SMALL = {"members": 2, "epochs": 1, "trajectories": 0, "seed": 5}
ASKED = ("--methods", "snapshot,swag", "--method-option", "swag.samples=2", "--foreign-examples", 20)


@pytest.fixture(scope="session")
def fronted(tmp_path_factory):
    """A run that `modescape train` made and `modescape frontier` took up; never change it."""
    path = tmp_path_factory.mktemp("fronted") / "run"
    assert called(["train", *training_flags(**SMALL), "--quiet", "--output", path]) == 0
    words = ["frontier", "--resume", "--output", path, *ASKED, "--num-resamples", 100, "--quiet"]
    assert called(words) == 0
    return Run.open(path)


@pytest.fixture
def copied(fronted, tmp_path):
    return Run(shutil.copytree(fronted.path, tmp_path / "copied"))


def test_a_run_of_train_is_taken_up_and_reported(fronted):
    assert fronted.status == "finished"
    assert fronted.damage() == []
    found = fronted.arrays("results/frontier")
    assert found["method"].values.tolist() == ["independent", "snapshot"]
    assert "SWAG: none of size 1, 2." in found.attrs["notes"]
    page = (fronted.path / "report.html").read_text()
    assert "Which ensemble is best for its training?" in page


def test_what_was_found_fits_a_terminal(command, copied, here, plain_report):  # noqa: ARG001
    ended = command("frontier", "--resume", "--output", "copied")
    assert ended.code == 0
    assert max(map(len, ended.out.splitlines())) <= 80
    assert "Report: copied/report.html" in ended.out
    answer = json.loads(command("frontier", "--resume", "--output", "copied", "--json").out)
    assert set(answer) == {"run", "report", "summary"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--methods swagger", "`methods` must be one of all, independent, "),
        ("--sizes 1,5", "`sizes` must be at most the 2 members of the run; got 5."),
        ("--method-option snapshot.rates=2", "must be an option of snapshot, rate; got snapshot.r"),
        ("--method-option snapshot.rate=fast", "must give snapshot.rate as float; got 'fast'."),
        ("--worth 3", "`cost_per_member` must be given together with worth; got none."),
        ("--cost-per-member 3", "`worth` must be given together with cost_per_member; got none."),
    ],
)
def test_mistakes_are_one_line_and_leave_the_run_as_it_was(command, copied, words, said):
    before = (copied.path / "manifest.json").read_bytes()
    ended = command("frontier", "--resume", "--output", copied.path, *words.split())
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert ended.err.count("\n") == 1
    assert (copied.path / "manifest.json").read_bytes() == before


def test_the_ensemble_is_exported_as_one_file(command, copied, here):
    ended = command("export", copied.path, "ours.pt2", "--method", "snapshot", "--size", 2)
    assert ended.code == 0
    assert max(map(len, ended.out.splitlines())) <= 80
    said, _, file = ended.out.replace("\n", " ").partition("File: ")
    assert said.startswith("Ensemble: method snapshot, size 2, members 2, combination mean, temperature ")
    assert file == "ours.pt2 "
    assert (here / "ours.pt2").stat().st_size > 0
    answer = json.loads(command("export", copied.path, "ours.pt2", "--size", 1, "--method", "snapshot", "--json").out)
    assert (answer["method"], answer["size"], answer["members"]) == ("snapshot", 1, 1)
    assert answer["files"] == ["ours.pt2"]
    assert answer["temperature"] > 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            "--method mimo",
            "`method` must name a method and a size that the run has trained; got mimo, which it",
        ),
        ("--method swag", "`size` must be one that swag has an ensemble of; got 2. Choose another method."),
        ("--size 3", "`size` must lie between 1 and the 2 members of the run; got 3."),
        ("--combination median", "`combination` must give each member one weight, to be part of a module; got "),
        ("ours.h5", "`path` must end in .pt2 or .onnx; got 'ours.h5'."),
        ("returns", "`path` must be given for a result; got none. Write a file name after returns."),
        ("returns a.csv --size 1", "`method` must be left out, with size and combination, where a result is exported"),
    ],
)
def test_what_can_not_be_exported_is_one_line(command, copied, words, said):
    ended = command("export", copied.path, *words.split())
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert ended.err.count("\n") == 1
    assert not list(copied.path.glob("ensemble.*"))


def test_results_of_the_frontier_are_files_too(command, copied, here):
    ended = command("export", copied.path, "frontier", "frontier.nc")
    assert (ended.code, ended.out) == (0, "File: frontier.nc\n")
    assert (here / "frontier.nc").is_file()
