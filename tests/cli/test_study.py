import json
import shlex

import numpy as np
import pytest
import torch
import xarray as xr

from modescape.core.errors import ModescapeError
from modescape.store import Run
from modescape.studies import StudySettings, study
from modescape.studies.report import command_of
from studies.samples import TINY, flags, training_flags

MODULE = """
import numpy as np
from torch import nn

def network(num_classes, width=4):
    return nn.Sequential(nn.Flatten(), nn.Linear(2, width), nn.Tanh(), nn.Linear(width, num_classes))

def images():
    labels = np.arange(60) % 2
    return {"x": np.random.default_rng(0).normal(size=(60, 2)) + labels[:, None], "y": labels, "classes": ["a", "b"]}
"""


def test_the_run_holds_everything(studied):
    assert studied.status == "finished"
    assert studied.array_names() == [
        "predictions/test",
        "predictions/trajectories",
        "predictions/validation",
        "results/embedding",
        "results/ensemble",
        "results/null",
        "results/solutions",
        "results/training",
        "results/trajectories",
    ]
    assert [studied.steps(member) for member in studied.members] == [[0, 1, 2], [0, 1, 2], [2]]
    assert studied.damage() == []
    page = (studied.path / "report.html").read_text()
    assert "modescape study --seed 5 --limit 120" in page
    assert {path.suffix for path in (studied.path / "figures").iterdir()} == {".png", ".svg", ".csv"}
    for name in studied.array_names():
        with xr.open_zarr(studied.path / f"{name}.zarr") as opened:
            assert opened.sizes


def test_the_command_line_and_python_give_the_same_run(studied, finished_in_python):
    assert studied.settings == finished_in_python.settings
    for member in (0, 1, 2):
        ours, theirs = studied.read_weights(member, 2), finished_in_python.read_weights(member, 2)
        assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    for name in studied.array_names():
        assert studied.arrays(name).identical(finished_in_python.arrays(name))


@pytest.fixture
def finished_in_python(tmp_path):
    return study(**TINY, seed=5, output=tmp_path / "run")


def test_json_is_all_there_is_on_stdout(command, copied, plain_report):  # noqa: ARG001
    ended = command("study", "--resume", "--output", copied.path, "--json")
    assert ended.code == 0
    assert ended.err == ""
    answer = json.loads(ended.out)
    assert answer["run"] == str(copied.path)
    assert answer["report"] == str(copied.path / "report.html")
    assert answer["summary"]["different"]["verdict"] in {"yes", "no", "unclear"}
    values = {number["name"]: number["value"] for number in answer["summary"]["different"]["numbers"]}
    differ = copied.arrays("results/solutions")["disagreement"].values
    assert values["mean disagreement between members"] == pytest.approx(100 * differ[~np.eye(3, dtype=bool)].mean())


def test_quiet_prints_where_the_report_is_and_nothing_else(command, copied, plain_report, monkeypatch):  # noqa: ARG001
    monkeypatch.chdir(copied.path.parent)
    ended = command("study", "--resume", "--output", "copied", "--quiet")
    assert (ended.code, ended.out, ended.err) == (0, "Report: copied/report.html\n", "")


def test_a_trained_run_is_compared_later_and_shown_how(command, here, plain_report):  # noqa: ARG001
    ended = command("train", *training_flags(members=2, epochs=1, trajectories=0), "--output", "my run")
    assert ended.code == 0
    assert "modescape study --resume --output 'my run'\n" in ended.out
    ended = command("study", "--resume", "--output", "my run", "--only", "solutions")
    assert ended.code == 0
    assert "Are my members different? " in ended.out
    assert ended.out.endswith("Report: my run/report.html\n")
    assert "member 0" not in ended.err
    assert ended.err.startswith("predict: done (")
    assert Run.open(here / "my run").array_names() == [
        "predictions/test",
        "predictions/validation",
        "results/solutions",
    ]
    assert max(len(line) for line in ended.out.splitlines()) <= 80


def test_a_step_without_a_report_says_where_the_run_is(command, here):  # noqa: ARG001
    words = ["study", *flags(members=1, epochs=1), "--only", "predictions", "--output", "run"]
    ended = command(*words)
    assert (ended.code, ended.out) == (0, "Run: run\n")
    ended = command(*words, "--resume", "--json")
    assert (ended.code, json.loads(ended.out)) == (0, {"run": "run"})


def test_the_users_own_network_and_data_are_found_here(command, here, plain_report):  # noqa: ARG001
    (here / "own_things.py").write_text(MODULE)
    words = ["--data", "own_things:images", "--model", "own_things:network", "--model-option", "width=3"]
    changes = {"limit": None, "test_limit": None, "members": 2, "model_options": None}
    ended = command("study", *flags(**changes), *words, "--json")
    assert ended.code == 0, ended.err
    run = Run.open(json.loads(ended.out)["run"])
    assert run.path.parent.name == "runs"
    assert run.name.endswith("-images-network")
    assert run.read_weights(1, 2)["1.weight"].shape == (3, 2)
    assert list(run.arrays("predictions/test").attrs["classes"]) == ["a", "b"]


@pytest.mark.parametrize(
    "settings",
    [
        {"seed": 3},
        {
            "data": {"source": "npz:my data/été.npz", "limit": 5, "label_column": "the label", "scaling": "standard"},
            "model": {
                "name": "my_nets:build",
                "options": {"hidden": [64, 3], "rate": 1e-05, "act": "relu", "name": "a 'b' c", "on": True, "n": None},
            },
            "train": {"keep_best": True, "learning_rate": 3e-05, "clip_norm": 0.1, "optimizer": "sgd", "device": "cpu"},
            "compare": {"confidence": 0.8, "perplexity": 2.5},
        },
        {
            "study": "shapes",
            "data": {"source": "digits", "limit": 50},
            "model": {"name": "resnet", "options": {"skip": True, "depth": 8}},
            "train": {"trajectories": 5},
            "shapes": {"vary": {"skip": [True, False], "limit": [50, 60], "learning_rate": [1e-05, 0.1]}},
        },
        {
            "study": "shapes",
            "data": {"source": "cifar10"},
            "model": {"name": "resnet20", "options": {"skip": False, "width": 1.0}},
            "shapes": {"vary": {"data": ["mnist", "cifar10"], "skip": [True, False], "width": [0.5, 1.0]}},
        },
        {
            "data": {"source": "npz:a b.npz", "held_out": "cat"},
            "model": {"name": "mlp", "options": {"hidden": [3], "x": "1"}},
            "shapes": {
                "vary": {"hidden": [[3], [4, 5]], "batch_size": [1, 2], "held_out": ["3,5", "cat"], "x": ["1", 1]}
            },
        },
        {"model": {"options": {"a": "1e-3", "b": "true", "c": "[1]", "d": "x=y", "e": {"f": [1.5, "z"]}, "g": ""}}},
    ],
)
def test_the_command_that_a_report_shows_gives_the_same_settings(command, monkeypatch, settings):
    wanted, seen = StudySettings(**settings), {}

    class StopError(ModescapeError):
        pass

    def start(layers, **_):
        seen.update(layers)
        raise StopError("far enough")

    monkeypatch.setattr("modescape.studies.api.start", start)
    words = shlex.split(command_of(wanted.model_dump(mode="json")))
    assert words[0] == "modescape"
    assert command(*words[1:]).err == "modescape: far enough\n"
    assert StudySettings(**seen) == wanted


def test_options_beat_the_file_and_the_file_beats_the_preset(command, here):
    (here / "mine.yaml").write_text("train: {members: 2, epochs: 7}\nlimit: 60\n")
    words = ["--preset", "demo", "--config", "mine.yaml", "--epochs", "1", "--quiet", "--output", "run"]
    ended = command("train", *words)
    assert (ended.code, ended.out) == (0, "Run: run\n")
    settings = Run.open("run").settings
    assert settings["data"]["test_fraction"] == 0.5
    assert settings["data"]["limit"] == 60
    assert settings["train"]["members"] == 2
    assert settings["train"]["epochs"] == 1
