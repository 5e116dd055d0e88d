"""Cache of decoded images: each source is decoded once and mapped into memory at every later start.

An entry is a folder `data/<key>` with one `.npy` file of pixels (example, height, width, channel) and one of labels
for each split, and `entry.json`. It is built under another name and renamed when complete, so that a reader never
sees half an entry, whatever is killed and whoever builds the same entry at the same time.
"""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import platformdirs
import torch

from modescape.core.errors import DataError
from modescape.core.progress import Progress
from modescape.data.contents import Contents, Part, contents_digest, tensor_digest, whole_part
from modescape.data.images import ColourFoundError, EncodedSet, EncodedSplit, decoded_batches, decoded_image

FORMAT = 1
"""Version of an entry's layout and of what decoding does; another version is another key."""
FOLDER_VARIABLE = "MODESCAPE_CACHE"
ABANDONED_SECONDS = 24 * 3600.0
"""A partial entry nobody has written to for so long belongs to a process that was killed."""


@dataclass(frozen=True)
class Cache:
    """Decoded sources under one folder.

    Args:
        folder: Holds one folder for each entry.
        progress: Listens to decoding.
    """

    folder: Path
    progress: Progress

    def opened(self, key: str, name: str) -> Contents | None:
        """Return an entry mapped into memory, or None if it is not there or damaged.

        Only labels are read and checked; pixels are read when they are used.
        """
        entry = self.folder / key
        try:
            described = json.loads((entry / "entry.json").read_text(encoding="utf-8"))
            parts = {split: _opened_part(entry, split, facts) for split, facts in described["splits"].items()}
            return Contents(name, tuple(described["classes"]), parts, described["digest"], entry)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError):
            return None

    def built(self, key: str, name: str, encoded: EncodedSet, *, image_size: int | None) -> Contents:
        """Decode a source into an entry and return it mapped into memory.

        Raises:
            DataError: If an image can't be decoded, sizes differ, or the folder can't be written.
        """
        entry = self.folder / key
        with _writable(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            _remove_abandoned(self.folder)
            partial = self._partial(key)
        try:
            with _writable(self.folder):
                self._fill(partial, encoded, image_size)
                self._put_in_place(partial, key)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        for _ in range(5):
            if (contents := self.opened(key, name)) is not None:
                return contents
            time.sleep(0.1)  # another process may be renaming its own copy of a damaged entry just now
        raise DataError(
            f"The cache entry {entry} can't be read back. Remove it, or set {FOLDER_VARIABLE} to another folder."
        )

    def _partial(self, key: str) -> Path:
        """Return a new folder that no other process uses."""
        folder = self.folder / f"{key}.{uuid4().hex[:12]}.partial"
        folder.mkdir()
        return folder

    def _put_in_place(self, partial: Path, key: str) -> None:
        """Rename a complete entry to its place, unless another process was first; a damaged one is moved away."""
        entry = self.folder / key
        with suppress(OSError):
            partial.rename(entry)
            return
        # A rename onto a folder with files fails.
        if self.opened(key, "") is not None:
            return
        aside = self._partial(key)
        try:
            with suppress(FileNotFoundError):
                entry.rename(aside / "replaced")
            with suppress(OSError):
                partial.rename(entry)
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def _fill(self, partial: Path, encoded: EncodedSet, image_size: int | None) -> None:
        """Write all splits, as grey images unless one of them has colour."""
        first = decoded_image(next(encoded.splits["train"].images()), image_size=image_size)
        try:
            facts = self._write_splits(partial, encoded, first.shape, image_size)
        except ColourFoundError:
            facts = self._write_splits(partial, encoded, (*first.shape[:2], 3), image_size)
        digest = contents_digest(encoded.classes, {split: fact["digest"] for split, fact in facts.items()})
        described = {"format": FORMAT, "classes": encoded.classes, "digest": digest, "splits": facts}
        (partial / "entry.json").write_text(json.dumps(described, indent=1), encoding="utf-8")

    def _write_splits(
        self, partial: Path, encoded: EncodedSet, shape: tuple[int, ...], image_size: int | None
    ) -> dict[str, dict[str, Any]]:
        """Write the pixels and labels of each split, and return what describes them."""
        facts = {}
        for split, part in encoded.splits.items():
            pixels = self._write_images(partial / f"{split}.npy", part, shape, image_size, f"Decode {split} images")
            np.save(partial / f"{split}-labels.npy", part.labels.numpy())
            labels = tensor_digest(part.labels)
            facts[split] = {"shape": [len(part.labels), *shape], "labels": labels, "digest": pixels + labels}
        return facts

    def _write_images(
        self, path: Path, part: EncodedSplit, shape: tuple[int, ...], image_size: int | None, task: str
    ) -> str:
        """Write the pixels of one split, and return their digest."""
        num_images = len(part.labels)
        digest = hashlib.sha256(repr((num_images, shape)).encode())
        self.progress.start(task, num_images)
        batches = decoded_batches(part.images(), channels=shape[2], image_size=image_size)
        # Written, not mapped: on a full disk a write raises an error, a mapped page kills the process.
        with path.open("wb") as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": (num_images, *shape)}
            np.lib.format.write_array_header_1_0(file, header)
            for batch in batches:
                if batch.shape[1:] != shape:
                    here, there = (f"{size[1]} x {size[0]} pixels" for size in (batch.shape[1:], shape))
                    raise DataError(
                        f"Images of {path.stem} are {here}, those of train {there}. "
                        "Set image_size to resize all to one size."
                    )
                file.write(batch.data)
                digest.update(batch.data)
                self.progress.advance(task, len(batch))
            file.flush()
            os.fsync(file.fileno())
        return digest.hexdigest()


def cache_folder(chosen: Path | None) -> Path:
    """Return the folder of cached data: the chosen one's, else that of MODESCAPE_CACHE, else the user's cache folder.

    >>> cache_folder(Path("elsewhere")).as_posix()
    'elsewhere/data'
    """
    base = chosen or os.environ.get(FOLDER_VARIABLE) or platformdirs.user_cache_dir("modescape", appauthor=False)
    return Path(base).expanduser() / "data"


def entry_key(source: str, files: Sequence[Path], decoding: Mapping[str, object]) -> str:
    """Return the name of an entry: a hash of the source, its files' names, sizes and times, and how they are decoded.

    Args:
        source: Kind and place of the source.
        files: All files that are decoded.
        decoding: Settings that change what is decoded.

    >>> len(entry_key("hub:x", [], {"image_size": None}))
    24
    """
    digest = hashlib.sha256(repr((FORMAT, source, sorted(decoding.items()))).encode())
    for file in files:
        facts = file.stat()
        digest.update(repr((str(file), facts.st_size, facts.st_mtime_ns)).encode())
    return digest.hexdigest()[:24]


def _opened_part(entry: Path, split: str, facts: Mapping[str, Any]) -> Part:
    """Return one split of an entry, or raise ValueError if it is not what the entry says."""
    # Mode "c": torch wants memory it may write to, and rows may then change places without touching the file.
    pixels = np.load(entry / f"{split}.npy", mmap_mode="c", allow_pickle=False)
    labels = torch.from_numpy(np.load(entry / f"{split}-labels.npy", allow_pickle=False))
    if pixels.dtype != np.uint8 or list(pixels.shape) != facts["shape"] or tensor_digest(labels) != facts["labels"]:
        raise ValueError(split)
    return whole_part(torch.from_numpy(pixels).permute(0, 3, 1, 2), labels, split, mapped=True)


def _remove_abandoned(folder: Path) -> None:
    """Remove what killed processes left behind."""
    for partial in folder.glob("*.partial"):
        with suppress(OSError):
            newest = max(path.stat().st_mtime for path in (partial, *partial.rglob("*")))
            if time.time() - newest > ABANDONED_SECONDS:
                shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def _writable(folder: Path) -> Iterator[None]:
    """Turn an operating system's refusal to write into one line that says where, and what to do."""
    try:
        yield
    except OSError as error:
        raise DataError(
            f"Decoded images can't be written to {folder} ({error.strerror or error}). Free space there, or set "
            f"{FOLDER_VARIABLE} to a folder on another disk."
        ) from error
