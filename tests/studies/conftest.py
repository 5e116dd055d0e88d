"""Small finished runs, trained once, and copies of them to change."""

import os
import shutil

import pytest

from modescape.store import Run
from modescape.studies import study
from studies.recomputed import Slow
from studies.samples import FRONTIER, LANDSCAPES, PLANES, TINY, WHOLE, Writes, alter


@pytest.fixture(autouse=True)
def unflushed(monkeypatch):
    """Leave flushing to the system: what survives a loss of power is tested with the store."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A finished run of three members; never change it."""
    return study(**TINY, seed=5, output=tmp_path_factory.mktemp("finished") / "run")


@pytest.fixture
def copied(finished, tmp_path):
    """A copy of the finished run, to change."""
    return Run(shutil.copytree(finished.path, tmp_path / "copied"))


@pytest.fixture(scope="session")
def whole_and_writes(tmp_path_factory):
    """A finished run of the paper's study, and what was kept on the way."""
    with pytest.MonkeyPatch.context() as patch:
        writes = Writes(patch)
        return study("fort2019", **WHOLE, seed=5, output=tmp_path_factory.mktemp("whole") / "run"), writes.done


@pytest.fixture(scope="session")
def whole(whole_and_writes):
    """A finished run of the paper's study; never change it."""
    return whole_and_writes[0]


@pytest.fixture
def whole_copied(whole, tmp_path):
    """A copy of that run, to change."""
    return Run(shutil.copytree(whole.path, tmp_path / "whole"))


@pytest.fixture(scope="session")
def fronted(finished, tmp_path_factory):
    """The finished run with the frontier of some methods; never change it."""
    path = shutil.copytree(finished.path, tmp_path_factory.mktemp("fronted") / "run")
    return study("frontier", resume=True, output=path, only="frontier", **FRONTIER)


@pytest.fixture
def fronted_copied(fronted, tmp_path):
    """A copy of that run, to change."""
    return Run(shutil.copytree(fronted.path, tmp_path / "fronted"))


@pytest.fixture(scope="session")
def mapped(tmp_path_factory):
    """A run with planes and lines through its landscape; never change it."""
    path = tmp_path_factory.mktemp("mapped") / "run"
    run = study("landscapes", **LANDSCAPES, seed=5, only="lines", output=path)
    for name in PLANES:
        study(resume=True, output=path, only=name)
    return run


@pytest.fixture
def mapped_copied(mapped, tmp_path):
    """A copy of that run, to change."""
    return Run(shutil.copytree(mapped.path, tmp_path / "mapped"))


@pytest.fixture(scope="session")
def slow(whole):
    """Obvious recomputations from the weights that the run of the paper's study has stored."""
    return Slow(whole)


@pytest.fixture
def altered():
    """A function that damages one file of a run and returns its path in the run."""
    return alter
