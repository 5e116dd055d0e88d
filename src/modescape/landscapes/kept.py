"""Points kept on disk as they are measured, so that a grid that was killed goes on where it was."""

import errno
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from io import RawIOBase
from pathlib import Path
from typing import Any, Literal

from modescape.core.errors import ArgumentError, Quoted, StoreError
from modescape.landscapes.grids import Point

FORMAT = "modescape points 1"


class KeptPoints:
    """Measured points in a file of their own, to which each new one is added at once.

    One JSON object a line: first a header with the key, then points with what was found. A last line that was cut off
    when a process died is dropped, and so is all that follows a damaged line.

    Args:
        path: The file; it is made if it is not there, and so is its folder.
        key: What the points belong to, such as a digest of weights and options.
        other: What to do with points of another key: `refuse` raises, `replace` begins anew.

    Raises:
        ArgumentError: If the file holds points of another key (with `refuse`), or is something else.
        StoreError: If it can't be read or written; what was kept stays.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     KeptPoints(Path(folder, "points.jsonl"), "a").keep((0.5, 1.0), {"loss": 2.25})
    ...     kept = KeptPoints(Path(folder, "points.jsonl"), "a")
    ...     len(kept), kept.known((0.5, 1.0)), kept.known((0.0, 0.0))
    (1, {'loss': 2.25}, None)
    """

    def __init__(self, path: str | Path, key: str, *, other: Literal["refuse", "replace"] = "refuse") -> None:
        self.path = Path(path)
        self._points: dict[Point, dict[str, float]] = {}
        with _named_failures(self.path):
            content = self.path.read_bytes() if self.path.exists() else b""
        self._size = self._read(content, key, other)
        if not self._size:
            with _named_failures(self.path):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self.path.write_bytes(b"")
            self._add({"format": FORMAT, "key": key})
        elif self._size < len(content):
            self._cut()
        else:
            # Found out now, and not after the first point has been measured.
            with _named_failures(self.path), self.path.open("ab"):
                pass

    def __len__(self) -> int:
        return len(self._points)

    def known(self, point: Point) -> Mapping[str, float] | None:
        """Return what was found at a point, or None."""
        return self._points.get(tuple(point))

    def keep(self, point: Point, values: Mapping[str, float]) -> None:
        """Write down what was found at a point, and hand it to the operating system.

        Raises:
            StoreError: If it can't be written; what was kept before stays.
        """
        found = {name: float(value) for name, value in values.items()}
        self._add({"at": [float(place) for place in point], "values": found})
        self._points[tuple(point)] = found

    def _read(self, content: bytes, key: str, other: str) -> int:
        """Take in the points of a file, and return how many of its bytes are whole lines of ours."""
        lines = content.splitlines(keepends=True)
        header = _parsed(lines[0]) if lines else None
        if header is None or header.get("format") != FORMAT:
            # A header that was cut off is our own.
            ours = _line({"format": FORMAT})[:-2]
            torn = b"\n" not in content and (content.startswith(ours) or ours.startswith(content))
            if not torn:
                advice = "Choose another file: this one is left as it is"
                raise ArgumentError("keep", "be a file of kept points", Quoted(str(self.path)), advice)
            return 0
        if header.get("key") != key:
            if other == "refuse":
                rule = "hold points of the same landscape: the same weights, data and options"
                advice = "Delete it, or choose another file"
                raise ArgumentError("keep", rule, Quoted(f"others in {self.path}"), advice)
            return 0
        size = len(lines[0])
        for line in lines[1:]:
            entry = _parsed(line)
            if entry is None or "at" not in entry or "values" not in entry:
                break
            self._points[tuple(entry["at"])] = entry["values"]
            size += len(line)
        return size

    def _add(self, entry: Mapping[str, Any]) -> None:
        """Write a line at the end; if it did not fit, cut off what was written of it."""
        line = _line(entry)
        try:
            with _named_failures(self.path), self.path.open("ab", buffering=0) as file:
                _write(file, line)
        except StoreError:
            with suppress(StoreError):
                self._cut()
            raise
        self._size += len(line)

    def _cut(self) -> None:
        """Drop what follows the last whole line."""
        with _named_failures(self.path):
            os.truncate(self.path, self._size)


def _write(file: RawIOBase, line: bytes) -> None:
    """Write all of a line, or raise."""
    if file.write(line) != len(line):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _line(entry: Mapping[str, Any]) -> bytes:
    """Return one line; numbers are read back to the bit, NaN and infinities among them."""
    return json.dumps(entry).encode() + b"\n"


def _parsed(line: bytes) -> dict[str, Any] | None:
    """Return what a whole line says, or None."""
    try:
        found = json.loads(line) if line.endswith(b"\n") else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


@contextmanager
def _named_failures(path: Path) -> Iterator[None]:
    """Turn an error of the operating system into one line that says which file, and what to do."""
    try:
        yield
    except OSError as error:
        got = (error.strerror or str(error)).lower()
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        cure = "Free space" if full else "Check the path, and that it may be written"
        text = f"`{path}` must be read and written in full; got {got}. {cure}, and run again: kept points are not lost."
        raise StoreError(text) from error
