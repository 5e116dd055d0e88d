import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from modescape.core.errors import ArgumentError, StoreError
from modescape.core.settings import Settings
from modescape.store import manifests

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


class Colour(Enum):
    RED = "red"


class Oven(Settings):
    degrees: int = 180
    shelves: tuple[int, ...] = (1, 2)


def _refuse(constant: str) -> float:
    raise AssertionError(constant)


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(st.text(max_size=5), VALUES, max_size=3))
def test_any_mapping_becomes_strict_json_that_reads_back(values: dict[str, Any]) -> None:
    text = manifests.manifest_bytes(manifests.plain(values, "settings"))
    assert json.loads(text, parse_constant=_refuse) == manifests.finite(values)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), VALUES, max_size=3))
def test_settings_round_trip_through_yaml(values: dict[str, Any]) -> None:
    read = yaml.safe_load(manifests.settings_text(values))
    assert repr(read) == repr(values)


def test_plain_converts_what_settings_hold() -> None:
    value = {
        "path": Path("a/b"),
        "settings": Oven(),
        "colour": Colour.RED,
        "numbers": (np.int64(3), np.float32(0.5), np.bool_(True), np.array([[1, 2]])),
        "set": {2, 1},
        "when": datetime(2026, 1, 2, tzinfo=UTC),
        "device": torch.device("cpu"),
        "dtype": torch.float64,
        3: None,
        np.int64(4): math.inf,
        Colour.RED: Colour.RED,
    }
    assert manifests.plain(value, "settings") == {
        "path": "a/b",
        "settings": {"degrees": 180, "shelves": [1, 2]},
        "colour": "red",
        "numbers": [3, 0.5, True, [[1, 2]]],
        "set": [1, 2],
        "when": "2026-01-02T00:00:00+00:00",
        "device": "cpu",
        "dtype": "torch.float64",
        "3": None,
        "4": math.inf,
        "red": "red",
    }


def test_plain_names_the_place_of_what_it_can_not_write() -> None:
    with pytest.raises(
        ArgumentError, match=r"`settings\.a\[1\]` must be text, a number, .*; got builtins\.object\. Conv"
    ):
        manifests.plain({"a": [1, object()]}, "settings")


@pytest.mark.parametrize("key", [(1, 2), 0.5, True, None])
def test_plain_refuses_keys_that_json_would_change(key: object) -> None:
    with pytest.raises(ArgumentError, match=r"`settings\.a` must have keys that are text or whole numbers; got"):
        manifests.plain({"a": {key: 1}}, "settings")


def test_numbers_that_json_lacks_become_words_that_float_reads() -> None:
    words = manifests.finite({"a": [math.inf, -math.inf, math.nan, 0.5]})["a"]
    assert words == ["Infinity", "-Infinity", "NaN", 0.5]
    assert [float(word) for word in words[:2]] == [math.inf, -math.inf]
    assert math.isnan(float(words[2]))


@settings(max_examples=60, deadline=None)
@given(VALUES, VALUES)
def test_merging_the_same_values_again_changes_nothing(old: object, new: object) -> None:
    once = manifests.merged(old, new)
    assert repr(manifests.merged(once, new)) == repr(once)


def test_merged_goes_into_mappings_and_replaces_the_rest() -> None:
    old = {"members": {"0": {"status": "training", "seconds": [1, 2]}}, "kept": 1}
    new = {"members": {"0": {"seconds": [3]}, "1": {"status": "trained"}}}
    assert manifests.merged(old, new) == {
        "members": {"0": {"status": "training", "seconds": [3]}, "1": {"status": "trained"}},
        "kept": 1,
    }


def test_a_new_manifest_says_what_the_run_depends_on() -> None:
    manifest = manifests.new_manifest("trial", {"seed": 1})
    assert manifest["versions"]["torch"] == torch.__version__
    assert manifest["versions"]["numpy"] == np.__version__
    assert {"python", "modescape", "zarr", "xarray", "safetensors", "scikit-learn"} <= set(manifest["versions"])
    assert manifest["machine"]["num_cpus"] >= 1
    assert manifest["machine"]["device"]
    assert datetime.fromisoformat(manifest["created"]).utcoffset().total_seconds() == 0
    assert {"engine", "data", "members", "steps", "seeds", "times"} <= set(manifest)


def _written(folder: Path, changes: Mapping[str, object]) -> Path:
    manifest = {**manifests.new_manifest("trial", {}), **changes}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    _written(tmp_path, {"schema": manifests.SCHEMA + 1})
    with pytest.raises(
        StoreError, match=r"manifest.json` must have schema 1 or older; got schema 2\. Please update modescape"
    ):
        manifests.read_manifest(tmp_path)


@pytest.mark.parametrize("key", ["schema", "name", "created", "status", "settings"])
@pytest.mark.parametrize("value", [None, [1], True])
def test_a_manifest_with_a_wrong_value_is_refused(tmp_path: Path, key: str, value: object) -> None:
    _written(tmp_path, {key: value})
    with pytest.raises(StoreError, match=rf"must be the manifest of a modescape run; got .* for '{key}'\. Restore it"):
        manifests.read_manifest(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xff", b"[1]", b"3", b"[" * 100_000])
def test_a_manifest_that_is_no_json_object_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(
        StoreError, match=r"manifest.json` must be the manifest of a modescape run; got .*\. Restore it"
    ):
        manifests.read_manifest(tmp_path)


def test_a_missing_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"must be the manifest of a modescape run; got no such file\. Restore"):
        manifests.read_manifest(tmp_path)
