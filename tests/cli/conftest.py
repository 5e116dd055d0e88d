"""The command line in this process, and one small finished run made by it."""

import shutil
import sys
from dataclasses import dataclass

import pytest

from modescape.cli.app import main
from modescape.store import Run
from studies.samples import flags


@dataclass
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


def called(words):
    """Call the command line and return its exit code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["modescape", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
    return ended.value.code or 0


@pytest.fixture
def command(capsys):
    """A function that calls the command line as a user would, and returns how it ended."""

    def call(*words):
        capsys.readouterr()
        code = called(words)
        return Ended(code, *capsys.readouterr())

    return call


@pytest.fixture(scope="session")
def studied(tmp_path_factory):
    """A run that `modescape study` made, with its report; never change it."""
    path = tmp_path_factory.mktemp("studied") / "run"
    assert called(["study", *flags(seed=5), "--quiet", "--output", path]) == 0
    return Run.open(path)


@pytest.fixture
def copied(studied, tmp_path):
    """A copy of that run, to change."""
    return Run(shutil.copytree(studied.path, tmp_path / "copied"))


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder of the user's own to stand in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


@pytest.fixture
def plain_report(monkeypatch):
    """Write an empty page in place of the report, for tests that do not look at it: its figures take seconds."""

    def write(contents, directory):  # noqa: ARG001
        (directory / "report.html").write_text("")
        return directory / "report.html"

    monkeypatch.setattr("modescape.report.write_report", write)
