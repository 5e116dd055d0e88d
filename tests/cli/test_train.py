import json

from modescape.store import Run
from studies.samples import training_flags


def test_members_are_trained_and_shown(command, here):
    ended = command("train", *training_flags(members=2, seed=1), "--output", "a")
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert lines[0].split() == ["member", "status", "loss", "(nats)", "validation", "time"]
    assert [line.split()[:2] for line in lines[1:3]] == [["0", "trained"], ["1", "trained"]]
    assert lines[-2:] == ["Compare the members with: modescape study --resume --output a", "Run: a"]
    assert ended.err.splitlines()[0] == "engine loop, as set"
    assert ended.err.splitlines()[1].startswith("member 0: loss ")
    run = Run.open(here / "a")
    assert run.status == "trained"
    assert run.array_names() == []


def test_json_is_all_there_is(command, here):
    ended = command("train", *training_flags(members=1, epochs=1), "--json")
    assert (ended.code, ended.err) == (0, "")
    answer = json.loads(ended.out)
    run = Run.open(here / answer["run"])
    assert answer["members"] == run.manifest["members"]
    assert answer["members"]["0"]["status"] == "trained"


def test_what_the_users_code_prints_stays_out_of_the_results(command, here):
    (here / "talkative.py").write_text(
        "from torch import nn\n"
        "def network(num_classes):\n"
        "    print('hello from the network')\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(64, num_classes))\n"
    )
    words = ["train", *training_flags(members=1, epochs=1, model_options=None), "--model", "talkative:network"]
    ended = command(*words, "--json")
    assert json.loads(ended.out)["members"]["0"]["status"] == "trained"
    assert "hello from the network\n" in ended.err
    ended = command(*words, "--output", "a")
    assert "hello" not in ended.out
    assert "hello from the network\n" in ended.err


def test_training_a_trained_run_again_changes_nothing(command, copied):
    before = {path: path.read_bytes() for path in copied.path.rglob("*.safetensors")}
    ended = command("train", "--resume", "--output", copied.path, "--quiet")
    assert (ended.code, ended.err) == (0, "")
    assert {path: path.read_bytes() for path in copied.path.rglob("*.safetensors")} == before
    assert copied.status == "finished"


HALF_BROKEN = """
import torch
from torch import nn
from modescape.core.seeds import Stream, derived_seed

def network():
    made = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    if torch.initial_seed() == derived_seed(0, Stream.INITIALISATION, 1):
        nn.init.constant_(made[1].weight, float("nan"))
    return made
"""


def test_a_member_that_diverged_is_named_after_the_table(command, here):
    (here / "half_broken.py").write_text(HALF_BROKEN)
    ended = command(
        "train", *training_flags(members=2, model_options=None), "--model", "half_broken:network", "--output", "a"
    )
    assert ended.code == 0
    assert "\nNote: member 1 diverged in epoch 1 and is left out\n" in ended.out
    assert "member 1 diverged in epoch 1 (loss nan)\n" in ended.err
