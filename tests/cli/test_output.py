import json
import os
from pathlib import Path

from modescape.cli.output import print_answers, print_json, print_paragraphs, print_table, shown_path
from modescape.report import ReportContents, summarise
from report.samples import sample_contents, whole_contents
from report.study_samples import shift


def test_paragraphs_are_wrapped_at_the_width_of_the_terminal(capsys, monkeypatch):
    for columns, widest in ((40, 40), (80, 80), (300, 100)):
        monkeypatch.setenv("COLUMNS", str(columns))
        print_paragraphs(["one two three four-five " * 20], indent="  ")
        lines = capsys.readouterr().out.splitlines()
        assert widest - 12 < max(len(line) for line in lines) <= widest
        assert all(line.startswith("  ") for line in lines)
        assert "four-five" in lines[0]


def test_columns_are_as_wide_as_their_widest_cell(capsys):
    print_table(["run", "status"], [["a", "finished"], ["longer", "x"]])
    assert capsys.readouterr().out == "run     status\na       finished\nlonger  x\n"


def test_paths_are_shown_from_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert shown_path(tmp_path / "runs/a") == os.path.join("runs", "a")  # noqa: PTH118
    assert shown_path(Path("runs/a")) == os.path.join("runs", "a")  # noqa: PTH118
    assert shown_path(tmp_path.parent / "other") == str(tmp_path.parent / "other")


def test_json_holds_paths_and_any_text(capsys):
    print_json({"path": Path("a"), "text": "日本 <b>"})
    assert json.loads(capsys.readouterr().out) == {"path": "a", "text": "日本 <b>"}


def test_claims_are_printed_beside_their_verdicts(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    print_answers(summarise(whole_contents()))
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line) for line in lines) <= 80
    start = lines.index("Do the claims of the paper hold here? (The marks are ours.)")
    assert lines[start + 1 : start + 4] == [
        "  holds          Independent solutions lie nearer to the upper limit of",
        "                 diversity than to the lower.",
        "                 0.97 [0.94, 1.00], mark: above 0.5",
    ]
    assert sum(line.startswith("  holds ") for line in lines) == 10
    beliefs = lines.index("Do common beliefs about landscapes hold here? (The marks are ours.)")
    assert beliefs > start + 7
    assert lines[beliefs - 1] == ""


def test_claims_that_were_not_measured_say_why(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    print_answers(summarise(ReportContents("part", results={"shift": shift(num_corruptions=2)})))
    lines = capsys.readouterr().out.splitlines()
    assert "  not measured   Along such a curve the function changes." in lines
    assert "                 no `paths` results" in lines


def test_a_plain_overview_prints_no_claims(capsys):
    print_answers(summarise(sample_contents()))
    assert "claims" not in capsys.readouterr().out
