from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr

from modescape.core.trees import Tree
from modescape.store import Run

SETTINGS = {"data": {"name": "digits"}, "model": {"name": "mlp"}, "train": {"members": 3, "epochs": 2}}


@pytest.fixture
def settings() -> dict[str, dict[str, object]]:
    return {group: dict(values) for group, values in SETTINGS.items()}


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[[str], Run]:
    def make(name: str = "trial") -> Run:
        return Run.create(tmp_path / name, name=name, settings=SETTINGS)

    return make


@pytest.fixture
def run(make_run: Callable[[str], Run]) -> Run:
    return make_run("trial")


@pytest.fixture
def make_tree() -> Callable[..., Tree]:
    def make(value: float = 1.0) -> Tree:
        return {"out.weight": torch.full((2, 3), value), "bias": torch.full((2,), value, dtype=torch.float64)}

    return make


@pytest.fixture
def make_dataset() -> Callable[..., xr.Dataset]:
    def make(value: float = 0.5) -> xr.Dataset:
        probabilities = np.full((3, 4, 2), value, dtype=np.float32)
        coordinates = {"class": ["<script>", "日本 😀"]}
        return xr.Dataset({"probabilities": (("member", "example", "class"), probabilities)}, coords=coordinates)

    return make


@pytest.fixture
def full_run(run: Run, make_tree: Callable[..., Tree], make_dataset: Callable[..., xr.Dataset]) -> Run:
    """A run with a file of every kind."""
    run.write_all_weights({(member, step): make_tree(member + step / 10) for member in (0, 2) for step in (0, 10)})
    run.write_state("group-0", make_tree(7.0), {"epoch": "10"})
    run.write_arrays("predictions/test", make_dataset())
    run.write_arrays("results/solutions", make_dataset(0.25))
    return run
