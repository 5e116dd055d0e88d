"""What `import modescape` promises: names that work, are documented, and cost nothing until they are used."""

import subprocess
import sys
from importlib.metadata import version

import pytest

import modescape


def test_every_public_name_is_there_and_documented():
    for name in modescape.__all__:
        value = getattr(modescape, name)
        assert name == "__version__" or value.__doc__


def test_names_that_load_late_are_those_that_are_public():
    assert set(modescape._HOMES) <= set(modescape.__all__)
    assert {name for name in modescape.__all__ if name not in modescape._HOMES} == {"__version__", "open"}


def test_the_version_is_that_of_the_package():
    assert modescape.__version__ == version("modescape")


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'modescape' has no attribute 'stduy'"):
        _ = modescape.stduy


def test_importing_it_loads_nothing_heavy():
    program = (
        "import sys, modescape; print(sorted({'torch', 'numpy', 'xarray', 'pydantic', 'typer'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_run_is_opened_by_its_path(tmp_path):
    made = modescape.Run.create(tmp_path / "trial", name="trial", settings={"seed": 1})
    assert modescape.open(str(made.path)).settings == {"seed": 1}
    assert [found.name for found in modescape.catalogue(tmp_path)] == ["trial"]
    with pytest.raises(modescape.ModescapeError, match="must be the folder of a run; got no such folder"):
        modescape.open(str(tmp_path / "nowhere"))


def test_ten_lines_of_python(tmp_path):
    run = modescape.study(
        data="digits",
        limit=60,
        test_limit=50,
        members=2,
        epochs=1,
        trajectories=0,
        output=tmp_path / "run",
        device="cpu",
    )
    solutions = modescape.open(str(run.path)).arrays("results/solutions")
    assert solutions["disagreement"].shape == (2, 2)
    summary = modescape.summarise_run(run)
    assert summary.different.question == "Are my members different?"


def test_the_package_runs_as_a_module():
    done = subprocess.run([sys.executable, "-m", "modescape", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"modescape {modescape.__version__}"
