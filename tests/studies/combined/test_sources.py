import numpy as np
import pandas as pd
import pytest

from modescape.core.errors import ArgumentError, DataError
from modescape.studies.combined.sources import read_both, read_inputs
from studies.combined.predicted import made_run, predicted

NAMES = ["ant", "bee", "cow"]


@pytest.fixture
def folders(tmp_path):
    """Test and validation predictions of three members, each in another format, and the labels of both."""
    for split, seed in (("test", 1), ("val", 2)):
        (tmp_path / split).mkdir()
        probabilities, labels = predicted(seed)
        np.save(tmp_path / split / "a.npy", np.log(probabilities[0]))
        frame = pd.DataFrame(probabilities[1], columns=NAMES)
        frame.iloc[:, ::-1].to_csv(tmp_path / split / "b.csv", index=False)
        frame = pd.DataFrame(probabilities[2], columns=NAMES)
        frame.rename_axis("id").reset_index().to_parquet(tmp_path / split / "c.parquet", index=False)
        pd.DataFrame({"label": np.array(NAMES)[labels]}).to_csv(tmp_path / f"y-{split}.csv", index=False)
    return tmp_path


def test_files_of_all_formats_become_the_same_members(folders):
    test, held = read_both(
        [folders / "test"],
        [folders / "val" / "c.parquet", folders / "val" / "a.npy", folders / "val" / "b.csv"],
        labels=folders / "y-test.csv",
        validation_labels=folders / "y-val.csv",
    )
    for found, seed in ((test, 1), (held, 2)):
        probabilities, labels = predicted(seed)
        assert found.member_names == ("a", "b", "c")
        assert set(found.classes) == set(NAMES)
        at = [found.classes.index(name) for name in NAMES]
        # The array without names has its columns in the order of the classes that the first named file has.
        np.testing.assert_allclose(found.probabilities[1:, :, at], probabilities[1:], rtol=1e-5)
        np.testing.assert_allclose(found.probabilities[0], probabilities[0], rtol=1e-5)
        assert [found.classes[label] for label in found.labels] == np.array(NAMES)[labels].tolist()
    assert test.numbers.tolist() == list(range(60))
    [note] = test.notes
    assert note.startswith(f"Columns without names, as in {folders / 'test' / 'a.npy'}, are taken in the order of")
    assert note.endswith("b.csv: cow, bee, ant.")


def test_a_run_brings_its_own_validation(tmp_path):
    run = made_run(tmp_path / "run", seed=3)
    for source in (run, str(run.path)):
        test, held = read_both([source])
        assert test.member_names == held.member_names == ("made/0", "made/2", "made/5")
        assert test.classes == ("ant", "bee", "cow")
        for found, seed in ((test, 3), (held, 4)):
            np.testing.assert_array_equal(found.probabilities, predicted(seed)[0])
            np.testing.assert_array_equal(found.labels, predicted(seed)[1])
    without = made_run(tmp_path / "without", has_validation=False)
    assert read_both([without])[1] is None
    with pytest.raises(ArgumentError, match="`validation` must be runs with predictions/validation; got"):
        read_both([run], without)


def test_arrays_and_mappings_are_matched(tmp_path):
    probabilities, labels = predicted(5)
    held, truth = predicted(6)
    test, other = read_both([probabilities], held, labels=labels, validation_labels=truth)
    np.testing.assert_array_equal(test.probabilities, probabilities)
    np.testing.assert_array_equal(other.probabilities, held)
    test, other = read_both(
        [dict(zip("abc", probabilities, strict=True))],
        dict(zip("cab", held[[2, 0, 1]], strict=True)),
        validation_labels=truth,
    )
    np.testing.assert_array_equal(other.probabilities, held)
    assert test.labels is None
    np.save(tmp_path / "x.npy", held)
    _, other = read_both([probabilities], tmp_path / "x.npy", names=["p", "q", "r"], validation_labels=truth)
    assert other.member_names == ("p", "q", "r")


def test_answers_are_one_hot_over_the_classes_of_both_sides():
    test, held = read_both(
        [{"a": np.array([0, 1, 0]), "b": np.array([1, 1, 0])}],
        {"b": np.array([3, 0]), "a": np.array([1, 0])},
        validation_labels=[1, 0],
    )
    assert test.classes == ("0", "1", "2", "3")
    assert held.probabilities.argmax(axis=2).tolist() == [[1, 0], [3, 0]]
    assert set(np.unique(test.probabilities)) == {0.0, 1.0}


def test_words_of_both_sides_name_the_columns():
    probabilities, _ = predicted(7, examples=3)
    held, _ = predicted(8, examples=3)
    sides = {"labels": np.array(["bee", "cow", "bee"]), "validation_labels": np.array(["ant", "bee", "ant"])}
    test, other = read_both([probabilities], held, **sides)
    assert test.classes == ("ant", "bee", "cow")
    assert (test.labels.tolist(), other.labels.tolist()) == ([1, 2, 1], [0, 1, 0])
    note = "Columns without names, as in members 0, are taken in the order of the alphabet: ant, bee, cow."
    assert test.notes == (note,)


def test_numbers_written_as_words_are_numbers():
    test, held = read_both(
        [{"a": np.array(["10", "2"]), "b": np.array(["2", "2"])}],
        {"a": np.array(["0", "2"]), "b": np.array(["2", "2"])},
        validation_labels=np.array([1, 2]),
    )
    assert test.classes == tuple(map(str, range(11)))
    assert test.probabilities[0].argmax(axis=1).tolist() == [10, 2]
    assert held.labels.tolist() == [1, 2]


def test_answers_stand_beside_probabilities():
    probabilities, _ = predicted(9, examples=2)
    test, _ = read_both([{"a": probabilities[0], "b": np.array([2, 0])}])
    assert test.probabilities[1].tolist() == [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]


def test_inputs_are_read_from_files_and_arrays(tmp_path):
    table = np.random.default_rng(0).normal(size=(4, 3))
    np.save(tmp_path / "x.npy", table)
    pd.DataFrame(table, columns=["u", "v", "w"]).to_csv(tmp_path / "x.csv", index=False)
    assert read_inputs(None, "inputs") is None
    for given in (table, tmp_path / "x.npy", str(tmp_path / "x.csv")):
        np.testing.assert_allclose(read_inputs(given, "inputs"), table)
    np.savez(tmp_path / "x.npz", a=table, b=table)
    with pytest.raises(DataError, match=r"must hold one array of inputs; got 2\. Keep one"):
        read_inputs(tmp_path / "x.npz", "inputs")


@pytest.mark.parametrize(
    ("sources", "options", "message"),
    [
        ([], {}, "`sources` must hold at least two members; got 0. Name two files, or a run"),
        ([predicted(1)[0][:1]], {}, "`sources` must hold at least two members; got 1"),
        (
            [predicted(1)[0]],
            {"validation_labels": [0]},
            "`validation` must come with validation_labels; got labels alone",
        ),
        (
            [predicted(1)[0]],
            {"validation": predicted(2)[0][:2]},
            "must hold the 3 members of the test predictions; got 2",
        ),
        (
            [predicted(1)[0]],
            {"validation": predicted(2, classes=4)[0]},
            "holds 4 classes|holds 3 classes|has 4 classes|data",
        ),
        ([predicted(1)[0]], {"labels": [0, 1]}, "hold"),
        ([predicted(1)[0]], {"labels": [7] * 60}, "row 0: 7 is none of the 3 classes"),
        ([np.full((2, 4, 3), np.nan)], {}, "row 0: NaN among the numbers"),
        ([np.full((2, 0, 3), 0.5)], {}, r"got float64 of shape \(0, 3\)"),
        ([np.full((2, 4, 3), 0.5)], {}, "row 0: the numbers sum to 1.5, not 1"),
    ],
)
def test_refuses_what_does_not_belong_together(sources, options, message):
    with pytest.raises((ArgumentError, DataError), match=message):
        read_both(sources, **options)


def test_refuses_one_file_for_both_and_other_classes(folders):
    val, test = folders / "val", folders / "test"
    with pytest.raises(ArgumentError, match="`validation` must be other files than those of the test examples; got"):
        read_both([test], [val / "a.npy", test / "b.csv", val / "c.parquet"])
    with pytest.raises(ArgumentError, match=r"other files than those of the test examples; got '.*y-val\.csv'"):
        read_both([test], val, labels=folders / "y-val.csv", validation_labels=folders / "y-val.csv")
    pd.DataFrame(predicted(2)[0][1], columns=["ant", "bee", "elk"]).to_csv(val / "b.csv", index=False)
    with pytest.raises(DataError, match="has the class 'elk', which is not among"):
        read_both([test], val)
    (folders / "empty").mkdir()
    with pytest.raises(DataError, match="is no run and holds no prediction files"):
        read_both([folders / "empty"])
