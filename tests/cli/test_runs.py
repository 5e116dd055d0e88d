import json
import shutil

import pytest


@pytest.mark.parametrize("exists", [False, True])
def test_a_new_user_is_told_how_to_make_a_run(command, here, exists):
    if exists:
        (here / "runs").mkdir()
    ended = command("runs")
    assert (ended.code, ended.out, ended.err) == (0, "No runs in runs. Make one with: modescape study\n", "")
    assert json.loads(command("runs", "--json").out) == []


def test_a_folder_that_was_named_must_be_there(command, here):  # noqa: ARG001
    ended = command("runs", "elsewhere")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "modescape: `elsewhere` must be a folder that holds runs; got no such file or directory. Check the path.\n"
    )


def test_runs_are_listed_and_damaged_ones_are_explained(command, studied, here):
    shutil.copytree(studied.path, here / "runs/good")
    shutil.copytree(studied.path, here / "runs/bad")
    (here / "runs/bad/manifest.json").write_text('{"schema": 1')
    (here / "runs/notes").mkdir()
    ended = command("runs")
    assert ended.code == 0
    head, first, second = (line.split() for line in ended.out.splitlines())
    assert head == ["run", "status", "members", "data"]
    assert first == ["good", "finished", "mlp", "x", "3", "digits"]
    assert second == ["bad", "damaged"]
    assert ended.err.startswith("`runs/bad/manifest.json` must be the manifest of a modescape run; got ")
    assert ended.err.count("\n") == 1


def test_json_names_every_run(command, studied, here):  # noqa: ARG001
    ended = command("runs", studied.path.parent, "--json")
    (found,) = json.loads(ended.out)
    assert (ended.code, ended.err) == (0, "")
    assert found["name"] == "run"
    assert found["path"] == str(studied.path)
    assert (found["status"], found["model"], found["num_members"]) == ("finished", "mlp", 3)
    assert found["problem"] is None
