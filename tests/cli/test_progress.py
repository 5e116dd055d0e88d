import io

import pytest
from rich.console import Console

from modescape.cli import progress as module
from modescape.cli.progress import shown_progress
from modescape.core.progress import Silent


@pytest.fixture
def terminal(monkeypatch):
    """Make stderr a terminal of 80 columns, and keep what is written to it."""
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, width=80, height=25, _environ={})
    monkeypatch.setattr(module, "Console", lambda **_: console)
    return written


def work(progress):
    progress.say("engine [loop], as set")
    progress.start("member [0]", 3)
    for epoch in range(3):
        progress.advance("member [0]", 1, f"loss {epoch}")
    progress.start("compare", 2)
    progress.advance("compare", 0, "the first step")
    progress.advance("compare", 2)
    progress.advance("compare", 2, "too late")
    progress.advance("unknown", 1)


def test_a_file_gets_a_line_for_each_task_and_no_empty_ones(capsys):
    with shown_progress(quiet=False) as progress:
        work(progress)
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "engine [loop], as set\nmember [0]: loss 2 (0 s)\ncompare: done (0 s)\n"


def test_a_file_gets_long_lines_whole(capsys):
    with shown_progress(quiet=False) as progress:
        progress.say("word " * 60)
    assert capsys.readouterr().err.count("\n") == 1


def test_an_error_leaves_nothing_behind(capsys):
    def failing():
        with shown_progress(quiet=False) as progress:
            progress.start("member 0", 5)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        failing()
    assert capsys.readouterr().err == ""


def test_quiet_is_silent(capsys):
    with shown_progress(quiet=True) as progress:
        assert isinstance(progress, Silent)
        work(progress)
    assert capsys.readouterr() == ("", "")


def test_a_bar_fits_the_terminal_whatever_its_note(terminal):
    with shown_progress(quiet=False) as progress:
        progress.start("ensemble sizes", 1000)
        progress.start("compare", 6)
        progress.advance("compare", 3, "accuracy and calibration against ensemble size, " * 3)
        bars = Console(file=io.StringIO(), width=80, _environ={})
        bars.print(progress._bars.get_renderable())
    lines = bars.file.getvalue().splitlines()
    assert len(lines) == 2
    (line,) = [line for line in lines if "compare" in line]
    assert "3/6" in line
    assert "--:-- left accuracy and cal" in line
    assert line.rstrip().endswith("…")
    assert max(len(line) for line in lines) <= 80
    assert terminal.getvalue()
