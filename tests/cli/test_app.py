import os
import re
import subprocess
import sys

import pytest

import modescape

COMMANDS = ("study", "train", "frontier", "report", "export", "runs", "show")
PROGRAM = "import sys; from modescape.cli.app import main; main()"


def shell(*words, program=PROGRAM, **environment):
    """Call the command line in a process of its own."""
    command = [sys.executable, "-c", program, *words]
    variables = {**os.environ, "COLUMNS": "80", **environment}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=variables)


@pytest.mark.parametrize("words", [[], *([name] for name in COMMANDS)])
def test_help_has_an_example_and_fits_a_terminal(command, here, words):  # noqa: ARG001
    ended = command(*words, "--help")
    assert ended.code == 0
    assert ended.err == ""
    assert re.search(r"^  Example: modescape \w+", ended.out, re.MULTILINE)
    assert max(len(line) for line in ended.out.splitlines()) <= 80
    assert "..." not in ended.out.replace("[OPTIONS] COMMAND [ARGS]...", "")


@pytest.mark.parametrize("words", [["--help"], ["study", "--help"], ["--version"]])
def test_help_loads_nothing_heavy(words):
    heavy = {"torch", "numpy", "xarray", "sklearn", "matplotlib", "modescape.studies", "modescape.store"}
    program = (
        "import sys, atexit; from modescape.cli.app import main\n"
        f"atexit.register(lambda: print('loaded', sorted({heavy!r} & set(sys.modules))))\nmain()"
    )
    ended = shell(*words, program=program)
    assert ended.returncode == 0
    assert ended.stdout.endswith("loaded []\n")


def test_without_a_command_there_is_help(command, here):  # noqa: ARG001
    ended = command()
    assert ended.code == 0
    assert ended.out == command("--help").out


def test_the_version(command):
    ended = command("--version")
    assert (ended.code, ended.out, ended.err) == (0, f"modescape {modescape.__version__}\n", "")


@pytest.mark.parametrize(("words", "expected"), [("modescape st", "study"), ("modescape study --mem", "--members")])
def test_the_shell_completes_commands_and_options(words, expected):
    count = len(words.split()) - 1
    ended = shell(_MODESCAPE_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=str(count))
    assert expected in ended.stdout.split()


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_completion_has_a_script_for_each_shell(name):
    ended = shell(_MODESCAPE_COMPLETE=f"source_{name}")
    assert ended.returncode == 0
    assert "_MODESCAPE_COMPLETE" in ended.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["stduy"], "No such command 'stduy'"),
        (["train", "--epohcs", "3"], "--epohcs"),
        (["train", "--engine", "lop"], "'lop' is not one of"),
        (["train", "--members", "many"], "--members"),
        (["train", "--members"], "--members"),
        (["train", "extra"], "extra"),
        (["show"], "Missing argument"),
    ],
)
def test_a_slip_of_the_pen_is_one_line_that_points_to_help(command, words, message):
    ended = command(*words)
    assert ended.code == 2
    assert ended.out == ""
    assert ended.err.startswith("modescape: ")
    assert message in ended.err
    assert "Value error" not in ended.err
    assert re.search(r"See modescape( train| show)? --help\.\n\Z", ended.err)
    assert ended.err.count("\n") == 1


def test_an_error_nobody_foresaw_is_one_line_too(command, monkeypatch):
    def broken(directory):
        raise RuntimeError(f"two\nlines about {directory}")

    monkeypatch.setattr("modescape.store.catalogue", broken)
    ended = command("runs", "somewhere")
    assert ended.code == 2
    expected = "RuntimeError: two lines about somewhere (set MODESCAPE_TRACEBACK=1 to see where)"
    assert ended.err == f"modescape: {expected}\n"
    monkeypatch.setenv("MODESCAPE_TRACEBACK", "1")
    monkeypatch.setattr("sys.argv", ["modescape", "runs", "somewhere"])
    with pytest.raises(RuntimeError, match="two\nlines"):
        sys.modules["modescape.cli.app"].main()


def test_ctrl_c_is_one_line_and_130(command, monkeypatch):
    def interrupted(directory):  # noqa: ARG001
        raise KeyboardInterrupt

    monkeypatch.setattr("modescape.store.catalogue", interrupted)
    ended = command("runs", "somewhere")
    assert (ended.code, ended.out) == (130, "")
    assert (
        ended.err
        == "modescape: Interrupted. What was finished is kept; train and study go on from there with --resume.\n"
    )


def test_a_reader_that_leaves_is_no_error():
    command = [sys.executable, "-c", PROGRAM, "--help"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
