from pathlib import Path

import numpy as np
import pytest

from modescape.core.errors import ArgumentError, StoreError
from modescape.studies.combined.writing import check_writable, write_predictions
from modescape.studies.compared.files import read_predictions

TABLE = np.array([[0.25, 0.75], [0.5, 0.5], [1.0, 0.0]])


@pytest.mark.parametrize("suffix", ["npy", "npz", "csv", "parquet"])
def test_what_is_written_is_read_again(tmp_path, suffix):
    path = tmp_path / f"p.{suffix}"
    write_predictions(path, np.zeros((1, 2)), ["x", "y"])
    write_predictions(path, TABLE, ["cat", "dog"], np.array([7, 8, 9]))
    found = read_predictions(path)
    array = found.arrays["probabilities"] if suffix == "npz" else found.arrays[""]
    np.testing.assert_array_equal(array, TABLE)
    if suffix in ("csv", "parquet"):
        assert (found.classes, found.numbers.tolist()) == (("cat", "dog"), [7, 8, 9])
    if suffix == "npz":
        assert found.arrays["classes"].tolist() == ["cat", "dog"]


def test_refuses_places_that_can_not_be_written(tmp_path, monkeypatch):
    with pytest.raises(ArgumentError, match=r"`output` must be one of \.npy, \.npz, \.csv, \.parquet; got '\.txt'"):
        check_writable(Path("p.txt"))
    with pytest.raises(ArgumentError, match="`output` must be a file in a folder that is there; got"):
        check_writable(tmp_path / "nowhere" / "p.npy")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(StoreError, match="`output` must be a file that can be written; got No space left on device"):
        write_predictions(tmp_path / "p.npy", TABLE, ["cat", "dog"])
