"""One small finished run, trained once, and copies of it to change."""

import shutil

import pytest

from modescape.store import Run
from modescape.studies import study
from studies.samples import TINY, alter


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A finished run of three members; never change it."""
    return study(**TINY, seed=5, output=tmp_path_factory.mktemp("finished") / "run")


@pytest.fixture
def copied(finished, tmp_path):
    """A copy of the finished run, to change."""
    return Run(shutil.copytree(finished.path, tmp_path / "copied"))


@pytest.fixture
def altered():
    """A function that damages one file of a run and returns its path in the run."""
    return alter
