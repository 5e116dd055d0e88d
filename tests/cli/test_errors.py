"""What users get wrong: always one line on stderr, exit code 2, and nothing left behind."""

import os

import pytest
import torch

from studies.samples import TINY, training_flags

NETWORKS = """
import torch
from torch import nn

def wrong_shape():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 3))

def wrong_input(num_classes):
    return nn.Sequential(nn.Flatten(), nn.Linear(65, num_classes))

def raises():
    raise RuntimeError("two\\nlines")

def a_list():
    return [1, 2]

never_a_function = 3
"""

FILES = {
    "networks.py": NETWORKS,
    "cut.yaml": "train: [1\n",
    "list.yaml": "- train\n",
    "empty.yaml": "",
    "unknown.yaml": "trian: {epochs: 3}\n",
    "unknown_inside.yaml": "train: {epohcs: 3}\n",
    "wrong_value.yaml": "train: {epochs: many}\n",
    "file.txt": "mine",
    "manifest/manifest.json": '{"schema": 1, "name"',
    "newer/manifest.json": '{"schema": 99}',
    "empty/note.txt": "",
}

TRAINING = {
    "--epochs 0": "`epochs` must be greater than or equal to 1; got 0.",
    "--members 0": "`members` must be greater than or equal to 1; got 0.",
    "--seed -1": "`seed` must be greater than or equal to 0; got -1.",
    "--batch-size 0": "`batch_size` must be",
    "--learning-rate 0": "`learning_rate` must be greater than 0; got 0.0.",
    "--learning-rate nan": "`learning_rate` must be greater than 0; got nan.",
    "--learning-rate -1e-3": "`learning_rate` must be greater than 0; got -0.001.",
    "--label-smoothing 1": "`label_smoothing` must be less than 1; got 1.0.",
    "--late-fraction 2": "`late_fraction` must be",
    "--limit 0": "`limit` must be greater than or equal to 1; got 0.",
    "--validation 2000": "`validation` must",
    "--data nonsense": "must be one of digits,",
    "--data parquet:nowhere": "There is no folder or file nowhere.",
    "--data folder:nowhere": "There is no folder nowhere.",
    "--data npz:nowhere.npz": "There is no file nowhere.npz.",
    "--data npz:file.txt": "file.txt can't be read as a NumPy archive",
    "--data networks:raises": "networks:raises raised RuntimeError: two.",
    "--data networks:nothing": "Module 'networks' has no function 'nothing'",
    "--config nowhere.yaml": "`config` must be a readable file (No such file or directory); got 'nowhere.yaml'.",
    "--config cut.yaml": "`config` must be YAML (",
    "--config list.yaml": "`config` must hold settings by name; got 'list.yaml'.",
    "--config empty.yaml": "`config` must hold settings by name; got 'empty.yaml'.",
    "--config unknown.yaml": "`trian` must be a known setting; got an unknown name.",
    "--config unknown_inside.yaml": "`epohcs` must be a known setting; got an unknown name. Use one of members,",
    "--config wrong_value.yaml": "`epochs` must be a valid integer; got 'many'.",
    "--preset dmeo": "`preset` must be one of paper, quick, demo; got 'dmeo'.",
    "--model networks": "`model` must be one of mlp, small-cnn, medium-cnn, resnet, resnet20, or package.module:f",
    "--model resnet50": "`model` must be one of",
    "--model no_such:thing": "`model` must name a module that can be imported (ModuleNotFoundError:",
    "--model networks:nothing": "`model` must name a function or class in the module networks; got 'nothing'",
    "--model networks:never_a_function": "`model` must name a function or class in the module networks",
    "--model networks:wrong_shape": "of shape (2, 10) (example, class); got ",
    "--model networks:wrong_input": "`model` must take inputs of shape (2, 1, 8, 8); got RuntimeError:",
    "--model networks:raises": "`model` must build a network; got RuntimeError from networks:raises: two lines.",
    "--model networks:a_list": "`model` must return a torch.nn.Module; got list from networks:a_list.",
    "--model-option dropout": "`--model-option` must be name=value; got 'dropout'.",
    "--model-option hiden=3": "be taken by mlp; got 'hiden'. Its options are: hidden, dropout.",
    "--device nonsense": "`device` must be a device of this machine; got 'nonsense'",
    "--output file.txt": "`output` must be a folder that is new or empty; got the file file.txt.",
    "--output empty": "got a folder with 'note.txt' in it.",
    "--resume": "`--resume` must find an unfinished run in runs/; got none. Pass --output RUN.",
    "--resume --output nowhere": "`nowhere` must be the folder of a run; got no such folder.",
    "--resume --output empty": "`empty` must be the folder of a run; got a folder that is not a run.",
    "--resume --output manifest": "`manifest/manifest.json` must be the manifest of a modescape run; got ",
}

OTHERS = {
    "study --only ensembel": "`only` must be one of training, predictions, solutions,",
    "study overviw": "`study` must be one of overview, fort2019, landscapes, shapes, differences, three-class, "
    "compare, frontier; got 'overviw'.",
    "study --confidence 1": "`confidence` must be less than 1; got 1.0.",
    "study --num-resamples 5": "`num_resamples` must be greater than or equal to 100; got 5.",
    "show nowhere": "`nowhere` must be the folder of a run; got no such folder.",
    "show empty": "`empty` must be the folder of a run; got a folder that is not a run.",
    "show file.txt": "`file.txt` must be the folder of a run",
    "show manifest": "`manifest/manifest.json` must be the manifest of a modescape run; got ",
    "show newer": "`newer/manifest.json` must have schema 1 or older; got schema 99. Please update modescape.",
    "report nowhere": "`nowhere` must be the folder of a run; got no such folder.",
    "report manifest": "`manifest/manifest.json` must be the manifest of a modescape run; got ",
    "runs file.txt": "`file.txt` must be a folder that holds runs; got not a directory.",
}


@pytest.fixture
def place(here):
    """A folder with all the files that are wrong."""
    for name, text in FILES.items():
        (here / name).parent.mkdir(exist_ok=True)
        (here / name).write_text(text)
    return here


def check(ended, message):
    assert ended.code == 2
    assert ended.out == ""
    assert ended.err.startswith("modescape: ")
    assert message in ended.err
    assert ended.err.count("\n") == 1
    assert "Traceback" not in ended.err
    assert "MODESCAPE_TRACEBACK" not in ended.err


@pytest.mark.parametrize("words", TRAINING)
def test_training_is_refused_in_one_line_and_leaves_nothing(command, place, words):
    before = sorted(place.rglob("*"))
    chosen = words.split()
    output = [] if "--output" in chosen or "--resume" in chosen else ["--output", "new"]
    check(command("train", "--engine", "loop", *chosen, *output), TRAINING[words])
    after = {path for path in place.rglob("*") if "__pycache__" not in path.parts and path.name != ".lock"}
    assert sorted(after) == before


@pytest.mark.parametrize("words", OTHERS)
def test_other_commands_are_refused_in_one_line(command, place, words):
    check(command(*words.split()), OTHERS[words])
    assert not (place / "runs").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has the device")
def test_a_device_that_is_not_there_leaves_no_run(command, here):
    check(command("train", *training_flags(device="cuda"), "--output", "new"), "got 'cuda' (")
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("name", ["train", "study"])
def test_a_run_is_never_overwritten(command, copied, name):
    before = {path: path.stat().st_mtime_ns for path in copied.path.rglob("*")}
    check(
        command(name, "--members", "1", "--output", copied.path),
        f"got the run {copied.path}. Choose another folder, or",
    )
    assert {path: path.stat().st_mtime_ns for path in copied.path.rglob("*")} == before


OF_COMPARISON = {"model_options", "num_resamples", "null_samples"}
"""Settings of the smallest run that are no single options of training."""


@pytest.mark.parametrize("option", [name for name in TINY if name not in OF_COMPARISON])
def test_a_changed_training_setting_is_named(command, copied, option):
    value = {"engine": "vmap", "device": "auto"}.get(option, 77)
    ended = command("train", "--resume", "--output", copied.path, "--" + option.replace("_", "-"), value)
    check(ended, f"`{option}` must be {TINY[option]!r}, as in the run that is resumed; got {value!r}. Leave it out, or")
    assert copied.status == "finished"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
@pytest.mark.parametrize("words", [["train", "--output", "shut/new"], ["report", "--output", "shut/new", "copied"]])
def test_a_folder_that_may_not_be_written_is_named(command, copied, words, monkeypatch):
    monkeypatch.chdir(copied.path.parent)
    (copied.path.parent / "shut").mkdir(mode=0o500)
    check(command(*words), "shut/new")


def test_a_report_that_can_not_be_written_is_one_line(command, copied, place, monkeypatch):
    monkeypatch.setattr("modescape.report.writing.pictures", lambda drawing: {"png": b"", "svg": b""})  # noqa: ARG005
    check(command("report", copied.path, "--output", "file.txt"), "the report can't be written to file.txt: ")
    assert (place / "file.txt").read_text() == "mine"


def test_damaged_weights_are_named(command, copied):
    victim = copied.path / "weights/member-002/step-0002.safetensors"
    victim.write_bytes(victim.read_bytes()[:-1])
    for path in (copied.path / "results/solutions.zarr").rglob("*"):
        if path.is_file():
            path.write_bytes(b"")
    ended = command("study", "--resume", "--output", copied.path, "--quiet")
    check(ended, "`weights/member-002/step-0002.safetensors` must match its checksum; got different content.")
