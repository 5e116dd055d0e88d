import json

import numpy as np
import pytest

from modescape.cli.combine import validation_in
from modescape.core.errors import ArgumentError
from studies.combined.predicted import made_run, predicted


@pytest.fixture
def files(here):
    """Three members' predictions for test and validation examples in several formats, and both truths."""
    for split, seed in (("test", 1), ("val", 2)):
        probabilities, labels = predicted(seed)
        np.save(here / f"a-{split}.npy", np.log(probabilities[0]))
        np.savetxt(here / f"b-{split}.csv", probabilities[1], delimiter=",")
        np.savez(here / f"c-{split}.npz", probabilities[2])
        np.savetxt(here / f"y-{split}.csv", labels, fmt="%d", header="label", comments="")
    return here


TEST = ["a-test.npy", "b-test.csv", "c-test.npz", "--labels", "y-test.csv"]
VALIDATION = ["--validation", "c-val.npz", "a-val.npy", "b-val.csv", "--validation-labels", "y-val.csv"]
FEW = ("--num-resamples", "50")


def test_files_are_combined_and_written(command, files):
    ended = command("combine", *TEST, *VALIDATION, *FEW, "--how", "greedy", "--output", "p.csv")
    assert ended.code == 0, ended.err
    lines = ended.out.splitlines()
    assert lines[0] == "3 members, 60 test examples, 3 classes: combined by greedy."
    assert lines[1].startswith("Weights: a-test 0.")
    assert lines[-1] == "Predictions: p.csv"
    assert any(line.startswith("greedy") and "[" in line for line in lines)
    assert max(map(len, lines)) <= 80
    assert np.loadtxt(files / "p.csv", delimiter=",", skiprows=1).shape == (60, 3)


def test_all_ways_fit_into_80_columns(command, files):
    ended = command("combine", *TEST, *VALIDATION, *FEW, "--how=all", "--temperature")
    assert ended.code == 0, ended.err
    assert max(map(len, ended.out.splitlines())) <= 80
    for way in ("trimmed-mean", "signal-to-noise", "stacking"):
        assert sum(line.startswith(way) for line in ended.out.splitlines()) == 3
    assert "which has the\nleast NLL in cross-validation" in ended.out
    del files


def test_json_holds_all_and_options_are_read(command, files):
    words = ("--how", "trimmed-mean", "--option", "trim=0.34", "--json", "--names", "x,y,z")
    ended = command("combine", *TEST, *FEW, *words, "--output", "p.npy")
    assert (ended.code, ended.err) == (0, "")
    found = json.loads(ended.out)
    assert (found["how"], found["members"], found["output"]) == ("trimmed-mean", ["x", "y", "z"], "p.npy")
    assert [row["how"] for row in found["table"]] == ["mean", "trimmed-mean"]
    medians = np.median(predicted(1)[0].astype(np.float64), axis=0)
    np.testing.assert_allclose(
        np.load(files / "p.npy"), medians / medians.sum(axis=1, keepdims=True), rtol=1e-5, atol=1e-7
    )


def test_a_run_needs_nothing_else(command, here):
    made_run(here / "run")
    ended = command("combine", "run", "--how", "learned-weights", *FEW)
    assert ended.code == 0, ended.err
    assert "Weights: made/0 " in ended.out
    assert command("combine", "run", "--quiet").out == ""


def test_without_labels_the_choice_is_shown(command, files):
    ended = command("combine", *TEST[:3], *VALIDATION, "--how", "best")
    assert ended.code == 0, ended.err
    assert "validation NLL" in ended.out
    assert "accuracy" not in ended.out
    del files


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((*TEST, "--how", "stacking"), "`validation` must be given for stacking, which is fitted on it; got none."),
        ((*TEST, "--how", "average"), "`how` must be one of mean,"),
        ((*TEST, "--option", "trim"), "`--option` must be name=value; got 'trim'. Write for example --option trim=0.1"),
        ((*TEST, "--option", "trim=0.1"), "`option` must be one of: none; got 'trim'"),
        ((*TEST, "--how", "trimmed-mean", "--option", "trim=0.7"), "`trim` must lie in [0, 0.5)"),
        ((*TEST, "--validation"), "`--validation` must have a value; got none. Write files after --validation"),
        ((*TEST, "--validation", "a-test.npy", "b-val.csv", "c-val.npz"), "`validation` must be other files than"),
        ((*TEST, "--validation", "a-val.npy", "b-val.csv"), "must hold the 3 members of the test predictions; got 2"),
        ((*TEST, "--validation", "y-val.csv", "a-val.npy", "b-val.csv"), "must hold the same members by name"),
        ((*TEST, "--output", "p.txt"), "`output` must be one of .npy, .npz, .csv, .parquet; got '.txt'"),
        (("a-test.npy",), "`sources` must hold at least two members; got 1"),
        (("a-test.npy", "nowhere.csv"), "There is no file nowhere.csv"),
        ((), "`sources` must hold at least two members; got 0"),
    ],
)
@pytest.mark.usefixtures("files")
def test_errors_are_one_line(command, words, message):
    ended = command("combine", *words, "--quiet")
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
    assert ended.err.count("\n") == 1


def test_words_after_validation_are_files():
    assert validation_in(["a", "--validation=v", "w", "--quiet", "--validation", "x"]) == (
        ["v", "w", "x"],
        ["a", "--quiet"],
    )
    assert validation_in(["a", "--", "--validation"]) == ([], ["a", "--", "--validation"])
    assert validation_in(["--validation-labels", "y"]) == ([], ["--validation-labels", "y"])
    with pytest.raises(ArgumentError, match="`--validation` must have a value; got none"):
        validation_in(["a", "--validation", "--quiet"])
