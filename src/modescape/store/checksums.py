"""The list of checksums of a run: one line per file, in the format that `sha256sum -c` reads."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from modescape.store.files import store_error

CHECKSUMS = "checksums.sha256"
"""Name of the list inside a run folder."""

_LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")


def sha256(content: bytes) -> str:
    """Return the SHA-256 of bytes in hexadecimal.

    Source: NIST (2015), FIPS 180-4, section 6.2, https://doi.org/10.6028/NIST.FIPS.180-4

    >>> sha256(b"abc")[:8]
    'ba7816bf'
    """
    return hashlib.sha256(content).hexdigest()


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal without holding the file in memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checksum_lines(listed: Mapping[str, str]) -> str:
    """Return the text of a list from a mapping of relative path to checksum; `parsed_checksums` reads it back.

    >>> checksum_lines({"b": "1" * 64, "a": "2" * 64}).split()[1::2]
    ['a', 'b']
    """
    return "".join(f"{listed[name]}  {name}\n" for name in sorted(listed))


def parsed_checksums(text: str) -> dict[str, str]:
    """Return relative path to checksum from the text of a list.

    Raises:
        StoreError: If a line is not a checksum, two spaces and a path; the line is named.
    """
    listed: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise _unreadable(f"{line[:40]!r} on line {number}")
        listed[match[2]] = match[1]
    return listed


def checksum_text(root: Path) -> str:
    """Return the text of the list of a run.

    Raises:
        StoreError: If the list is missing or is not text.
    """
    try:
        return (root / CHECKSUMS).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise _unreadable("no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(str(error)) from None


def _unreadable(got: str) -> Exception:
    """Return the error for a list that can't be used."""
    cure = "Restore it from a copy, or, if you trust the files, write it again with sha256sum in the run folder"
    return store_error(CHECKSUMS, "list a checksum for each file of the run", got, cure)
