"""The catalogue: what runs a folder holds, without opening them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modescape.core.errors import StoreError
from modescape.store.checksums import CHECKSUMS
from modescape.store.files import store_error
from modescape.store.manifests import SETTINGS, read_manifest
from modescape.store.runs import is_run


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """One line of the catalogue; `problem` says why a run can't be opened, and is None for all others."""

    name: str
    path: Path
    created: str = ""
    status: str = "damaged"
    data: str = ""
    model: str = ""
    num_members: int = 0
    problem: str | None = None


def catalogue(directory: str | Path) -> list[RunSummary]:
    """Return a summary of every run directly below a folder, the newest first and those that can't be opened last.

    Raises:
        StoreError: If there is no such folder, or it can't be read.

    >>> import tempfile
    >>> from modescape.store.runs import Run
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = Run.create(Path(folder, "a"), name="first", settings={"model": {"name": "mlp"}})
    ...     [(summary.name, summary.model) for summary in catalogue(folder)]
    [('first', 'mlp')]
    """
    folder = Path(directory).expanduser()
    try:
        paths = sorted(path for path in folder.iterdir() if path.is_dir() and _was_run(path))
    except OSError as error:
        got = (error.strerror or str(error)).lower()
        raise store_error(folder, "be a folder that holds runs", got, "Check the path") from None
    return sorted((_summary(path) for path in paths), key=lambda summary: summary.created, reverse=True)


def _was_run(path: Path) -> bool:
    """Say whether a folder is a run, or was one before its manifest was lost."""
    return is_run(path) or all((path / name).is_file() for name in (CHECKSUMS, SETTINGS))


def _summary(path: Path) -> RunSummary:
    """Return the summary of one run, which may be damaged."""
    try:
        manifest = read_manifest(path)
    except StoreError as error:
        return RunSummary(name=path.name, path=path, problem=str(error))
    settings = manifest["settings"]
    return RunSummary(
        name=manifest["name"],
        path=path,
        created=manifest["created"],
        status=manifest["status"],
        data=_word(settings.get("data")),
        model=_word(settings.get("model")),
        num_members=_num_members(settings, manifest.get("members")),
    )


def _word(setting: object) -> str:
    """Return the name or the source in a group of settings, or the setting itself if it is the name."""
    name = setting.get("name", setting.get("source")) if isinstance(setting, Mapping) else setting
    return name if isinstance(name, str) else ""


def _num_members(settings: Mapping[str, Any], recorded: object) -> int:
    """Return how many members were asked for, or else how many were recorded."""
    train = settings.get("train")
    asked = train.get("members") if isinstance(train, Mapping) else settings.get("members")
    if isinstance(asked, int):
        return asked
    return len(recorded) if isinstance(recorded, Mapping) else 0
