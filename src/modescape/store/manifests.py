"""The manifest of a run: what it is, how it was made and how far it is, as strict JSON."""

import importlib.metadata
import json
import math
import os
import platform
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import Path, PurePath
from typing import Any, Final

import numpy as np
import torch
import yaml
from pydantic import BaseModel

from modescape.core.errors import ArgumentError, Quoted
from modescape.store.files import store_error

MANIFEST: Final = "manifest.json"
SETTINGS: Final = "settings.yaml"
SCHEMA: Final = 1
"""Version of the layout of a run folder; it rises when an older modescape could no longer read it."""
STATUSES: Final = ("created", "training", "trained", "comparing", "finished", "interrupted", "failed")
FIXED: Final = ("schema", "name", "created", "status", "settings")
"""Sections that `record` does not change."""

_PACKAGES = ("modescape", "torch", "numpy", "scipy", "scikit-learn", "xarray", "zarr", "safetensors")
_KINDS = {"schema": int, "name": str, "created": str, "status": str, "settings": dict}


def now() -> str:
    """Return the time in UTC, ISO 8601."""
    return datetime.now(UTC).isoformat()


def new_manifest(name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the manifest of a run that is about to begin.

    >>> new_manifest("trial", {"model": {"name": "mlp"}})["status"]
    'created'
    """
    created = now()
    return {
        "schema": SCHEMA,
        "name": name,
        "created": created,
        "status": "created",
        "settings": plain(settings, "settings"),
        "versions": {"python": platform.python_version(), **_versions()},
        "machine": _machine(),
        "seeds": {},
        "engine": {},
        "data": {},
        "members": {},
        "steps": {},
        "times": {"created": created},
    }


def _versions() -> dict[str, str]:
    """Return the version of each package that results depend on."""
    found: dict[str, str] = {}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def _machine() -> dict[str, Any]:
    """Return what the run was started on."""
    device = platform.processor() or platform.machine()
    if torch.cuda.is_available():
        device = torch.cuda.get_device_name()
    elif torch.backends.mps.is_available():
        device = "Apple GPU"
    return {"num_cpus": os.cpu_count(), "device": device, "system": platform.platform()}


def plain(value: object, where: str) -> Any:
    """Return a value made of dict, list, str, int, float, bool and None only.

    Args:
        value: May also hold settings objects, tuples, sets, paths, enumerations, dates, NumPy scalars and arrays.
        where: The name to use in errors.

    Raises:
        ArgumentError: If it holds anything else; the place is named.

    >>> plain({"at": Path("a"), "sizes": (1, np.float32(0.5))}, "settings")
    {'at': 'a', 'sizes': [1, 0.5]}
    """
    if isinstance(value, Enum):
        return plain(value.value, where)
    if value is None or isinstance(value, bool):
        return value
    for kind in (str, int, float):
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, BaseModel):
        return plain(value.model_dump(), where)
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist(), where)
    return _plain_text_or_container(value, where)


def _plain_text_or_container(value: object, where: str) -> Any:
    """Return the plain form of a path, a date or a container."""
    if isinstance(value, PurePath | torch.device | torch.dtype):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {_plain_key(key, where): plain(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, set | frozenset):
        value = sorted(value)
    if isinstance(value, list | tuple):
        return [plain(item, f"{where}[{index}]") for index, item in enumerate(value)]
    kind = Quoted(f"{type(value).__module__}.{type(value).__qualname__}")
    raise ArgumentError(
        where, "be text, a number, true, false, nothing, or a list or mapping of them", kind, "Convert it"
    )


def _plain_key(key: object, where: str) -> str:
    """Return a key of a mapping as text; whole numbers, such as member indices, are allowed."""
    if isinstance(key, Enum):
        key = key.value
    if isinstance(key, str):
        return str(key)
    if isinstance(key, int | np.integer) and not isinstance(key, bool):
        return str(int(key))
    raise ArgumentError(where, "have keys that are text or whole numbers", key, "Turn the key into text")


def merged(old: Any, new: Any) -> Any:
    """Return `old` with `new` laid over it: mappings are merged at every depth, everything else is replaced.

    >>> merged({"0": {"status": "trained", "loss": 2}}, {"0": {"loss": 1}})
    {'0': {'status': 'trained', 'loss': 1}}
    """
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    return {**old, **{key: merged(old.get(key), value) for key, value in new.items()}}


def manifest_bytes(manifest: Mapping[str, Any]) -> bytes:
    """Return a manifest as strict JSON: NaN and infinities become the words `NaN`, `Infinity` and `-Infinity`.

    >>> json.loads(manifest_bytes({"loss_nats": float("nan")}))
    {'loss_nats': 'NaN'}
    """
    return (json.dumps(finite(manifest), indent=2, allow_nan=False) + "\n").encode()


def finite(value: Any) -> Any:
    """Return a plain value with numbers that JSON does not know written as words, which `float()` reads back.

    >>> finite([1.5, float("inf")])
    [1.5, 'Infinity']
    """
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    return [finite(item) for item in value] if isinstance(value, list) else value


def settings_text(settings: Mapping[str, Any]) -> str:
    """Return settings as the YAML that a user would write.

    >>> print(settings_text({"train": {"epochs": 3}}), end="")
    # Run this again with: modescape study --config settings.yaml
    train:
      epochs: 3
    """
    text = yaml.safe_dump(plain(settings, "settings"), sort_keys=False)
    return f"# Run this again with: modescape study --config {SETTINGS}\n{text}"


def read_manifest(root: Path) -> dict[str, Any]:
    """Return the manifest of a run.

    Raises:
        StoreError: If it is missing, damaged, or written by a newer modescape.
    """
    try:
        manifest = json.loads((root / MANIFEST).read_bytes())
    except FileNotFoundError:
        raise _damaged(root, "no such file") from None
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(root, str(error)) from None
    if not isinstance(manifest, dict):
        raise _damaged(root, type(manifest).__name__)
    schema = manifest.get("schema")
    if type(schema) is int and schema > SCHEMA:
        raise store_error(
            root / MANIFEST, f"have schema {SCHEMA} or older", f"schema {schema}", "Please update modescape"
        )
    for key, kind in _KINDS.items():
        if type(manifest.get(key)) is not kind:
            raise _damaged(root, f"{manifest.get(key)!r:.40} for {key!r}")
    return manifest


def _damaged(root: Path, got: str) -> Exception:
    """Return the error for a manifest that can't be used."""
    cure = "Restore it from a copy; weights and results beside it can still be read with safetensors and xarray"
    return store_error(root / MANIFEST, "be the manifest of a modescape run", got, cure)
