import hashlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modescape.core.errors import StoreError
from modescape.store import checksums

PATHS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,8}(/[a-z0-9]{1,4}){0,2}", fullmatch=True)
SUMS = st.binary(min_size=32, max_size=32).map(bytes.hex)


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(PATHS, SUMS, max_size=6))
def test_lines_round_trip_and_are_sorted(listed: dict[str, str]) -> None:
    text = checksums.checksum_lines(listed)
    assert checksums.parsed_checksums(text) == listed
    assert [line[66:] for line in text.splitlines()] == sorted(listed)


def test_sums_of_bytes_and_files_are_those_of_hashlib(tmp_path: Path) -> None:
    content = bytes(range(256)) * 1000
    (tmp_path / "a").write_bytes(content)
    expected = hashlib.new("sha256", content).hexdigest()
    assert checksums.sha256(content) == checksums.sha256_of_file(tmp_path / "a") == expected


@pytest.mark.parametrize("line", ["", "12  a", "g" * 64 + "  a", "0" * 64 + " a", "0" * 64 + "  "])
def test_a_line_that_is_no_checksum_is_named(line: str) -> None:
    with pytest.raises(
        StoreError, match=r"`checksums.sha256` must list a checksum for each file.* on line 2\. Restore"
    ):
        checksums.parsed_checksums("0" * 64 + "  fine\n" + line + "\n")


def test_a_missing_list_and_one_that_is_no_text_are_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"got no such file\. Restore it from a copy, or, if you trust the files"):
        checksums.checksum_text(tmp_path)
    (tmp_path / checksums.CHECKSUMS).write_bytes(b"\xff\xfe")
    with pytest.raises(StoreError, match=r"`checksums.sha256` must list .*; got 'utf-8' codec can't decode"):
        checksums.checksum_text(tmp_path)
