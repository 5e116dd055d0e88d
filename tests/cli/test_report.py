import json

from studies.samples import alter, training_flags


def test_the_report_is_the_same_wherever_it_is_written(command, studied, here):
    ended = command("report", studied.path, "--output", "elsewhere", "--quiet")
    assert (ended.code, ended.out, ended.err) == (0, "Report: elsewhere/report.html\n", "")
    assert (here / "elsewhere/report.html").read_bytes() == (studied.path / "report.html").read_bytes()
    names = {path.name for path in (studied.path / "figures").iterdir()}
    assert {path.name for path in (here / "elsewhere/figures").iterdir()} == names


def test_the_answers_are_printed_or_given_as_json(command, copied, plain_report):  # noqa: ARG001
    shown = command("report", copied.path)
    assert "Are my members different? " in shown.out
    assert f"Report: {copied.path}/report.html\n" in shown.out
    answer = json.loads(command("report", copied.path, "--json").out)
    assert answer["report"] == f"{copied.path}/report.html"
    assert answer["summary"]["worth_it"]["headline"] in " ".join(shown.out.split())


def test_a_damaged_result_is_a_note(command, copied, plain_report):  # noqa: ARG001
    name = alter(copied, "results/embedding.zarr/position/**/*")
    ended = command("report", copied.path)
    assert ended.code == 0
    assert f"Note: `{name}` must match its checksum" in " ".join(ended.out.split())


def test_without_results_it_says_what_to_do(command, here):  # noqa: ARG001
    command("train", *training_flags(members=1, epochs=1), "--output", "my run")
    ended = command("report", "my run")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "modescape: `run` must hold results; got none in my run. "
        "Finish it with modescape study --resume --output 'my run'.\n"
    )
