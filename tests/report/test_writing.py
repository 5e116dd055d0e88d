from unittest.mock import Mock

import pytest

from modescape.core.errors import StoreError
from modescape.report import FIGURES, ReportContents, drawn, write_report
from report.samples import sample_contents, training


def test_a_report_is_a_page_and_three_files_for_each_figure(written):
    folder = written.parent
    assert written.name == "report.html"
    kinds, _ = drawn(FIGURES, sample_contents().results)
    expected = {f"{kind.name}.{ending}" for kind in kinds for ending in ("png", "svg", "csv")}
    assert {path.name for path in (folder / "figures").iterdir()} == expected
    assert {path.name for path in folder.iterdir()} == {"report.html", "figures"}


def test_the_data_of_a_figure_are_those_of_the_results(written):
    lines = (written.parent / "figures" / "training-curves.csv").read_text().splitlines()
    dataset = training(5)
    assert lines[0] == "member,step,loss,validation_accuracy"
    assert len(lines) == 1 + dataset.loss.size
    member, step, loss, accuracy = lines[1].split(",")
    assert (member, step) == ("0", "1")
    assert float(loss) == float(dataset.loss[0, 0])
    assert float(accuracy) == float(dataset.validation_accuracy[0, 0])
    assert lines[-1] == "5,20,,"


def test_figures_of_an_older_report_are_removed_and_other_files_are_kept(tmp_path):
    figures = tmp_path / "figures"
    figures.mkdir()
    (figures / "ensemble-size.png").write_bytes(b"old")
    (figures / "mine.png").write_bytes(b"mine")
    write_report(ReportContents("t", results={"training": training(2, 2)}), tmp_path)
    names = {path.name for path in figures.iterdir()}
    assert names == {"training-curves.png", "training-curves.svg", "training-curves.csv", "mine.png"}


def test_a_directory_is_made_and_a_report_can_be_written_again(tmp_path):
    contents = ReportContents("t")
    first = write_report(contents, tmp_path / "a" / "b")
    before = first.read_bytes()
    assert write_report(contents, tmp_path / "a" / "b") == first
    assert first.read_bytes() == before


def test_a_place_that_can_not_be_written_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"the report can't be written to .*file: .*\. Choose another directory\."):
        write_report(ReportContents("t"), tmp_path / "file")


def test_a_failed_write_leaves_the_old_page_and_nothing_else(tmp_path, monkeypatch):
    path = write_report(ReportContents("old"), tmp_path)
    before = path.read_bytes()

    full = Mock(side_effect=OSError(28, "No space left on device"))
    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(StoreError, match="No space left on device"):
        write_report(ReportContents("new"), tmp_path)
    assert path.read_bytes() == before
    assert {one.name for one in tmp_path.iterdir()} == {"report.html", "figures"}
