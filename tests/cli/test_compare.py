import json

import numpy as np
import pytest
import torch
from torch import nn

from modescape.cli.compare import architectures_in
from modescape.core.errors import ArgumentError
from modescape.store import Run

MODULE = """
from torch import nn

def small(width=4):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, width), nn.ReLU(), nn.Linear(width, 10))
"""


@pytest.fixture
def members(here):
    """Predictions of two members and the truth, as three kinds of files."""
    generator = np.random.default_rng(0)
    np.save(here / "a.npy", generator.dirichlet(np.ones(3), size=30))
    np.savetxt(here / "b.csv", generator.dirichlet(np.ones(3), size=30), delimiter=",")
    np.savetxt(here / "y.csv", generator.integers(3, size=30), fmt="%d", header="label", comments="")
    return here


@pytest.mark.usefixtures("plain_report", "members")
def test_files_are_compared_from_the_command_line(command, here):
    ended = command(
        "compare", "a.npy", "b.csv", "--labels", "y.csv", "--num-resamples", "100", "--json", "--output", "out"
    )
    assert (ended.code, ended.err) == (0, "")
    assert json.loads(ended.out)["summary"]["different"]["numbers"]
    run = Run.open(here / "out")
    assert run.arrays("predictions/test")["member_name"].values.tolist() == ["a", "b"]
    shown = command("show", "out")
    assert "0       a     files" in shown.out
    again = command("compare", "--resume", "--output", "out", "--confidence", "0.9", "--only", "solutions", "--quiet")
    assert again.code == 0
    assert run.arrays("results/solutions").attrs["confidence"] == 0.9


@pytest.mark.usefixtures("plain_report")
def test_several_networks_keep_their_order(command, here):
    (here / "cli_nets.py").write_text(MODULE)
    for name, width in (("a", 4), ("b", 4), ("c", 6)):
        network = nn.Sequential(nn.Flatten(), nn.Linear(64, width), nn.ReLU(), nn.Linear(width, 10))
        torch.save(network.state_dict(), here / f"{name}.pt")
    words = "compare --model cli_nets:small --checkpoints a.pt b.pt --normalize 0.5 0.25 --data digits --limit 100"
    words += " --model cli_nets:small --model-option width=6 --checkpoints c.pt --test-limit 50 --device cpu"
    ended = command(*words.split(), "--only", "groups", "--output", "out")
    assert ended.code == 0, ended.err
    assert Run.open(here / "out").manifest["compared"]["normalize"] == [[0.5], [0.25]]
    found = Run.open(here / "out").arrays("results/groups")
    assert found["group"].values.tolist() == ["small", "small(width=6)"]
    assert found["num_members"].values.tolist() == [2, 1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("a.npy nowhere.csv", "There is no file"),
        ("--checkpoints a.pt", "`model` must name the network of the checkpoints"),
        ("--checkpoints", "`--checkpoints` must have a value; got none."),
        ("a.npy b.csv --kind odds", "`kind` must be one of auto"),
    ],
)
@pytest.mark.usefixtures("members")
def test_errors_are_one_line(command, words, message):
    ended = command("compare", *words.split(), "--output", "out", "--quiet")
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
    assert ended.err.count("\n") == 1


def test_words_after_two_hyphens_are_files():
    assert architectures_in(["a.npy", "--", "--model"]) == ([], ["a.npy", "--", "--model"])
    assert architectures_in(["--model=net:a", "--checkpoints=x.pt", "y.pt"])[0] == [("net:a", [], ["x.pt", "y.pt"])]
    with pytest.raises(ArgumentError, match="`--model` must have a value; got none"):
        architectures_in(["--model", "--checkpoints", "a.pt"])
