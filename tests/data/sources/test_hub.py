import os
import subprocess
import sys

import pytest

from modescape.core.errors import MissingDependencyError

SCRIPT = """
import sys
from pathlib import Path
from modescape.core.errors import ModescapeError
from modescape.data import DataSettings, load_dataset
try:
    dataset = load_dataset(DataSettings(source=sys.argv[1]), seed=0, cache_dir=Path("cache"))
except ModescapeError as error:
    sys.exit(f"{type(error).__name__}: {error}")
sys.stdout.write(repr([dataset.name, dataset.classes, dataset.input_shape, len(dataset.test), dataset.fingerprint]))
"""


@pytest.fixture
def load_elsewhere(tmp_path):
    """Load in a process of its own, since `datasets` reads its environment when it is imported."""
    pytest.importorskip("datasets")

    def loaded(source):
        variables = {"HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "1"}
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")} | variables
        command = [sys.executable, "-c", SCRIPT, source]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    return loaded


def test_real_layout_through_datasets_and_then_without_it(tmp_path, make, load, load_elsewhere, monkeypatch):
    repository = tmp_path / "uoft-cs" / "cifar100"
    for split, count in (("train", 40), ("test", 6)):
        path = repository / f"{split}-00000-of-00001.parquet"
        make.write_image_parquet(path, make.coloured(count), [0, 1] * (count // 2), label="fine_label")
    first = load_elsewhere("cifar100")
    assert first.stdout.startswith("['cifar100', ('cat', 'dog'), (3, 6, 5), 6, '"), first.stderr
    repository.rename(tmp_path / "gone")
    monkeypatch.setitem(sys.modules, "datasets", None)
    assert load("cifar100").fingerprint in first.stdout


def test_offline_without_a_copy_says_what_to_do_in_one_line(load_elsewhere):
    result = load_elsewhere("cifar10")
    assert result.returncode == 1
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("DataError: cifar10 can't be fetched from uoft-cs/cifar10 on the Hugging Face hub (")
    assert line.endswith("Run once on a machine with a connection, or pass parquet:DIR with its Parquet files.")


def test_missing_package(load, monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingDependencyError, match=r"'mnist' needs .* Run: pip install \"modescape\[hub\]\""):
        load("mnist")
